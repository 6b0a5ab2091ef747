# The pure half of the sensor behind decode: flows, window, meter.
seine_unit_test(flows seine-meter)
seine_unit_test(flows_load seine-meter)
seine_unit_test(flow_tcp seine-meter)
seine_unit_test(window seine-meter)
seine_unit_test(meter seine-meter)
seine_unit_test(meter_time seine-meter)
seine_unit_test(meter_batch seine-meter)
