/* SPDX-License-Identifier: Apache-2.0 */
/* How long a record is: a quiet second, a busy one, a minute; and what is cut when it is too long,
 * of which nothing may be lost from the sums. */
#include "proto/summary_fit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/summary_codec.h"
#include "tests/unit/sample_busy.h"

static struct summary_fitter *fitter;

static size_t encoded_length(const struct summary *s)
{
  uint8_t *bytes = NULL;
  size_t length = 0;
  assert_int_equal(summary_encode(s, &bytes, &length), 0);
  free(bytes);
  return length;
}

static void a_quiet_second_is_shorter_than_600_bytes(void **state)
{
  (void)state;
  struct summary_sizes sizes = {
      .interfaces = 2, .talkers = 6, .conversations = 3, .has_sketches = true};
  struct summary *s = summary_new(&sizes);
  assert_non_null(s);
  fill_head(s, SUMMARY_SECOND);
  fill_interfaces(s, 12);
  fill_rows(s, 33, false);
  fill_sketches(s, 5);
  for (unsigned i = 0; i < 3; i++) {
    s->conversations[i].out = packets_of(1 + below(20), 52);
    s->conversations[i].in = packets_of(1 + below(20), 52);
    s->conversations[i].attempts = s->conversations[i].retransmitted = 0;
  }
  for (unsigned i = 0; i < 6; i++) {
    s->packet_sizes.bucket[20 + 3 * i] = 1 + below(9);
    s->talkers[i] =
        (struct summary_talker){i < 3 ? s->conversations[i].client : s->conversations[i - 3].server,
                                0, packets_of(1 + below(20), 52), packets_of(1 + below(20), 52)};
  }
  s->traffic[SUMMARY_TX][SUMMARY_TCP] = packets_of(12, 52);
  s->traffic[SUMMARY_RX][SUMMARY_TCP] = packets_of(12, 52);
  s->traffic[SUMMARY_MULTICAST][SUMMARY_UDP] = packets_of(2, 28);
  s->fleet_traffic[SUMMARY_TX][SUMMARY_TCP] = (struct counts){7, 900, 500};
  s->fleet_traffic[SUMMARY_RX][SUMMARY_TCP] = (struct counts){6, 800, 300};
  s->has_fleet = true;
  s->fleet_map_version = 12345;
  s->ipv4_packets = 26;
  s->flows_active = 3;
  s->non_ip_frames = s->ledger.undecoded[SUMMARY_NOT_IP] = 2;
  s->ledger.frames = 30;
  s->ledger.wire_bytes = 4000;
  s->ledger.own_frames = 4;
  size_t length = encoded_length(s);
  print_message("quiet second: %zu bytes\n", length);
  assert_in_range(length, 100, 599);
  summary_free(s);
}

static void a_busy_second_shows_all_its_rows_within_4096_bytes(void **state)
{
  (void)state;
  struct summary_sizes sizes = {.interfaces = 4,
                                .talkers = 32,
                                .conversations = 32,
                                .first_seen = 4,
                                .edges = 4,
                                .has_sketches = true};
  struct summary *s = make_record(SUMMARY_SECOND, &sizes, 0, false);
  print_message("busy second, IPv4: %zu bytes\n", encoded_length(s));
  assert_int_equal(summary_fitter_fit(fitter, s, SUMMARY_SECOND_BYTES_MAX), 0);
  assert_int_equal(s->conversation_count, 32);
  assert_int_equal(s->talker_count, 32);
  assert_in_range(encoded_length(s), 1000, SUMMARY_SECOND_BYTES_MAX - 1);
  summary_free(s);
}

static struct counts shown_and_folded(const struct summary *s)
{
  struct counts sum = s->folded_out;
  counts_add(&sum, &s->folded_in);
  for (size_t i = 0; i < s->conversation_count; i++) {
    counts_add(&sum, &s->conversations[i].out);
    counts_add(&sum, &s->conversations[i].in);
  }
  return sum;
}

/* All that a cut may not change, and what it has to count. */
static void assert_cut_is_told(const struct summary *before, const struct summary *after)
{
  struct counts all = shown_and_folded(before);
  struct counts still = shown_and_folded(after);
  assert_memory_equal(&all, &still, sizeof(all));
  assert_int_equal(after->ledger.rows_folded + after->conversation_count,
                   before->ledger.rows_folded + before->conversation_count);
  assert_int_equal(after->ledger.first_seen_folded + after->first_seen_count + after->edge_count,
                   before->ledger.first_seen_folded + before->first_seen_count +
                       before->edge_count);
  for (size_t i = after->talker_count; i < before->talker_count; i++) {
    const struct summary_talker *gone = &before->talkers[i];
    assert_true(gone->error_bytes + gone->tx.bytes + gone->rx.bytes <= after->talkers_floor);
  }
  /* Who stays has more bytes than who went, and order is kept. */
  uint64_t least = UINT64_MAX;
  size_t at = 0;
  for (size_t i = 0; i < before->conversation_count; i++) {
    const struct summary_conversation *row = &before->conversations[i];
    if (at < after->conversation_count &&
        memcmp(row, &after->conversations[at], sizeof(*row)) == 0) {
      at++;
      uint64_t bytes = row->out.bytes + row->in.bytes;
      least = bytes < least ? bytes : least;
    }
  }
  assert_int_equal(at, after->conversation_count);
  size_t larger = 0;
  for (size_t i = 0; i < before->conversation_count; i++) {
    const struct summary_conversation *row = &before->conversations[i];
    larger += row->out.bytes + row->in.bytes > least ? 1 : 0;
  }
  assert_true(larger <= after->conversation_count);
}

