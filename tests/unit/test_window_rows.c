/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations under pressure: rows that are shown are whole, all the rest is folded, and the
 * totals are exact at any load. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "sensor/window.h"
#include "tests/unit/sample_deltas.h"

#define SEED     UINT64_C(20240607)
#define CLIENTS  400
#define SERVERS  6
#define PORTS    4
#define PAIRS    (CLIENTS * SERVERS * PORTS)
#define MANY_ROW SIZE_MAX

static const struct addr many;

static struct window *new_window(enum summary_kind kind, size_t conversations, size_t rows)
{
  struct window_limits limits = {8, conversations, rows};
  struct window *window = window_new(kind, &limits);
  assert_non_null(window);
  return window;
}

/* What was fed, by conversation. */
struct truth {
  struct counts out[PAIRS], in[PAIRS];
  uint32_t flows[PAIRS], attempts[PAIRS], failed[PAIRS];
  struct counts all_out, all_in;
};

static size_t pair_of(uint32_t client, uint32_t server, uint32_t port)
{
  return (client * SERVERS + server) * PORTS + port;
}

static void feed(struct window *window, uint64_t *random, size_t count, struct truth *truth)
{
  for (size_t i = 0; i < count; i++) {
    uint32_t client = sample_zipf(random, CLIENTS);
    uint32_t server = sample_zipf(random, SERVERS);
    uint32_t port = sample_below(random, PORTS);
    struct flow_delta delta =
        sample_delta(1000 + client, 1 + server, (uint16_t)(80 + port),
                     1 + sample_below(random, 3000), sample_below(random, 400));
    delta.is_first_in_span = sample_below(random, 2) == 0;
    delta.tcp.is_attempt = sample_below(random, 3) == 0;
    delta.tcp.is_refused = sample_below(random, 5) == 0;
    window_flow(window, &delta);
    size_t pair = pair_of(client, server, port);
    counts_add(&truth->out[pair], &delta.flow.out);
    counts_add(&truth->in[pair], &delta.flow.in);
    counts_add(&truth->all_out, &delta.flow.out);
    counts_add(&truth->all_in, &delta.flow.in);
    truth->flows[pair] += delta.is_first_in_span;
    truth->attempts[pair] += delta.tcp.is_attempt;
    truth->failed[pair] += delta.tcp.is_refused;
  }
}

/* Which conversation a row is; MANY_ROW for one of many. */
static size_t pair_of_row(const struct summary_conversation *row)
{
  if (summary_conversation_is_folded(row)) {
    return MANY_ROW;
  }
  return pair_of(sample_host(&row->client) - 1000, sample_host(&row->server) - 1,
                 row->server_port - 80U);
}

static void assert_counts(const struct counts *a, const struct counts *b)
{
  assert_memory_equal(a, b, sizeof *a);
}

/* The property: each row is whole, and rows and totals together are all that was fed. */
static size_t assert_whole(const struct summary *s, const struct truth *truth)
{
  struct counts out = s->folded_out;
  struct counts in = s->folded_in;
  size_t own = 0;
  for (size_t i = 0; i < s->conversation_count; i++) {
    const struct summary_conversation *row = &s->conversations[i];
    counts_add(&out, &row->out);
    counts_add(&in, &row->in);
    size_t pair = pair_of_row(row);
    if (pair != MANY_ROW) {
      own++;
      assert_counts(&row->out, &truth->out[pair]);
      assert_counts(&row->in, &truth->in[pair]);
      assert_int_equal(row->attempts, truth->attempts[pair]);
      assert_int_equal(row->failed, truth->failed[pair]);
      assert_true(s->kind == SUMMARY_SECOND || row->flows == truth->flows[pair]);
    }
  }
  assert_counts(&out, &truth->all_out);
  assert_counts(&in, &truth->all_in);
  return own;
}

static void totals_are_exact_and_rows_whole_at_any_load(void **state)
{
  (void)state;
  const size_t limits[][2] = {{1, 0}, {3, 7}, {10, 40}, {30, 300}, {56, 9000}};
  struct truth *truth = malloc(sizeof *truth);
  assert_non_null(truth);
  for (size_t round = 0; round < 40; round++) {
    const size_t *limit = limits[round % 5];
    uint64_t random = SEED + round;
    enum summary_kind kind = round % 2 == 0 ? SUMMARY_SECOND : SUMMARY_MINUTE;
    struct window *window = new_window(kind, limit[0], limit[1]);
    for (unsigned interval = 0; interval < 3; interval++) {
      *truth = (struct truth){0};
      feed(window, &random, sample_below(&random, 20000), truth);
      struct summary s;
      window_close(window, 0, &s);
      assert_true(assert_whole(&s, truth) <= limit[0]);
    }
    window_free(window);
  }
  free(truth);
}

