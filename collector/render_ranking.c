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
