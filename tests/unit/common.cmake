# The ground.
seine_unit_test(addr seine-common)
seine_unit_test(clock seine-common)
seine_unit_test(sketches seine-common)
seine_unit_test(topk seine-common)
seine_unit_test(json seine-common)
seine_unit_test(conf seine-common)
seine_unit_test(conf_files seine-common)
seine_unit_test(loop seine-run)
