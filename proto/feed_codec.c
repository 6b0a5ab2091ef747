/* SPDX-License-Identifier: Apache-2.0 */
/* The wire structures live on the stack and borrow; the packed block is the only allocation. */
#include "proto/feed_codec.h"

#include <stdlib.h>

#include "common/err.h"
#include "feed.pb-c.h"
#include "proto/borrow.h"

/* The body's place in the feed, then all of it. Measured first, so that the block is neither too
 * small nor too large. */
static int feed_pack(Seine__Feed *feed, uint64_t epoch, uint64_t sequence, uint8_t **bytes,
                     size_t *length)
{
  feed->epoch = epoch;
  feed->sequence = sequence;
  uint8_t *block = malloc(seine__feed__get_packed_size(feed));
  if (block == NULL) {
    return ERR_NO_MEMORY;
  }
  *length = seine__feed__pack(feed, block);
  *bytes = block;
  return 0;
}

static void feed_fill_window(const struct feed_window *window, Seine__FeedWindow *wire)
{
  seine__feed_window__init(wire);
  wire->start_ns = window->start_ns;
  wire->length_ns = (uint64_t)window->length_ns;
  wire->revision = window->revision;
  wire->sensors_expected = window->sensors_expected;
  wire->sensors_present = window->sensors_present;
  wire->completeness_percent = window->completeness_percent;
  wire->has_total = window->has_total ? 1 : 0;
  wire->bytes_low = window->bytes_low;
  wire->bytes_high = window->bytes_high;
  wire->packets_low = window->packets_low;
  wire->packets_high = window->packets_high;
  wire->interface_bytes = window->interface_bytes;
  wire->flows_active = window->flows_active;
  wire->flows_new = window->flows_new;
  wire->tcp_attempts = window->tcp_attempts;
  wire->tcp_failed = window->tcp_failed;
  wire->retransmitted = window->retransmitted;
  wire->addresses = window->addresses;
  wire->dropped = window->dropped;
}

int feed_encode_window(uint64_t epoch, uint64_t sequence, const struct feed_window *window,
                       uint8_t **bytes, size_t *length)
{
  if (window->talker_count > FEED_TALKERS_MAX) {
    return ERR_LIMIT;
  }
  Seine__FeedTalker talker[FEED_TALKERS_MAX];
  Seine__FeedTalker *pointer[FEED_TALKERS_MAX];
  for (size_t i = 0; i < window->talker_count; i++) {
    const struct feed_talker *from = &window->talker[i];
    seine__feed_talker__init(&talker[i]);
    talker[i].address.data = borrow(from->addr.byte);
    talker[i].address.len = sizeof(from->addr.byte);
    talker[i].tx_bytes = from->tx_bytes;
    talker[i].rx_bytes = from->rx_bytes;
    talker[i].error_bytes = from->error_bytes;
    pointer[i] = &talker[i];
  }
  Seine__FeedWindow wire;
  feed_fill_window(window, &wire);
  wire.n_talkers = window->talker_count;
  wire.talkers = pointer;
  Seine__Feed feed = SEINE__FEED__INIT;
  feed.body_case = SEINE__FEED__BODY_WINDOW;
  feed.window = &wire;
  return feed_pack(&feed, epoch, sequence, bytes, length);
}

int feed_encode_alert(uint64_t epoch, uint64_t sequence, const struct feed_alert *alert,
                      uint8_t **bytes, size_t *length)
{
  Seine__FeedAlert wire;
  seine__feed_alert__init(&wire);
  wire.id = borrow(alert->id);
  wire.state = borrow(alert->state);
  wire.severity = borrow(alert->severity);
  wire.detector = borrow(alert->detector);
  wire.rule = borrow(alert->rule);
  wire.subject = borrow(alert->subject);
  wire.summary = borrow(alert->summary);
  wire.unit = borrow(alert->unit);
  wire.resolution = borrow(alert->resolution);
  wire.command = borrow(alert->command);
  wire.started_ns = alert->started_ns;
  wire.changed_ns = alert->changed_ns;
  wire.observed = alert->observed;
  wire.expected_low = alert->expected_low;
  wire.expected_high = alert->expected_high;
  wire.completeness_percent = alert->completeness_percent;
  Seine__Feed feed = SEINE__FEED__INIT;
  feed.body_case = SEINE__FEED__BODY_ALERT;
  feed.alert = &wire;
  return feed_pack(&feed, epoch, sequence, bytes, length);
}
