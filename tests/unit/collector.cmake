# The pure pipeline: records in, windows and alerts out.
seine_unit_test(intake seine-pipeline)
seine_unit_test(placement seine-pipeline)
seine_unit_test(hosts seine-pipeline)
seine_unit_test(fleet seine-pipeline)
seine_unit_test(fleet_sums seine-pipeline)
seine_unit_test(alerts seine-pipeline)
seine_unit_test(pipeline seine-pipeline)
seine_unit_test(catching_up seine-pipeline)
