/* SPDX-License-Identifier: Apache-2.0 */
/* Summaries to bytes and back: random ones, cut ones, bent ones and such as break a limit. */
#include "proto/summary_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/hash.h"

static uint64_t seed;

/* Splitmix64: the same numbers from the same seed everywhere. */
static uint64_t draw(void)
{
  seed += UINT64_C(0x9e3779b97f4a7c15);
  uint64_t z = seed;
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static uint64_t draw_below(uint64_t limit)
{
  return draw() % limit;
}

/* Counters of every size, zero and the limit among them. */
static uint64_t draw_counter(void)
{
  switch (draw_below(8)) {
  case 0:
    return 0;
  case 1:
    return SUMMARY_COUNTER_MAX;
  default:
    return draw() >> (8 + draw_below(56));
  }
}

static struct counts draw_counts(void)
{
  return (struct counts){draw_counter(), draw_counter(), draw_counter()};
}

static struct addr draw_addr(void)
{
  struct addr a;
  for (size_t i = 0; i < sizeof(a.byte); i++) {
    a.byte[i] = (uint8_t)draw();
  }
  return a;
}

static void fill_interface(struct summary_interface *row, size_t i, int64_t length_ns)
{
  (void)snprintf(row->name, sizeof(row->name), "eth%zu.%llu", i, (unsigned long long)draw());
  row->has_kernel = draw_below(2) == 1;
  row->is_up = draw_below(2) == 1;
  uint64_t *counters[] = {&row->kernel.rx_packets, &row->kernel.tx_packets, &row->kernel.rx_bytes,
                          &row->kernel.tx_bytes,   &row->kernel.rx_errors,  &row->kernel.tx_errors,
                          &row->kernel.rx_dropped, &row->kernel.tx_dropped, &row->captured_packets,
                          &row->captured_bytes,    &row->own_packets,       &row->own_bytes,
                          &row->capture_dropped,   &row->interface_dropped};
  for (size_t c = 0; c < sizeof(counters) / sizeof(counters[0]); c++) {
    *counters[c] = draw_counter();
  }
  row->uncounted_ns = (int64_t)draw_below((uint64_t)length_ns + 1);
}

static void fill_conversation(struct summary_conversation *row, const struct summary *s)
{
  row->client = draw_addr();
  row->server = draw_addr();
  row->server_port = (uint16_t)draw();
  row->protocol = (uint8_t)draw();
  row->is_guessed = draw_below(2) == 1;
  row->tcp_flags_out = (uint8_t)draw();
  row->tcp_flags_in = (uint8_t)draw();
  row->flows = (uint32_t)draw();
  row->out = draw_counts();
  row->in = draw_counts();
  row->first_ns = s->start_ns - 5 + (int64_t)draw_below((uint64_t)s->length_ns);
  row->last_ns = row->first_ns + (int64_t)draw_below(1000);
}

static void fill_head(struct summary *s, enum summary_kind kind)
{
  (void)snprintf(s->sensor, sizeof(s->sensor), "web-%llu", (unsigned long long)draw());
  s->kind = kind;
  s->length_ns = kind == SUMMARY_SECOND ? NS_PER_S : NS_PER_MINUTE;
  s->start_ns = (int64_t)draw_below(UINT64_C(4000000000)) / 60 * NS_PER_MINUTE;
  s->clock_epoch = (uint32_t)draw();
  s->clock_offset_ns = (int64_t)draw() / 4;
  s->clock_uncertainty_ns = (int64_t)(draw() >> 3);
  hll_init(&s->addresses, kind == SUMMARY_SECOND ? HLL_PRECISION_SECOND : HLL_PRECISION_MINUTE,
           HASH_FLEET_SEED);
  for (uint64_t i = draw_below(3000); i > 0; i--) {
    hll_add(&s->addresses, draw());
  }
}

static void fill_scalars(struct summary *s)
{
  for (unsigned d = 0; d < SUMMARY_DIRECTIONS; d++) {
    for (unsigned p = 0; p < SUMMARY_PROTOCOLS; p++) {
      s->traffic[d][p] = draw_below(3) == 0 ? draw_counts() : (struct counts){0, 0, 0};
    }
  }
  uint64_t *counters[] = {&s->ipv4_packets,
                          &s->ipv6_packets,
                          &s->fragments,
                          &s->non_ip_frames,
                          &s->flows_active,
                          &s->flows_new,
                          &s->ledger.frames,
                          &s->ledger.wire_bytes,
                          &s->ledger.own_frames,
                          &s->ledger.capture_dropped,
                          &s->ledger.interface_dropped,
                          &s->ledger.late_frames,
                          &s->ledger.clamped_frames,
                          &s->ledger.flows_folded,
                          &s->ledger.rows_folded,
                          &s->ledger.first_seen_folded,
                          &s->ledger.queue_evicted,
                          &s->talkers_floor,
                          &s->cpu_ns,
                          &s->resident_bytes,
                          &s->flow_table_used,
                          &s->flow_table_slots};
  for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
    *counters[i] = draw_counter();
  }
  for (unsigned i = 0; i < SUMMARY_TCP_EVENTS; i++) {
    s->tcp_events[i] = draw_counter();
  }
  for (unsigned i = SUMMARY_DECODED + 1; i < SUMMARY_UNDECODED_REASONS; i++) {
    s->ledger.undecoded[i] = draw_counter();
  }
  for (unsigned i = 0; i < HIST_BUCKETS; i++) {
    s->packet_sizes.bucket[i] = draw_below(2) == 0 ? draw_counter() : 0;
  }
  s->folded_out = draw_counts();
  s->folded_in = draw_counts();
}

