# The sketches that travel: each encoded form.
seine_fuzz_target(sketch seine-common m)