static void a_flood_of_forged_addresses_is_cut_to_size(void **state)
{
  (void)state;
  for (unsigned v6_percent = 0; v6_percent <= 100; v6_percent += 50) {
    struct summary_sizes sizes = {.interfaces = 4,
                                  .talkers = SUMMARY_TALKERS_MAX,
                                  .conversations = SUMMARY_SECOND_ROWS_MAX,
                                  .first_seen = SUMMARY_FIRST_SEEN_MAX,
                                  .edges = SUMMARY_EDGES_MAX,
                                  .has_sketches = true};
    struct summary *s = make_record(SUMMARY_SECOND, &sizes, v6_percent, true);
    struct summary *before = summary_clone(s);
    assert_non_null(before);
    size_t long_length = encoded_length(s);
    assert_int_equal(summary_fitter_fit(fitter, s, SUMMARY_SECOND_BYTES_MAX), 0);
    print_message("flood, %u %% IPv6: %zu -> %zu bytes, %zu conversations, %zu talkers, %zu first "
                  "seen, %zu edges\n",
                  v6_percent, long_length, encoded_length(s), s->conversation_count,
                  s->talker_count, s->first_seen_count, s->edge_count);
    assert_in_range(encoded_length(s), 2000, SUMMARY_SECOND_BYTES_MAX);
    assert_true(s->conversation_count >= 8 && s->talker_count >= 8);
    assert_true(s->first_seen_count >= 8 && s->edge_count >= 8);
    assert_cut_is_told(before, s);
    summary_free(s);
    summary_free(before);
  }
}

static void a_minute_is_cut_to_64_kib_and_keeps_its_order(void **state)
{
  (void)state;
  for (unsigned v6_percent = 0; v6_percent <= 100; v6_percent += 50) {
    for (unsigned is_spread = 0; is_spread < 2; is_spread++) {
      struct summary_sizes sizes = {.interfaces = 4,
                                    .talkers = 64,
                                    .conversations = 1024,
                                    .spreaders = is_spread * FANOUT_ENCODED_MAX,
                                    .victims = is_spread * FANOUT_ENCODED_MAX,
                                    .has_sketches = true};
      struct summary *s = make_record(SUMMARY_MINUTE, &sizes, v6_percent, v6_percent > 0);
      struct summary *before = summary_clone(s);
      assert_non_null(before);
      size_t long_length = encoded_length(s);
      assert_int_equal(summary_fitter_fit(fitter, s, SUMMARY_MINUTE_BYTES_MAX), 0);
      print_message("minute, %u %% IPv6, fan-out %s: %zu -> %zu bytes, %zu conversations\n",
                    v6_percent, is_spread ? "full" : "empty", long_length, encoded_length(s),
                    s->conversation_count);
      assert_in_range(encoded_length(s), 20000, SUMMARY_MINUTE_BYTES_MAX);
      assert_true(s->conversation_count >= 200);
      assert_cut_is_told(before, s);
      summary_free(s);
      summary_free(before);
    }
  }
}

static void rows_of_equal_bytes_are_cut_from_the_end(void **state)
{
  (void)state;
  struct summary *s = summary_new(&(struct summary_sizes){.conversations = 40});
  assert_non_null(s);
  fill_head(s, SUMMARY_SECOND);
  for (uint16_t i = 0; i < 40; i++) {
    s->conversations[i].client = any_addr(false);
    s->conversations[i].out.bytes = 100;
    s->conversations[i].server_port = i;
  }
  assert_int_equal(summary_fit(s, 600), 0);
  assert_in_range(s->conversation_count, 10, 39);
  for (uint16_t i = 0; i < s->conversation_count; i++) {
    assert_int_equal(s->conversations[i].server_port, i);
  }
  summary_free(s);
}

