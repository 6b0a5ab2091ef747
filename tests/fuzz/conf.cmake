# The configuration's parser, on the table that its unit tests use.
seine_fuzz_target(conf seine-common)
