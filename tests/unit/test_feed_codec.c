/* SPDX-License-Identifier: Apache-2.0 */
/* What is published, as a reader unpacks it. */
#include "proto/feed_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "feed.pb-c.h"

static void a_window_arrives_with_its_talkers(void **state)
{
  (void)state;
  struct feed_window window = {.start_ns = -5,
                               .length_ns = 1000000000,
                               .revision = 2,
                               .sensors_expected = 7,
                               .sensors_present = 6,
                               .completeness_percent = 85.5,
                               .has_total = true,
                               .bytes_low = 1,
                               .bytes_high = 2,
                               .packets_low = 3,
                               .packets_high = 4,
                               .dropped = UINT64_MAX,
                               .talker_count = FEED_TALKERS_MAX};
  window.talker[63] = (struct feed_talker){{{0xfe, 0x80}}, 8, 9, 10};
  uint8_t *bytes = NULL;
  size_t length = 0;
  assert_int_equal(feed_encode_window(11, 12, &window, &bytes, &length), 0);
  Seine__Feed *feed = seine__feed__unpack(NULL, length, bytes);
  assert_non_null(feed);
  assert_true(feed->epoch == 11 && feed->sequence == 12);
  assert_int_equal(feed->body_case, SEINE__FEED__BODY_WINDOW);
  const Seine__FeedWindow *wire = feed->window;
  assert_true(wire->start_ns == -5 && wire->length_ns == 1000000000 && wire->revision == 2);
  assert_true(wire->sensors_expected == 7 && wire->sensors_present == 6 && wire->has_total);
  assert_true(wire->bytes_low == 1 && wire->bytes_high == 2 && wire->packets_low == 3);
  assert_true(wire->packets_high == 4 && wire->dropped == UINT64_MAX);
  assert_int_equal(wire->n_talkers, FEED_TALKERS_MAX);
  assert_int_equal(wire->talkers[63]->address.len, 16);
  assert_int_equal(wire->talkers[63]->address.data[1], 0x80);
  assert_true(wire->talkers[63]->tx_bytes == 8 && wire->talkers[63]->rx_bytes == 9);
  assert_int_equal(wire->talkers[63]->error_bytes, 10);
  seine__feed__free_unpacked(feed, NULL);
  free(bytes);
  window.talker_count = FEED_TALKERS_MAX + 1;
  assert_int_equal(feed_encode_window(11, 13, &window, &bytes, &length), ERR_LIMIT);
}

static void an_alert_arrives_whole(void **state)
{
  (void)state;
  const struct feed_alert alert = {
      "0123456789abcdef", "firing", "critical", "silence", "sensor", "web1", "web1 ...", "s", "",
      "seine …",          1,        2,          30.5,      0,        15,     100};
  uint8_t *bytes = NULL;
  size_t length = 0;
  assert_int_equal(feed_encode_alert(11, 14, &alert, &bytes, &length), 0);
  Seine__Feed *feed = seine__feed__unpack(NULL, length, bytes);
  assert_non_null(feed);
  assert_int_equal(feed->body_case, SEINE__FEED__BODY_ALERT);
  assert_string_equal(feed->alert->id, alert.id);
  assert_string_equal(feed->alert->state, "firing");
  assert_string_equal(feed->alert->severity, "critical");
  assert_string_equal(feed->alert->detector, "silence");
  assert_string_equal(feed->alert->rule, "sensor");
  assert_string_equal(feed->alert->subject, "web1");
  assert_string_equal(feed->alert->summary, "web1 ...");
  assert_string_equal(feed->alert->unit, "s");
  assert_string_equal(feed->alert->command, "seine …");
  assert_true(feed->alert->started_ns == 1 && feed->alert->changed_ns == 2);
  assert_true(feed->alert->observed == 30.5 && feed->alert->expected_high == 15);
  seine__feed__free_unpacked(feed, NULL);
  free(bytes);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_window_arrives_with_its_talkers),
      cmocka_unit_test(an_alert_arrives_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
