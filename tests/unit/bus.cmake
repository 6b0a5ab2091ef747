# Keys and sockets. Raw ZeroMQ plays the peers that misbehave.
seine_unit_test(keys seine-bus)
seine_unit_test(bus seine-bus PkgConfig::LIBZMQ)
seine_unit_test(bus_strangers seine-bus PkgConfig::LIBZMQ)
seine_unit_test(bus_feed seine-bus PkgConfig::LIBZMQ)
if(SEINE_TESTING)
  target_sources(test_bus PRIVATE bus_rig.c)
  target_sources(test_bus_strangers PRIVATE bus_rig.c)
endif()