/* Each conversation comes once, as flows do within a second. */
static void the_largest_single_flows_survive_any_storm(void **state)
{
  (void)state;
  struct window *window = new_window(SUMMARY_SECOND, 10, 40);
  uint64_t random = SEED;
  for (uint32_t i = 0; i < 20000; i++) {
    bool is_heavy = i % 2000 == 1234;
    struct flow_delta delta =
        sample_delta(5000 + i, 1, 80, is_heavy ? 100000 + i : 40 + sample_below(&random, 2000), 0);
    window_flow(window, &delta);
  }
  struct summary s;
  window_close(window, 0, &s);
  size_t own = 0;
  for (size_t i = 0; i < s.conversation_count; i++) {
    if (!summary_addr_is_many(&s.conversations[i].client)) {
      uint32_t n = 1234 + 2000 * (9 - (uint32_t)own++);
      assert_int_equal(sample_host(&s.conversations[i].client), 5000 + n);
    }
  }
  assert_int_equal(own, 10);
  window_free(window);
}

static bool is_ours(void *context, const struct addr *addr)
{
  return sample_host(addr) == *(const uint32_t *)context;
}

/* The first host talks to the others' port 443, and serves port 80 to them. */
static void what_is_folded_folds_by_the_side_that_is_here(void **state)
{
  (void)state;
  uint32_t here = 1;
  struct window *window = new_window(SUMMARY_SECOND, 1, 0);
  window_set_local(window, is_ours, &here);
  for (uint32_t i = 0; i < 500; i++) {
    struct flow_delta delta = sample_delta(1, 1000 + i, 443, 10, 20);
    delta.tcp.handshake_us = 900 - i;
    window_flow(window, &delta);
    delta = sample_delta(1000 + i, 1, 80, 1, 2);
    delta.flow.is_guessed = i != 77;
    delta.tcp.is_half_open = true;
    window_flow(window, &delta);
  }
  struct summary s;
  window_close(window, 0, &s);
  /* By bytes; of the two rows of many only one is shown beside one conversation. */
  assert_in_range(s.conversation_count, 1, 2);
  const struct summary_conversation *row = &s.conversations[0];
  assert_int_equal(sample_host(&row->client), 1);
  assert_true(summary_addr_is_many(&row->server));
  assert_int_equal(row->server_port, 443);
  assert_int_equal(row->protocol, SAMPLE_TCP);
  assert_in_range(row->flows, 498, 500);
  assert_in_range(row->handshake_us, 401, 403);
  assert_true(s.folded_out.packets >= 498);
  window_free(window);
}

static void without_own_addresses_folds_go_by_server(void **state)
{
  (void)state;
  struct window *window = new_window(SUMMARY_MINUTE, 1, 0);
  for (uint32_t i = 0; i < 500; i++) {
    struct flow_delta delta = sample_delta(1000 + i, 1, 80, 1, 2);
    delta.flow.is_guessed = i != 77;
    delta.flow.first_ns = 1000 - i;
    delta.flow.last_ns = 2000 + i;
    delta.tcp.is_half_open = true;
    delta.tcp.retransmitted_in = 2;
    window_flow(window, &delta);
  }
  struct summary s;
  window_close(window, 0, &s);
  const struct summary_conversation *row = &s.conversations[0];
  assert_true(summary_addr_is_many(&row->client));
  assert_int_equal(sample_host(&row->server), 1);
  assert_in_range(row->flows, 499, 500);
  assert_in_range(row->failed, 499, 500);
  assert_in_range(row->retransmitted, 998, 1000);
  assert_false(row->is_guessed);
  assert_in_range(row->first_ns, 501, 502);
  assert_in_range(row->last_ns, 2498, 2499);
  assert_int_equal(row->second_max_bytes, 0);
  window_free(window);
}

/* A host that has no address yet is nobody, and has no row of its own. */
static void the_unspecified_address_is_always_folded(void **state)
{
  (void)state;
  struct window *window = new_window(SUMMARY_SECOND, 10, 0);
  struct flow_delta delta = sample_delta(1, 2, 0, 10, 0);
  delta.flow.client = many;
  window_flow(window, &delta);
  window_flow(window, &delta);
  struct summary s;
  window_close(window, 0, &s);
  assert_int_equal(s.conversation_count, 1);
  assert_int_equal(s.conversations[0].out.bytes, 20);
  assert_int_equal(s.ledger.rows_folded, 2);
  window_free(window);
}

