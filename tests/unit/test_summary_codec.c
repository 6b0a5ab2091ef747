/* SPDX-License-Identifier: Apache-2.0 */
/* Summaries to bytes and back: random ones, cut ones, bent ones and such as break a limit. */
#include "proto/summary_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/random_summary.h"

static uint64_t seed;

static struct summary *make_summary(enum summary_kind kind, const struct summary_sizes *sizes)
{
  struct summary *s = random_summary(&seed, kind, sizes);
  assert_non_null(s);
  return s;
}

/* The value's bytes, or a failure of the test. */
static void encode(const struct summary *s, uint8_t **bytes, size_t *length)
{
  assert_int_equal(summary_encode(s, bytes, length), 0);
}

static struct summary *decode(const uint8_t *bytes, size_t length)
{
  struct summary *back = NULL;
  struct err_message message = {""};
  if (summary_decode(bytes, length, &back, &message) != 0) {
    fail_msg("%s", message.text);
  }
  return back;
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
  assert_rows_equal(a->edges, b->edges, a->edge_count, sizeof(*a->edges));
  assert_rows_equal(a->spreaders, b->spreaders, a->spreaders_length, 1);
  assert_rows_equal(a->victims, b->victims, a->victims_length, 1);
  assert_int_equal(a->sketches != NULL, b->sketches != NULL);
  assert_rows_equal(a->sketches, b->sketches, a->sketches != NULL, sizeof(*a->sketches));
  /* The heads hold pointers, which differ: laid into b's place they have to be the same bytes. */
  struct summary *head = summary_clone(b);
  assert_non_null(head);
  head->interfaces = a->interfaces;
  head->talkers = a->talkers;
  head->conversations = a->conversations;
  head->first_seen = a->first_seen;
  head->edges = a->edges;
  head->spreaders = a->spreaders;
  head->victims = a->victims;
  head->sketches = a->sketches;
  assert_memory_equal(a, head, sizeof(*a));
  summary_free(head);
}

/* There and back the value is the same; there again the bytes are. */
static void check_round_trip(enum summary_kind kind, const struct summary_sizes *sizes)
{
  struct summary *s = make_summary(kind, sizes);
  uint8_t *bytes = NULL;
  uint8_t *again = NULL;
  size_t length = 0;
  size_t again_length = 0;
  encode(s, &bytes, &length);
  struct summary *back = decode(bytes, length);
  assert_alike(s, back);
  encode(back, &again, &again_length);
  assert_int_equal(length, again_length);
  assert_memory_equal(bytes, again, length);
  free(bytes);
  free(again);
  summary_free(s);
  summary_free(back);
}

static struct summary_sizes draw_sizes(enum summary_kind kind)
{
  bool is_minute = kind == SUMMARY_MINUTE;
  return (struct summary_sizes){.interfaces = random_below(&seed, 5),
                                .talkers = random_below(&seed, 60),
                                .conversations = random_below(&seed, is_minute ? 300 : 65),
                                .first_seen = random_below(&seed, 20),
                                .edges = random_below(&seed, 20),
                                .spreaders = is_minute ? random_below(&seed, 100) : 0,
                                .victims = is_minute ? random_below(&seed, 100) : 0,
                                .has_sketches = random_below(&seed, 2) == 1};
}

static void random_summaries_survive_the_round_trip(void **state)
{
  (void)state;
  for (int i = 0; i < 100; i++) {
    enum summary_kind kind = i % 2 == 0 ? SUMMARY_SECOND : SUMMARY_MINUTE;
    struct summary_sizes sizes = draw_sizes(kind);
    check_round_trip(kind, &sizes);
  }
}

static void a_summary_with_every_row_at_its_limit_fits(void **state)
{
  (void)state;
  struct summary_sizes most = {SUMMARY_INTERFACES_MAX,    SUMMARY_TALKERS_MAX,
                               SUMMARY_CONVERSATIONS_MAX, SUMMARY_FIRST_SEEN_MAX,
                               SUMMARY_EDGES_MAX,         FANOUT_ENCODED_MAX,
                               FANOUT_ENCODED_MAX,        true};
  check_round_trip(SUMMARY_MINUTE, &most);
}

static void a_clone_of_the_rows_leaves_the_sketches_behind(void **state)
{
  (void)state;
  struct summary_sizes sizes = draw_sizes(SUMMARY_MINUTE);
  sizes.has_sketches = true;
  sizes.spreaders = 3;
  struct summary *s = make_summary(SUMMARY_MINUTE, &sizes);
  struct summary *whole = summary_clone(s);
  struct summary *rows = summary_clone_rows(s);
  assert_non_null(whole);
  assert_non_null(rows);
  assert_alike(s, whole);
  assert_null(rows->sketches);
  assert_null(rows->spreaders);
  assert_null(rows->victims);
  assert_int_equal(rows->spreaders_length + rows->victims_length, 0);
  /* Nothing else differs. */
  rows->sketches = s->sketches;
  rows->spreaders = s->spreaders;
  rows->victims = s->victims;
  rows->spreaders_length = s->spreaders_length;
  rows->victims_length = s->victims_length;
  assert_alike(s, rows);
  summary_free(s);
  summary_free(whole);
  summary_free(rows);
}

