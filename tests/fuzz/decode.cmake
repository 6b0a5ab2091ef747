# Decode: headers of any link type; the table of fragments behind it.
seine_fuzz_target(decode seine-meter)
seine_fuzz_target(fragments seine-meter)
