/* SPDX-License-Identifier: Apache-2.0 */
/* Composes the real pipeline and store the way the collector does, by hand and in virtual time. */
#include "answers_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collector_samples.h"
#include "common/clock.h"
#include "common/hash.h"

static void on_window(void *context, const struct fleet_window *window)
{
  struct fixture *fixture = context;
  struct err_message message;
  struct store_window sums;
  store_window_of(window, &sums);
  assert_int_equal(store_begin(fixture->store, &message), 0);
  assert_int_equal(store_put_window(fixture->store, &sums), 0);
  assert_int_equal(store_commit(fixture->store, &message), 0);
}

static void on_record(void *context, const struct summary *summary)
{
  struct fixture *fixture = context;
  assert_true(fixture->pending_count < FIXTURE_PENDING_MAX);
  fixture->pending[fixture->pending_count++] = summary_clone(summary);
}

static void on_alert(void *context, const struct alert *alert)
{
  struct fixture *fixture = context;
  struct err_message message;
  assert_int_equal(store_put_alert(fixture->store, alert, &message), 0);
}

static void unstored_each(void *context, void (*each)(void *each_context, const struct summary *s),
                          void *each_context)
{
  struct fixture *fixture = context;
  for (size_t i = 0; i < fixture->pending_count; i++) {
    each(each_context, fixture->pending[i]);
  }
}

struct fixture *fixture_new(const char *settings)
{
  struct fixture *fixture = calloc(1, sizeof *fixture);
  struct conf_errors errors = {NULL, 0};
  struct err_message message = {""};
  assert_non_null(fixture);
  (void)snprintf(fixture->folder, sizeof fixture->folder, "%s", sample_folder());
  assert_int_equal(collector_settings_load_text("t.yaml", settings, &fixture->settings, &errors),
                   0);
  assert_int_equal(store_open(fixture->folder, &fixture->store, &message), 0);
  const struct pipeline_sinks sinks = {fixture, on_window, on_record, on_alert};
  fixture->pipeline = pipeline_new(&fixture->settings, true, &sinks);
  assert_non_null(fixture->pipeline);
  fixture->now_ns = FIXTURE_BASE_NS;
  fixture->queries = (struct queries){.pipeline = fixture->pipeline,
                                      .store = fixture->store,
                                      .settings = &fixture->settings,
                                      .started_ns = FIXTURE_BASE_NS - 7 * NS_PER_S,
                                      .unstored_each = unstored_each,
                                      .context = fixture};
  return fixture;
}

void fixture_free(struct fixture *fixture)
{
  pipeline_free(fixture->pipeline);
  store_close(fixture->store);
  for (size_t i = 0; i < fixture->pending_count; i++) {
    summary_free(fixture->pending[i]);
  }
  collector_settings_free(&fixture->settings);
  sample_folder_remove(fixture->folder);
  free(fixture);
}

void fixture_hello(struct fixture *fixture, const char *sensor, uint64_t boot_id,
                   const char *address)
{
  struct message_hello *hello = calloc(1, sizeof *hello);
  assert_non_null(hello);
  hello->version = MESSAGE_VERSION;
  (void)snprintf(hello->name, sizeof hello->name, "%s", sensor);
  hello->boot_id = boot_id;
  hello->next_sequence = fixture->sequence + 1;
  hello->address_count = 1;
  assert_int_equal(addr_parse(address, &hello->address[0]), 0);
  assert_int_equal(pipeline_hello(fixture->pipeline, hello, fixture->now_ns), 0);
  free(hello);
}

struct summary_conversation fixture_row(const char *client, const char *server, uint16_t port,
                                        uint64_t out, uint64_t in)
{
  struct summary_conversation row = {.server_port = port,
                                     .protocol = 6,
                                     .flows = 1,
                                     .out = {out / 100, out, out / 2},
                                     .in = {in / 100, in, in / 2}};
  assert_int_equal(addr_parse(client, &row.client), 0);
  assert_int_equal(addr_parse(server, &row.server), 0);
  return row;
}