static struct summary *make_summary(enum summary_kind kind, const struct summary_sizes *sizes)
{
  struct summary *s = summary_new(sizes);
  assert_non_null(s);
  fill_head(s, kind);
  fill_scalars(s);
  for (size_t i = 0; i < s->interface_count; i++) {
    fill_interface(&s->interfaces[i], i, s->length_ns);
  }
  for (size_t i = 0; i < s->talker_count; i++) {
    struct summary_talker *row = &s->talkers[i];
    row->addr = draw_addr();
    row->error_bytes = draw_counter();
    row->tx = draw_counts();
    row->rx = draw_counts();
  }
  for (size_t i = 0; i < s->conversation_count; i++) {
    fill_conversation(&s->conversations[i], s);
  }
  for (size_t i = 0; i < s->first_seen_count; i++) {
    s->first_seen[i] = draw_addr();
  }
  return s;
}

static void assert_rows_equal(const void *a, const void *b, size_t count, size_t size)
{
  if (count > 0) {
    assert_memory_equal(a, b, count * size);
  }
}

static void assert_alike(const struct summary *a, const struct summary *b)
{
  assert_rows_equal(a->interfaces, b->interfaces, a->interface_count, sizeof(*a->interfaces));
  assert_rows_equal(a->talkers, b->talkers, a->talker_count, sizeof(*a->talkers));
  assert_rows_equal(a->conversations, b->conversations, a->conversation_count,
                    sizeof(*a->conversations));
  assert_rows_equal(a->first_seen, b->first_seen, a->first_seen_count, sizeof(*a->first_seen));
  /* The heads hold pointers, which differ: laid into b's place they have to be the same bytes. */
  struct summary *head = summary_clone(b);
  assert_non_null(head);
  head->interfaces = a->interfaces;
  head->talkers = a->talkers;
  head->conversations = a->conversations;
  head->first_seen = a->first_seen;
  assert_memory_equal(a, head, sizeof(*a));
  summary_free(head);
}

