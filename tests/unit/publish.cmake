# The sensor's side of the protocol, without a network.
seine_unit_test(publish_clock seine-sensor-core)
seine_unit_test(publish seine-sensor-core)
seine_unit_test(publish_window seine-sensor-core)
if(SEINE_TESTING)
  target_sources(test_publish PRIVATE publish_rig.c)
  target_sources(test_publish_window PRIVATE publish_rig.c)
endif()