void fixture_record(struct fixture *fixture, const char *sensor, uint64_t boot_id,
                    enum summary_kind kind, int64_t start_ns,
                    const struct summary_conversation *row)
{
  struct summary_conversation rows[1] = {*row};
  struct summary_interface interface = {.name = "eth0", .is_up = true};
  struct summary *s = calloc(1, sizeof *s);
  assert_non_null(s);
  bool is_second = kind == SUMMARY_SECOND;
  summary_init(s);
  (void)snprintf(s->sensor, sizeof s->sensor, "%s", sensor);
  s->boot_id = boot_id;
  s->sequence = ++fixture->sequence;
  s->kind = kind;
  s->start_ns = start_ns;
  s->length_ns = is_second ? NS_PER_S : NS_PER_MINUTE;
  hll_init(&s->addresses, is_second ? HLL_PRECISION_SECOND : HLL_PRECISION_MINUTE, HASH_FLEET_SEED);
  rows[0].first_ns = start_ns;
  rows[0].last_ns = start_ns + s->length_ns - 1;
  const struct host *server = hosts_owner(pipeline_hosts(fixture->pipeline), &row->server);
  bool is_server = server != NULL && strcmp(server->name, sensor) == 0;
  s->traffic[SUMMARY_TX][SUMMARY_TCP] = is_server ? row->in : row->out;
  s->traffic[SUMMARY_RX][SUMMARY_TCP] = is_server ? row->out : row->in;
  s->traffic[SUMMARY_LOCAL][SUMMARY_TCP].bytes = fixture->local_bytes;
  s->traffic[SUMMARY_TX][SUMMARY_TCP].bytes += 2 * fixture->fleet_bytes;
  s->fleet_traffic[SUMMARY_TX][SUMMARY_TCP].bytes = fixture->fleet_bytes;
  s->has_fleet = fixture->fleet_bytes > 0;
  s->ledger.frames = row->out.packets + row->in.packets;
  interface.captured_packets = s->ledger.frames;
  interface.captured_bytes = row->out.bytes + row->in.bytes;
  s->interfaces = &interface;
  s->interface_count = 1;
  s->conversations = rows;
  s->conversation_count = 1;
  if (fixture->more != NULL) {
    fixture->more(s);
  }
  int64_t end_ns = start_ns + s->length_ns;
  fixture->now_ns = end_ns > fixture->now_ns ? end_ns : fixture->now_ns;
  assert_int_equal(pipeline_record(fixture->pipeline, s, false, fixture->now_ns), 0);
  free(s);
}

void fixture_tick(struct fixture *fixture, int64_t now_ns)
{
  fixture->now_ns = now_ns;
  pipeline_tick(fixture->pipeline, now_ns);
}

void fixture_store(struct fixture *fixture)
{
  struct err_message message;
  assert_int_equal(store_begin(fixture->store, &message), 0);
  for (size_t i = 0; i < fixture->pending_count; i++) {
    size_t length = 0;
    uint8_t *bytes = sample_encode(fixture->pending[i], &length);
    assert_int_equal(store_put_record(fixture->store, fixture->pending[i], bytes, length), 0);
    free(bytes);
    summary_free(fixture->pending[i]);
  }
  fixture->pending_count = 0;
  assert_int_equal(store_commit(fixture->store, &message), 0);
}

/* Parameters cut at '=' and '&' in place. */
struct parameters {
  char text[256];
  size_t length;
};

static const char *get_parameter(void *context, const char *name)
{
  const struct parameters *parameters = context;
  for (size_t at = 0; at < parameters->length; at += strlen(parameters->text + at) + 1) {
    const char *text = parameters->text + at;
    const char *value = text + strlen(text) + 1;
    if (strcmp(text, name) == 0) {
      return value;
    }
    at += strlen(text) + 1;
  }
  return NULL;
}

json_t *fixture_ask(struct fixture *fixture, const char *path, const char *text, int status)
{
  struct parameters parameters = {.length = strlen(text)};
  json_t *answer = NULL;
  assert_true(parameters.length < sizeof parameters.text);
  for (size_t i = 0; i < parameters.length; i++) {
    bool is_cut = text[i] == '=' || text[i] == '&';
    parameters.text[i] = (char)(is_cut ? '\0' : text[i]);
  }
  int found =
      queries_answer(&fixture->queries, path, get_parameter, &parameters, fixture->now_ns, &answer);
  if (found != status) {
    print_error("%s?%s: %d: %s\n", path, text, found, json_get_text(answer, "error", ""));
  }
  assert_int_equal(found, status);
  assert_non_null(answer);
  return answer;
}
