# The codecs. The generated structures make input that our encoder would not.
seine_unit_test(summary_codec seine-proto seine-proto-generated)
seine_unit_test(summary_limits seine-proto seine-proto-generated)
seine_unit_test(summary_fit seine-proto seine-proto-generated)
seine_unit_test(message_codec seine-proto)
seine_unit_test(feed_codec seine-proto seine-proto-generated)
seine_unit_test(message_bounds seine-proto seine-proto-generated)
