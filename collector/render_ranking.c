/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of `seine top` as JSON. */
#include <stdio.h>

#include "collector/render.h"

/* "" = no sensor. */
static json_t *render_sensor(const char *name)
{
  return name[0] != '\0' ? json_text(name) : json_null();
}

/* The rows of `seine top`: an owner without a name is null, not "". */
json_t *render_ranking_host(const struct ranking_host *row)
{
  return json_pack("{s:o, s:o, s:o, s:o, s:o}", "address", json_addr(&row->addr), "sensor",
                   render_sensor(row->sensor), "tx", json_counts(&row->tx), "rx",
                   json_counts(&row->rx), "error_bytes", json_u64(row->error_bytes));
}

/* Many hosts in one row are null: `::` is no address of theirs. */
static json_t *render_end(const struct addr *addr)
{
  return summary_addr_is_many(addr) ? json_null() : json_addr(addr);
}

json_t *render_ranking_conversation(const struct ranking_conversation *row)
{
  char protocol[8];
  const struct summary_conversation *c = &row->row;
  return json_pack("{s:o, s:o, s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:i, s:o, s:o}", "client",
                   render_end(&c->client), "server", render_end(&c->server), "server_port",
                   (int)c->server_port, "protocol", render_protocol(c->protocol, protocol),
                   "client_sensor", render_sensor(row->client_sensor), "server_sensor",
                   render_sensor(row->server_sensor), "out", json_counts(&c->out), "in",
                   json_counts(&c->in), "flows", json_u64(c->flows), "guessed", (int)c->is_guessed,
                   "witnesses", (int)row->witnesses, "first", json_time(c->first_ns), "last",
                   json_time(c->last_ns));
}

json_t *render_ranking_port(const struct ranking_port *row)
{
  char protocol[8];
  return json_pack("{s:i, s:s, s:o, s:o, s:o}", "port", (int)row->port, "protocol",
                   render_protocol(row->protocol, protocol), "out", json_counts(&row->out), "in",
                   json_counts(&row->in), "flows", json_u64(row->flows));
}

/* What it means for every number of the answer. */
static const char partial_rule[] =
    "; the sensors named in `partial` looked at a part of their traffic, and it was not "
    "multiplied: "
    "what stands on them lies below the truth by more than any bound here says";

/* factor: what one flow that was looked at stands for; capture.filter has none. */
void render_partial(json_t *answer, const struct partial *partial, const char *rule)
{
  json_t *array = json_array();
  for (size_t i = 0; i < partial->count; i++) {
    const struct partial_sensor *sensor = &partial->sensor[i];
    json_array_append_new(array,
                          json_pack("{s:o, s:o, s:b}", "sensor", json_text(sensor->name), "factor",
                                    json_u64(UINT64_C(1) << (sensor->sample_shift & 31U)),
                                    "filtered", (int)sensor->is_filtered));
  }
  bool is_any = partial_is_any(partial);
  json_object_set_new(answer, "partial", array);
  json_object_set_new(answer, "partial_limited", json_boolean(partial->is_cut));
  json_object_set_new(answer, "rule", json_sprintf("%s%s", rule, is_any ? partial_rule : ""));
}

/* Known names for what people know by name; 0 and 255 are numbers like any other. */
const char *render_protocol(uint8_t protocol, char out[8])
{
  static const struct {
    uint8_t number;
    const char *name;
  } names[] = {{1, "icmp"}, {6, "tcp"}, {17, "udp"}, {58, "icmpv6"}, {132, "sctp"}};
  (void)snprintf(out, 8, "%u", (unsigned)protocol);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (names[i].number == protocol) {
      (void)snprintf(out, 8, "%s", names[i].name);
    }
  }
  return out;
}
