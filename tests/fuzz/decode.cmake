# Decode: headers of any link type.
seine_fuzz_target(decode seine-meter)
