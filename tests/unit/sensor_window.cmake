# The measures of an interval: windows, talkers, conversations, sketches, first-seen.
seine_unit_test(select seine-meter)
seine_unit_test(window_hosts seine-meter)
seine_unit_test(window_rows seine-meter)
seine_unit_test(window_measures seine-meter)
seine_unit_test(first_seen seine-meter)