static void times_are_rounded_down_to_what_the_wire_tells(void **state)
{
  (void)state;
  static const struct {
    enum summary_kind kind;
    int64_t first, last, first_back, last_back; /* ns since the start */
  } rows[] = {
      {SUMMARY_SECOND, 0, 999999999, 0, 999999000},
      {SUMMARY_SECOND, 1999, 2001, 1000, 2000},
      {SUMMARY_SECOND, -1, 0, -1000, 0},
      {SUMMARY_MINUTE, 99999, 59999999999, 0, 59999900000},
      {SUMMARY_MINUTE, -100000, -1, -100000, -100000},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct summary *s = make_summary(rows[i].kind, &(struct summary_sizes){.conversations = 1});
    s->conversations[0].first_ns = s->start_ns + rows[i].first;
    s->conversations[0].last_ns = s->start_ns + rows[i].last;
    uint8_t *bytes = NULL;
    size_t length = 0;
    encode(s, &bytes, &length);
    struct summary *back = decode(bytes, length);
    assert_int_equal(back->conversations[0].first_ns - s->start_ns, rows[i].first_back);
    assert_int_equal(back->conversations[0].last_ns - s->start_ns, rows[i].last_back);
    free(bytes);
    summary_free(s);
    summary_free(back);
  }
}

static void a_summary_over_a_limit_is_not_encoded(void **state)
{
  (void)state;
  const struct summary_sizes over[] = {{.interfaces = SUMMARY_INTERFACES_MAX + 1},
                                       {.talkers = SUMMARY_TALKERS_MAX + 1},
                                       {.conversations = SUMMARY_SECOND_ROWS_MAX + 1},
                                       {.first_seen = SUMMARY_FIRST_SEEN_MAX + 1},
                                       {.edges = SUMMARY_EDGES_MAX + 1},
                                       {.spreaders = FANOUT_ENCODED_MAX + 1},
                                       {.victims = FANOUT_ENCODED_MAX + 1}};
  for (size_t i = 0; i < sizeof(over) / sizeof(over[0]); i++) {
    struct summary *s = make_summary(SUMMARY_SECOND, &over[i]);
    uint8_t *bytes = NULL;
    size_t length = 0;
    assert_int_equal(summary_encode(s, &bytes, &length), ERR_LIMIT);
    summary_free(s);
  }
}

static void sketches_of_another_size_or_seed_are_not_encoded(void **state)
{
  (void)state;
  for (int bend = 0; bend < 4; bend++) {
    struct summary *s = make_summary(SUMMARY_SECOND, &(struct summary_sizes){.has_sketches = true});
    switch (bend) {
    case 0:
      hll_init(&s->addresses, HLL_PRECISION_MINUTE, HASH_FLEET_SEED);
      break;
    case 1:
      hll_init(&s->sketches->servers, HLL_PRECISION_SECOND, HASH_FLEET_SEED + 1);
      break;
    case 2:
      entropy_init(&s->sketches->entropy[1], ENTROPY_BUCKETS_MINUTE, HASH_FLEET_SEED);
      break;
    default:
      entropy_init(&s->sketches->entropy[2], ENTROPY_BUCKETS_SECOND, HASH_FLEET_SEED + 1);
      break;
    }
    uint8_t *bytes = NULL;
    size_t length = 0;
    assert_int_equal(summary_encode(s, &bytes, &length), ERR_CONFLICT);
    summary_free(s);
  }
}

static void what_a_sensor_cannot_help_is_made_fit_on_the_way_out(void **state)
{
  (void)state;
  struct summary *s = make_summary(SUMMARY_SECOND, &(struct summary_sizes){.interfaces = 1});
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
  struct summary_sizes sizes = {.interfaces = 2,
                                .talkers = 3,
                                .conversations = 3,
                                .first_seen = 2,
                                .edges = 2,
                                .spreaders = 3,
                                .victims = 3,
                                .has_sketches = true};
  struct summary *s = make_summary(SUMMARY_MINUTE, &sizes);
  /* Small, so that all of it can be tried. */
  hll_init(&s->addresses, HLL_PRECISION_MINUTE, HASH_FLEET_SEED);
  hll_add(&s->addresses, random_draw(&seed));
  summary_sketches_init(s->sketches, SUMMARY_MINUTE);
  hll_add(&s->sketches->services, random_draw(&seed));
  entropy_add(&s->sketches->entropy[SUMMARY_ENTROPY_SERVERS], random_draw(&seed), 5);
  encode(s, bytes, length);
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
  /* Cut between two fields of the outermost message there is nothing to be seen, once the sketches
   * are in: fifteen fields come behind. */
  assert_true(accepted < 20);
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
  seed = random_seed();
  print_message("SEINE_TEST_SEED=%llu\n", (unsigned long long)seed);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_summaries_survive_the_round_trip),
      cmocka_unit_test(a_summary_with_every_row_at_its_limit_fits),
      cmocka_unit_test(a_clone_of_the_rows_leaves_the_sketches_behind),
      cmocka_unit_test(times_are_rounded_down_to_what_the_wire_tells),
      cmocka_unit_test(a_summary_over_a_limit_is_not_encoded),
      cmocka_unit_test(sketches_of_another_size_or_seed_are_not_encoded),
      cmocka_unit_test(what_a_sensor_cannot_help_is_made_fit_on_the_way_out),
      cmocka_unit_test(a_cut_summary_is_refused_or_lacks_only_its_last_fields),
      cmocka_unit_test(no_flipped_bit_does_harm),
      cmocka_unit_test(a_field_of_a_later_version_is_ignored),
      cmocka_unit_test(a_megabyte_of_tiny_fields_costs_bounded_memory),
      cmocka_unit_test(a_body_over_the_limit_is_refused_unread),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
