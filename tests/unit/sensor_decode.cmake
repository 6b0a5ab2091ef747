# Decoding and capture.
seine_unit_test(decode seine-meter)
seine_unit_test(capture seine-capture PkgConfig::ZLIB)
seine_unit_test(capture_live seine-capture)
if(SEINE_TESTING)
  target_sources(test_decode PRIVATE sample_frames.c sample_bytes.c)
  target_sources(test_capture PRIVATE capture_image.c)
endif()
