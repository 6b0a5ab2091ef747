/* SPDX-License-Identifier: Apache-2.0 */
/* A ranking's memory, and its lists in order of size. How a bucket is counted: ranking_count.c.
 * Lists are sorted on demand through one array of pointers: an answer asks for one list or two. */
#include "collector/ranking.h"

#include <stdlib.h>
#include <string.h>

#include "collector/ranking_state.h"

const char ranking_rule[] =
    "each byte once: within a minute a direction is taken from the sensor of its source, else from "
    "the sensor of its destination, else from the largest observation (loopback: their sum); a "
    "host "
    "that has a sensor from that sensor alone";

/* More than 65,536 (port, protocol) pairs take a scan of everything; the rest are refused and
 * counted. */
#define PORTS_MAX 65536

/* Four tables and one array to sort them: the whole memory of an answer, asked for at once. */
struct ranking *ranking_new(size_t max_rows,
                            const char *(*owner)(void *context, const struct addr *a),
                            void *context)
{
  struct ranking *ranking = calloc(1, sizeof *ranking);
  if (ranking == NULL) {
    return NULL;
  }
  ranking->owner = owner;
  ranking->context = context;
  /* The bounds are fixed here for the ranking's whole life (P5). */
  size_t max = max_rows > 0 ? max_rows : 1;
  int err = ranking_table_init(&ranking->conversations, max, sizeof(struct ranking_key),
                               sizeof(struct ranking_conversation_item));
  err = err != 0 ? err
                 : ranking_table_init(&ranking->hosts, max, sizeof(struct addr),
                                      sizeof(struct ranking_host_item));
  err = err != 0 ? err
                 : ranking_table_init(&ranking->ports, PORTS_MAX, sizeof(struct ranking_port_key),
                                      sizeof(struct ranking_port_item));
  err = err != 0 ? err
                 : ranking_table_init(&ranking->sensors, RANKING_SENSORS_MAX, KEYS_NAME_MAX,
                                      sizeof(struct ranking_sensor_item));
  ranking->order = calloc(max > PORTS_MAX ? max : PORTS_MAX, sizeof *ranking->order);
  if (err != 0 || ranking->order == NULL) {
    ranking_free(ranking);
    return NULL;
  }
  return ranking;
}

void ranking_free(struct ranking *ranking)
{
  if (ranking == NULL) {
    return;
  }
  ranking_table_fini(&ranking->conversations);
  ranking_table_fini(&ranking->hosts);
  ranking_table_fini(&ranking->ports);
  ranking_table_fini(&ranking->sensors);
  free(ranking->order);
  free(ranking);
}

struct ranking_totals ranking_totals(const struct ranking *ranking)
{
  return ranking->totals;
}

/* Larger first: negative when a goes before b. */
static int compare_sizes(uint64_t a, uint64_t b)
{
  return (a < b) - (a > b);
}

/* Smaller first: only decides between rows of equal size. */
static int compare_numbers(int a, int b)
{
  return (a > b) - (a < b);
}

/* Ties end in the key, so that equal rows come in one order at every run. */
static int compare_conversations(const void *left, const void *right)
{
  const struct ranking_conversation_item *a =
      *(const struct ranking_conversation_item *const *)left;
  const struct ranking_conversation_item *b =
      *(const struct ranking_conversation_item *const *)right;
  int order = compare_sizes(a->out.bytes + a->in.bytes, b->out.bytes + b->in.bytes);
  order = order != 0 ? order : addr_compare(&a->key.client, &b->key.client);
  order = order != 0 ? order : addr_compare(&a->key.server, &b->key.server);
  order = order != 0 ? order : compare_numbers(a->key.server_port, b->key.server_port);
  return order != 0 ? order : compare_numbers(a->key.protocol, b->key.protocol);
}

/* By bytes both ways, then by address. */
static int compare_hosts(const void *left, const void *right)
{
  const struct ranking_host_item *a = *(const struct ranking_host_item *const *)left;
  const struct ranking_host_item *b = *(const struct ranking_host_item *const *)right;
  int order = compare_sizes(a->tx.bytes + a->rx.bytes, b->tx.bytes + b->rx.bytes);
  return order != 0 ? order : addr_compare(&a->addr, &b->addr);
}

