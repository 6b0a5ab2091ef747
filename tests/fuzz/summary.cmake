seine_fuzz_target(summary seine-proto)