static void a_record_that_fits_is_left_alone(void **state)
{
  (void)state;
  struct summary_sizes sizes = {.talkers = 5, .conversations = 5, .has_sketches = true};
  struct summary *s = random_summary(&seed, SUMMARY_SECOND, &sizes);
  assert_non_null(s);
  struct summary *before = summary_clone(s);
  size_t length = encoded_length(s);
  assert_int_equal(summary_fitter_fit(fitter, s, length), 0);
  assert_int_equal(s->conversation_count + s->talker_count, 10);
  assert_int_equal(summary_fitter_fit(fitter, s, length - 1), 0);
  assert_int_equal(s->conversation_count + s->talker_count, 9);
  /* Without any row it is still longer than that. */
  assert_int_equal(summary_fitter_fit(fitter, s, 10), ERR_LIMIT);
  assert_int_equal(s->conversation_count + s->talker_count, 0);
  assert_cut_is_told(before, s);
  summary_free(s);
  summary_free(before);
}

static void more_rows_than_the_fitter_has_room_for_are_refused(void **state)
{
  (void)state;
  struct summary_fitter *small = summary_fitter_new(&(struct summary_sizes){.conversations = 4});
  assert_non_null(small);
  for (size_t rows = 4; rows <= 5; rows++) {
    struct summary *s =
        random_summary(&seed, SUMMARY_SECOND, &(struct summary_sizes){.conversations = rows});
    assert_non_null(s);
    int expected = rows == 4 ? 0 : ERR_LIMIT;
    assert_int_equal(summary_fitter_fit(small, s, SUMMARY_SECOND_BYTES_MAX), expected);
    assert_int_equal(s->conversation_count, rows);
    summary_free(s);
  }
  summary_fitter_free(small);
}

/* The measure without bytes must be the length of the bytes. */
static void what_is_measured_is_what_is_packed(void **state)
{
  (void)state;
  for (int i = 0; i < 40; i++) {
    enum summary_kind kind = i % 2 == 0 ? SUMMARY_SECOND : SUMMARY_MINUTE;
    struct summary_sizes sizes = {.interfaces = below(4),
                                  .talkers = below(30),
                                  .conversations = below(60),
                                  .first_seen = below(30),
                                  .edges = below(30),
                                  .has_sketches = below(2) == 1};
    struct summary *s = random_summary(&seed, kind, &sizes);
    assert_non_null(s);
    size_t length = encoded_length(s);
    size_t rows = s->conversation_count + s->talker_count + s->first_seen_count + s->edge_count;
    assert_int_equal(summary_fitter_fit(fitter, s, length), 0);
    assert_int_equal(s->conversation_count + s->talker_count + s->first_seen_count + s->edge_count,
                     rows);
    (void)summary_fitter_fit(fitter, s, length - 1);
    assert_true(rows == 0 ||
                s->conversation_count + s->talker_count + s->first_seen_count + s->edge_count <
                    rows);
    summary_free(s);
  }
}

static void many_interfaces_do_not_take_the_room_of_rows(void **state)
{
  (void)state;
  struct summary_sizes sizes = {.interfaces = SUMMARY_INTERFACES_MAX,
                                .talkers = 32,
                                .conversations = 32,
                                .has_sketches = true};
  struct summary *s = make_record(SUMMARY_SECOND, &sizes, 0, false);
  assert_int_equal(summary_bytes_max(s), SUMMARY_SECOND_BYTES_MAX + (sizes.interfaces - 4) * 96);
  assert_int_equal(summary_fitter_fit(fitter, s, summary_bytes_max(s)), 0);
  assert_int_equal(s->conversation_count, 32);
  s->interface_count = 4;
  assert_int_equal(summary_bytes_max(s), SUMMARY_SECOND_BYTES_MAX);
  summary_free(s);
}

int main(void)
{
  seed = random_seed();
  print_message("SEINE_TEST_SEED=%llu\n", (unsigned long long)seed);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_quiet_second_is_shorter_than_600_bytes),
      cmocka_unit_test(a_busy_second_shows_all_its_rows_within_4096_bytes),
      cmocka_unit_test(a_flood_of_forged_addresses_is_cut_to_size),
      cmocka_unit_test(a_minute_is_cut_to_64_kib_and_keeps_its_order),
      cmocka_unit_test(rows_of_equal_bytes_are_cut_from_the_end),
      cmocka_unit_test(a_record_that_fits_is_left_alone),
      cmocka_unit_test(more_rows_than_the_fitter_has_room_for_are_refused),
      cmocka_unit_test(what_is_measured_is_what_is_packed),
      cmocka_unit_test(many_interfaces_do_not_take_the_room_of_rows),
  };
  const struct summary_sizes most = {.talkers = SUMMARY_TALKERS_MAX,
                                     .conversations = 1024,
                                     .first_seen = SUMMARY_FIRST_SEEN_MAX,
                                     .edges = SUMMARY_EDGES_MAX};
  fitter = summary_fitter_new(&most);
  int failed = fitter == NULL ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
  summary_fitter_free(fitter);
  return failed;
}
