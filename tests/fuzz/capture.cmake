# Capture: pcap and pcapng, plain and packed.
seine_fuzz_target(capture seine-capture)
