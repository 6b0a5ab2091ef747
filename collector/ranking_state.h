/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a ranking, shared by the files that count into it: ranking_count.c (conversations)
 * and ranking_hosts.c (hosts). Nobody else includes it. The life of a bucket: its sensors get
 * numbers, its rows are grouped (ranking_count.c), its hosts are counted from rows and groups
 * (ranking_hosts.c); then both are admitted to the tables below, where they stay until the answer
 * is made. */
#ifndef COLLECTOR_RANKING_STATE_H
#define COLLECTOR_RANKING_STATE_H

#include "collector/ranking_rows.h"
#include "collector/ranking_table.h"

#define RANKING_SENSORS_MAX 131072

/* Keys have no padding: they are compared as bytes. */
struct ranking_key {
  struct addr client, server;
  uint16_t server_port;
  uint8_t protocol;
  uint8_t zero;
};
_Static_assert(sizeof(struct ranking_key) == 36, "padding in a key");

struct ranking_port_key {
  uint16_t port;
  uint8_t protocol;
  uint8_t zero;
};
_Static_assert(sizeof(struct ranking_port_key) == 4, "padding in a key");

/* Items of the tables, each with its key in front. */
struct ranking_conversation_item {
  struct ranking_key key;
  bool is_confirmed; /* some witness saw who is the client */
  uint8_t tcp_flags_out, tcp_flags_in;
  uint8_t witnesses;
  uint32_t flows;
  struct counts out, in;
  int64_t first_ns, last_ns;
};

/* error = what a host absent from every record may have missed, plus adjustment. */
struct ranking_host_item {
  struct addr addr;
  struct counts tx, rx;
  uint64_t error_adjustment; /* wraps: may stand for a negative number */
};

struct ranking_port_item {
  struct ranking_port_key key;
  struct counts out, in;
  uint64_t flows;
};

struct ranking_sensor_item {
  char name[KEYS_NAME_MAX]; /* zero behind the NUL */
  uint64_t missable;        /* sum over its records: most bytes that a host absent there moved */
  uint64_t missable_fleet;  /* the same of all sensors, in the buckets that this one reported */
};

/* The tables are as large as they will ever be from the start: calloc's pages cost when touched. */
struct ranking {
  const char *(*owner)(void *context, const struct addr *a);
  void *context;
  struct ranking_table conversations, hosts, ports, sensors;
  uint64_t missable_fleet; /* over all buckets */
  struct ranking_totals totals;
  const void **order; /* room to sort any one table */
};

/* One conversation of a bucket, counted once. */
struct ranking_group {
  const struct summary_conversation *row; /* any of its rows: the key */
  struct counts out, in;
  int64_t first_ns, last_ns;
  uint32_t flows;
  uint8_t tcp_flags_out, tcp_flags_in;
  uint8_t witnesses;
  bool is_confirmed;
};

/* A bucket at work. */
struct ranking_bucket {
  struct ranking *ranking;
  const struct summary *const *parts;
  size_t part_count;
  uint32_t *sensor_of; /* part -> sensor's number */
  size_t sensor_count;
  const char **sensors; /* names in order */
  size_t row_count;     /* conversation rows of all parts */
  uint64_t *hidden;     /* part -> most bytes of one host that no row shows for certain */
  struct ranking_group *groups;
  size_t group_count;
};

#define RANKING_NO_SENSOR UINT32_MAX

/* The number of the sensor that owns a, when it reported the bucket; else RANKING_NO_SENSOR. */
uint32_t ranking_bucket_owner(const struct ranking_bucket *bucket, const struct addr *a);
/* Counts the bucket's hosts; its groups are there. ERR_NO_MEMORY, ERR_LIMIT (sensors). */
int ranking_bucket_hosts(const struct ranking_bucket *bucket);

#endif
