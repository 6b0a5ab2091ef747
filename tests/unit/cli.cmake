# What people read and type: numbers, tables, options.
seine_unit_test(output seine-cli-core)
seine_unit_test(table seine-cli-core)
seine_unit_test(fold seine-cli-core)
seine_unit_test(options seine-cli-core)