static void check_round_trip(enum summary_kind kind, const struct summary_sizes *sizes)
{
  struct summary *s = make_summary(kind, sizes);
  uint8_t *bytes = NULL;
  size_t length = 0;
  assert_int_equal(summary_encode(s, &bytes, &length), 0);
  struct summary *back = NULL;
  struct err_message message = {""};
  int err = summary_decode(bytes, length, &back, &message);
  if (err != 0) {
    fail_msg("%s", message.text);
  }
  assert_alike(s, back);
  free(bytes);
  summary_free(s);
  summary_free(back);
}

static void random_summaries_survive_the_round_trip(void **state)
{
  (void)state;
  for (int i = 0; i < 100; i++) {
    struct summary_sizes second = {draw_below(5), draw_below(60), draw_below(65), draw_below(20)};
    check_round_trip(SUMMARY_SECOND, &second);
    struct summary_sizes minute = {draw_below(5), draw_below(60), draw_below(300), draw_below(20)};
    check_round_trip(SUMMARY_MINUTE, &minute);
  }
}

static void a_summary_with_every_row_at_its_limit_fits(void **state)
{
  (void)state;
  struct summary_sizes most = {SUMMARY_INTERFACES_MAX, SUMMARY_TALKERS_MAX,
                               SUMMARY_CONVERSATIONS_MAX, SUMMARY_FIRST_SEEN_MAX};
  check_round_trip(SUMMARY_MINUTE, &most);
}

static void a_summary_over_a_limit_is_not_encoded(void **state)
{
  (void)state;
  const struct summary_sizes over[] = {{SUMMARY_INTERFACES_MAX + 1, 0, 0, 0},
                                       {0, SUMMARY_TALKERS_MAX + 1, 0, 0},
                                       {0, 0, SUMMARY_SECOND_ROWS_MAX + 1, 0},
                                       {0, 0, 0, SUMMARY_FIRST_SEEN_MAX + 1}};
  for (size_t i = 0; i < sizeof(over) / sizeof(over[0]); i++) {
    struct summary *s = make_summary(SUMMARY_SECOND, &over[i]);
    uint8_t *bytes = NULL;
    size_t length = 0;
    assert_int_equal(summary_encode(s, &bytes, &length), ERR_LIMIT);
    summary_free(s);
  }
}

static void what_a_sensor_cannot_help_is_made_fit_on_the_way_out(void **state)
{
  (void)state;
  struct summary *s = make_summary(SUMMARY_SECOND, &(struct summary_sizes){1, 0, 0, 0});
  memcpy(s->interfaces[0].name, "e\xc3\xa9\x01", 5);
  s->interfaces[0].uncounted_ns = NS_PER_S + 1;
  uint8_t *bytes = NULL;
  size_t length = 0;
  assert_int_equal(summary_encode(s, &bytes, &length), 0);
  struct summary *back = NULL;
  assert_int_equal(summary_decode(bytes, length, &back, NULL), 0);
  assert_string_equal(back->interfaces[0].name, "e???");
  assert_int_equal(back->interfaces[0].uncounted_ns, NS_PER_S);
  free(bytes);
  summary_free(s);
  summary_free(back);
}

/* A small good summary for the tests that bend it. */
static void make_bytes(uint8_t **bytes, size_t *length)
{
  struct summary *s = make_summary(SUMMARY_SECOND, &(struct summary_sizes){2, 3, 3, 2});
  hll_init(&s->addresses, HLL_PRECISION_SECOND, HASH_FLEET_SEED);
  hll_add(&s->addresses, draw());
  assert_int_equal(summary_encode(s, bytes, length), 0);
  summary_free(s);
}

