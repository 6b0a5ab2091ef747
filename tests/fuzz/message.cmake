seine_fuzz_target(message seine-proto)