/* By bytes both ways, then by port and protocol. */
static int compare_ports(const void *left, const void *right)
{
  const struct ranking_port_item *a = *(const struct ranking_port_item *const *)left;
  const struct ranking_port_item *b = *(const struct ranking_port_item *const *)right;
  int order = compare_sizes(a->out.bytes + a->in.bytes, b->out.bytes + b->in.bytes);
  order = order != 0 ? order : compare_numbers(a->key.port, b->key.port);
  return order != 0 ? order : compare_numbers(a->key.protocol, b->key.protocol);
}

/* Fills ranking->order with the table's items in order; returns how many the caller may take. */
static size_t ranking_sort(const struct ranking *ranking, const struct ranking_table *table,
                           int (*compare)(const void *, const void *), size_t n)
{
  for (size_t i = 0; i < table->count; i++) {
    ranking->order[i] = ranking_table_at(table, i);
  }
  /* qsort must not be given a null array. */
  if (table->count > 1) {
    qsort(ranking->order, table->count, sizeof *ranking->order, compare);
  }
  return table->count < n ? table->count : n;
}

/* Asked when the list is made, so that items need not hold names. */
static void name_owner(const struct ranking *ranking, const struct addr *a, char out[KEYS_NAME_MAX])
{
  const char *name = ranking->owner != NULL ? ranking->owner(ranking->context, a) : NULL;
  size_t length = name != NULL ? strnlen(name, KEYS_NAME_MAX - 1) : 0;
  if (length > 0) {
    memcpy(out, name, length);
  }
  out[length] = '\0';
}

size_t ranking_conversations(const struct ranking *ranking, struct ranking_conversation *out,
                             size_t n)
{
  size_t count = ranking_sort(ranking, &ranking->conversations, compare_conversations, n);
  for (size_t i = 0; i < count; i++) {
    const struct ranking_conversation_item *item = ranking->order[i];
    out[i] = (struct ranking_conversation){
        .row = {.client = item->key.client,
                .server = item->key.server,
                .server_port = item->key.server_port,
                .protocol = item->key.protocol,
                .is_guessed = !item->is_confirmed,
                .tcp_flags_out = item->tcp_flags_out,
                .tcp_flags_in = item->tcp_flags_in,
                .flows = item->flows,
                .out = item->out,
                .in = item->in,
                .first_ns = item->first_ns,
                .last_ns = item->last_ns},
        .witnesses = item->witnesses,
    };
    name_owner(ranking, &item->key.client, out[i].client_sensor);
    name_owner(ranking, &item->key.server, out[i].server_sensor);
  }
  return count;
}

/* What the host may have moved in records that do not show it, and the rest of its error. */
static uint64_t host_error(const struct ranking *ranking, const struct ranking_host_item *item,
                           const char sensor[KEYS_NAME_MAX])
{
  /* error_adjustment may be negative and wraps; the sum is right again. */
  uint64_t missable = ranking->missable_fleet;
  char key[KEYS_NAME_MAX] = {0};
  memcpy(key, sensor, strnlen(sensor, KEYS_NAME_MAX - 1));
  const struct ranking_sensor_item *own = ranking_table_find(&ranking->sensors, key);
  /* The bound of all sensors less that of the buckets in which its own reported, plus its own:
   * there only its own sensor can have missed it. */
  if (own != NULL) {
    missable = missable - own->missable_fleet + own->missable;
  }
  return missable + item->error_adjustment;
}

/* Sizes order the list, not upper bounds: what was surely moved comes first. */
size_t ranking_hosts(const struct ranking *ranking, struct ranking_host *out, size_t n)
{
  size_t count = ranking_sort(ranking, &ranking->hosts, compare_hosts, n);
  for (size_t i = 0; i < count; i++) {
    const struct ranking_host_item *item = ranking->order[i];
    out[i] = (struct ranking_host){.addr = item->addr, .tx = item->tx, .rx = item->rx};
    name_owner(ranking, &item->addr, out[i].sensor);
    out[i].error_bytes = host_error(ranking, item, out[i].sensor);
  }
  return count;
}

size_t ranking_ports(const struct ranking *ranking, struct ranking_port *out, size_t n)
{
  size_t count = ranking_sort(ranking, &ranking->ports, compare_ports, n);
  for (size_t i = 0; i < count; i++) {
    const struct ranking_port_item *item = ranking->order[i];
    out[i] = (struct ranking_port){.port = item->key.port,
                                   .protocol = item->key.protocol,
                                   .out = item->out,
                                   .in = item->in,
                                   .flows = item->flows};
  }
  return count;
}
