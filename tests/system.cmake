# Tests that start programs. Integration needs root and network namespaces, and says so when it skips.
if(SEINE_TESTING)
  foreach(name network capture bad_input replay disk feed sensor_page deploy budget)
    add_test(NAME integration.${name}
      COMMAND /usr/bin/python3 -B -m pytest -q -x -p no:cacheprovider ${CMAKE_CURRENT_SOURCE_DIR}/integration/test_${name}.py)
    set_tests_properties(integration.${name} PROPERTIES LABELS integration TIMEOUT 900
      ENVIRONMENT "SEINE_BIN=${CMAKE_BINARY_DIR}/bin" SKIP_RETURN_CODE 5)
  endforeach()
  add_test(NAME captures.own
    COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/captures.py ${CMAKE_BINARY_DIR}/bin/seine ${CMAKE_CURRENT_SOURCE_DIR}/data/captures)
  add_test(NAME captures.shared
    COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/captures.py
      ${CMAKE_BINARY_DIR}/bin/seine ${PROJECT_SOURCE_DIR}/../shared/captures)
  set_tests_properties(captures.own captures.shared PROPERTIES LABELS captures TIMEOUT 900 SKIP_RETURN_CODE 77)
endif()
