# Who belongs to the fleet, and the traffic that is split by it.
seine_unit_test(fleet_peers seine-meter)
seine_unit_test(meter_fleet seine-meter)
seine_unit_test(sensor_settings seine-sensor-core)
