# The reader of capture files; test_capture itself is registered with decode.
seine_unit_test(capture_pcapng seine-capture PkgConfig::ZLIB PkgConfig::ZSTD)
seine_unit_test(capture_packed seine-capture PkgConfig::ZLIB PkgConfig::ZSTD)
seine_unit_test(capture_libpcap seine-capture PkgConfig::ZLIB PkgConfig::ZSTD PkgConfig::LIBPCAP)
if(SEINE_TESTING)
  target_link_libraries(test_capture PRIVATE PkgConfig::ZSTD)
  target_sources(test_capture PRIVATE capture_rig.c)
  foreach(part pcapng packed libpcap)
    target_sources(test_capture_${part} PRIVATE capture_image.c capture_rig.c)
  endforeach()
  # Over real captures too: the small own set, and the shared one where it lies beside the project.
  add_test(NAME captures.libpcap COMMAND test_capture_libpcap
    ${PROJECT_SOURCE_DIR}/tests/data/captures ${PROJECT_SOURCE_DIR}/../shared/captures)
  set_tests_properties(captures.libpcap PROPERTIES LABELS captures TIMEOUT 300)
endif()
