/* SPDX-License-Identifier: Apache-2.0 */
/* Random streams of fragments through tables of all sizes: each goes on once, in its second, with
 * its own ports or counted. A failure prints its seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sample_fragment.h"
#include "sensor/fragments.h"
#include "tests/unit/sample_random.h"

/* A stream of few datagrams, whose identifications come again and again, and a naive account of
 * what a table without limits makes of it. */
enum { HOSTS = 6, IDS = 8, STEPS = 200000 };

struct model {
  uint64_t in, out, later, with_ports; /* with_ports: of later ones, that came out */
  int64_t second_ns;
  bool is_known[HOSTS][IDS];
  int64_t used_ns[HOSTS][IDS];
  uint64_t waiting[HOSTS][IDS];
  uint64_t expected_with_ports;
};

#define MODEL_TIMEOUT_NS INT64_C(3000000000)

static void count_out(void *context, const struct packet *packet)
{
  struct model *model = context;
  model->out++;
  uint16_t port = (uint16_t)(1000 + sample_host(&packet->source));
  assert_true(packet->source_port == 0 || packet->source_port == port);
  assert_true(packet->time_ns >= model->second_ns);
  if (packet->is_flow_later_fragment) {
    model->with_ports += packet->source_port != 0;
  } else {
    assert_int_equal(packet->source_port, port);
  }
}

static void account(struct model *model, uint32_t host, uint32_t id, bool is_later, int64_t now_ns)
{
  bool *is_known = &model->is_known[host][id];
  *is_known = *is_known && now_ns - model->used_ns[host][id] <= MODEL_TIMEOUT_NS;
  if (is_later && !*is_known) {
    model->waiting[host][id]++;
    return;
  }
  *is_known = true;
  model->used_ns[host][id] = now_ns;
  model->expected_with_ports += is_later + model->waiting[host][id];
  model->waiting[host][id] = 0;
}

static void close_second(struct model *model, struct fragments *table, int64_t now_ns)
{
  fragments_expire(table, model->second_ns + NS_PER_S);
  assert_int_equal(model->in, model->out);
  memset(model->waiting, 0, sizeof(model->waiting));
  model->second_ns = now_ns / NS_PER_S * NS_PER_S;
}

/* A random stream through a table; returns what it counted. */
static struct fragments_counts run_model(struct model *model, struct fragments_config config)
{
  *model = (struct model){.in = 0};
  config.timeout_ns = MODEL_TIMEOUT_NS;
  config.release = count_out;
  config.context = model;
  struct fragments *table = fragments_new(&config);
  assert_non_null(table);
  int64_t now_ns = 0;
  for (unsigned step = 0; step < STEPS; step++) {
    now_ns += (int64_t)(next_random() % 50000000);
    if (now_ns >= model->second_ns + NS_PER_S) {
      close_second(model, table, now_ns);
    }
    uint32_t host = (uint32_t)(next_random() % HOSTS);
    uint32_t id = (uint32_t)(next_random() % IDS);
    struct packet packet =
        sample_fragment(host, id, next_random() % 8 == 0 ? FIRST : LATER, now_ns);
    account(model, host, id, packet.is_flow_later_fragment, now_ns);
    model->in++;
    model->later += packet.is_flow_later_fragment;
    if (fragments_take(table, &packet)) {
      count_out(model, &packet);
    }
  }
  fragments_finish(table);
  assert_int_equal(model->in, model->out);
  struct fragments_counts counts = fragments_counts_take(table);
  fragments_free(table);
  return counts;
}

static void every_fragment_goes_on_once_with_ports_or_counted(void **state)
{
  (void)state;
  static const struct fragments_config limits[] = {
      {.datagrams = 64, .held = 4096, .per_source = 64, .held_per_source = 4096},
      {.datagrams = 8, .held = 4, .per_source = 4, .held_per_source = 3},
      {.datagrams = 1, .held = 1, .per_source = 1, .held_per_source = 1},
      {.datagrams = 3, .held = 50, .per_source = 2, .held_per_source = 50},
  };
  for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
    struct model model;
    struct fragments_counts counts = run_model(&model, limits[i]);
    assert_int_equal(model.with_ports + counts.unmatched + counts.folded, model.later);
    assert_true(counts.unmatched > 0 && model.with_ports > 0);
    bool is_roomy = i == 0;
    assert_int_equal(counts.folded == 0, is_roomy);
    if (is_roomy) {
      assert_int_equal(model.with_ports, model.expected_with_ports);
    } else {
      assert_true(model.with_ports < model.expected_with_ports);
    }
  }
}

int main(void)
{
  choose_seed();
  const struct CMUnitTest tests[] = {
      FROM_SEED(every_fragment_goes_on_once_with_ports_or_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
