# What the sensor's daemon does without a network: the choice of interfaces, the settings.
seine_unit_test(interfaces seine-sensor-core)
if(SEINE_TESTING)
  target_sources(test_interfaces PRIVATE made_host.c)
endif()