static void a_cut_summary_is_refused_or_lacks_only_its_last_fields(void **state)
{
  (void)state;
  uint8_t *bytes = NULL;
  size_t length = 0;
  make_bytes(&bytes, &length);
  size_t accepted = 0;
  for (size_t cut = 0; cut < length; cut++) {
    uint8_t *exact = malloc(cut > 0 ? cut : 1);
    assert_non_null(exact);
    memcpy(exact, bytes, cut);
    struct summary *back = NULL;
    if (summary_decode(exact, cut, &back, NULL) == 0) {
      accepted++;
      summary_free(back);
    } else {
      assert_null(back);
    }
    free(exact);
  }
  /* Cut between whole fields behind the last column there is nothing to be seen: first_seen (130)
   * and the four scalars (140..143). Cut before any group of rows began, likewise. */
  assert_true(accepted < 40);
  free(bytes);
}

static void no_flipped_bit_does_harm(void **state)
{
  (void)state;
  uint8_t *bytes = NULL;
  size_t length = 0;
  make_bytes(&bytes, &length);
  size_t refused = 0;
  for (size_t bit = 0; bit < length * 8; bit++) {
    bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    struct summary *back = NULL;
    struct err_message message = {""};
    if (summary_decode(bytes, length, &back, &message) == 0) {
      summary_free(back);
    } else {
      refused++;
      assert_true(strlen(message.text) > 0);
    }
    bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
  }
  assert_true(refused > length);
  free(bytes);
}

static void a_field_of_a_later_version_is_ignored(void **state)
{
  (void)state;
  uint8_t *bytes = NULL;
  size_t length = 0;
  make_bytes(&bytes, &length);
  const uint8_t later[] = {0xc2, 0x3e, 0x03, 'n', 'e', 'w'}; /* field 1000, bytes */
  uint8_t *longer = malloc(length + sizeof(later));
  assert_non_null(longer);
  memcpy(longer, bytes, length);
  memcpy(longer + length, later, sizeof(later));
  struct summary *plain = NULL;
  struct summary *with = NULL;
  assert_int_equal(summary_decode(bytes, length, &plain, NULL), 0);
  assert_int_equal(summary_decode(longer, length + sizeof(later), &with, NULL), 0);
  assert_alike(plain, with);
  summary_free(plain);
  summary_free(with);
  free(longer);
  free(bytes);
}

static void a_megabyte_of_tiny_fields_costs_bounded_memory(void **state)
{
  (void)state;
  size_t length = (size_t)SUMMARY_ENCODED_MAX / 3 * 3;
  uint8_t *bytes = malloc(length);
  assert_non_null(bytes);
  for (size_t i = 0; i < length; i += 3) {
    static const uint8_t field[] = {0xc0, 0x3e, 0x01}; /* field 1000, varint */
    memcpy(bytes + i, field, sizeof(field));
  }
  struct summary *back = NULL;
  struct err_message message = {""};
  assert_int_equal(summary_decode(bytes, length, &back, &message), ERR_LIMIT);
  assert_non_null(strstr(message.text, "unpacking"));
  free(bytes);
}

static void a_body_over_the_limit_is_refused_unread(void **state)
{
  (void)state;
  uint8_t byte = 0;
  struct summary *back = NULL;
  assert_int_equal(summary_decode(&byte, SUMMARY_ENCODED_MAX + 1, &back, NULL), ERR_LIMIT);
}

int main(void)
{
  const char *given = getenv("SEINE_TEST_SEED");
  seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
  print_message("SEINE_TEST_SEED=%llu\n", (unsigned long long)seed);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_summaries_survive_the_round_trip),
      cmocka_unit_test(a_summary_with_every_row_at_its_limit_fits),
      cmocka_unit_test(a_summary_over_a_limit_is_not_encoded),
      cmocka_unit_test(what_a_sensor_cannot_help_is_made_fit_on_the_way_out),
      cmocka_unit_test(a_cut_summary_is_refused_or_lacks_only_its_last_fields),
      cmocka_unit_test(no_flipped_bit_does_harm),
      cmocka_unit_test(a_field_of_a_later_version_is_ignored),
      cmocka_unit_test(a_megabyte_of_tiny_fields_costs_bounded_memory),
      cmocka_unit_test(a_body_over_the_limit_is_refused_unread),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