static int compare_bytes(const void *a, const void *b)
{
  uint64_t x = *(const uint64_t *)a;
  uint64_t y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

/* Two flows of the conversation in each busy second; quiet seconds in between. */
static void a_minute_knows_the_seconds_of_a_conversation(void **state)
{
  (void)state;
  uint64_t random = SEED;
  struct window *second = new_window(SUMMARY_SECOND, 4, 0);
  struct window *minute = new_window(SUMMARY_MINUTE, 4, 0);
  for (unsigned busy = 0; busy <= 60; busy += 4) {
    uint64_t bytes[60] = {0};
    for (unsigned i = 0; i < 60; i++) {
      struct summary s;
      for (unsigned flow = 0; flow < 2 && i < busy; flow++) {
        struct flow_delta delta = sample_delta(1, 2, 80, 50 + sample_below(&random, 5000), 7);
        bytes[i] += delta.flow.out.bytes + delta.flow.in.bytes;
        window_flow(second, &delta);
        window_flow(minute, &delta);
      }
      window_close(second, 0, &s);
      window_second(minute, second, &s);
    }
    struct summary s;
    window_close(minute, 0, &s);
    assert_int_equal(s.conversation_count, busy > 0);
    qsort(bytes, 60, sizeof bytes[0], compare_bytes);
    if (busy > 0) {
      assert_int_equal(s.conversations[0].second_max_bytes, bytes[59]);
      assert_int_equal(s.conversations[0].second_p95_bytes, bytes[56]);
      assert_int_equal(s.conversations[0].second_min_bytes, bytes[60 - busy]);
    }
  }
  window_free(second);
  window_free(minute);
}

/* What a row's `failed` says of one attempt, as the answer comes in the same second, in a later one
 * of the minute, or in the next minute. */
static void a_failure_is_withdrawn_within_its_minute_alone(void **state)
{
  (void)state;
  struct window *second = new_window(SUMMARY_SECOND, 4, 0);
  struct window *minute = new_window(SUMMARY_MINUTE, 4, 0);
  struct summary s;
  struct flow_delta attempt = sample_delta(1, 2, 80, 60, 0);
  attempt.tcp = (struct flow_tcp){.is_attempt = true, .is_half_open = true};
  struct flow_delta answer = sample_delta(1, 2, 80, 60, 60);
  answer.tcp = (struct flow_tcp){.is_answered = true, .is_withdrawn = true};
  for (unsigned case_of = 0; case_of < 2; case_of++) {
    bool is_next_minute = case_of == 1;
    window_flow(second, &attempt);
    window_flow(minute, &attempt);
    window_close(second, 0, &s);
    assert_int_equal(s.conversations[0].failed, 1);
    assert_int_equal(s.tcp.half_open, 1);
    window_second(minute, second, &s);
    if (is_next_minute) {
      window_close(minute, 0, &s);
      assert_int_equal(s.conversations[0].failed, 1);
    }
    answer.is_first_in_span = is_next_minute;
    answer.has_begun_in_span = !is_next_minute;
    if (is_next_minute) {
      /* Another flow's failure, in this minute: it stays. */
      window_flow(minute, &attempt);
    }
    window_flow(second, &answer);
    window_flow(minute, &answer);
    window_close(second, 0, &s);
    assert_int_equal(s.conversations[0].failed, 0);
    assert_int_equal(s.tcp.withdrawn, 1);
    window_second(minute, second, &s);
    window_close(minute, 0, &s);
    assert_int_equal(s.conversations[0].failed, is_next_minute ? 1 : 0);
    assert_int_equal(s.tcp.half_open, is_next_minute ? 0 : 1);
    assert_int_equal(s.tcp.withdrawn, 1);
  }
  window_free(second);
  window_free(minute);
}

int main(void)
{
  print_message("seed %llu\n", (unsigned long long)SEED);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(totals_are_exact_and_rows_whole_at_any_load),
      cmocka_unit_test(the_largest_single_flows_survive_any_storm),
      cmocka_unit_test(what_is_folded_folds_by_the_side_that_is_here),
      cmocka_unit_test(without_own_addresses_folds_go_by_server),
      cmocka_unit_test(the_unspecified_address_is_always_folded),
      cmocka_unit_test(a_minute_knows_the_seconds_of_a_conversation),
      cmocka_unit_test(a_failure_is_withdrawn_within_its_minute_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
