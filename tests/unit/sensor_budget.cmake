# The sensor's budget: sampling in the kernel, steps, and no memory on the packet path.
seine_unit_test(budget seine-meter)
seine_unit_test(memory_plan seine-meter)
seine_unit_test(sample_filter seine-capture)
seine_unit_test(no_malloc seine-meter)
if(TARGET test_no_malloc)
  target_link_options(test_no_malloc PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc)
endif()
