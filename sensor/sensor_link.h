/* SPDX-License-Identifier: Apache-2.0 */
/* The sensor's line to the collector: the bus link on the loop, publish above it, and the watchdog
 * that opens a new socket when the old one is dead. */
#ifndef SENSOR_SENSOR_LINK_H
#define SENSOR_SENSOR_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/run/loop.h"
#include "proto/message.h"
#include "sensor/meter.h"
#include "sensor/publish.h"
#include "sensor/settings.h"

struct link;

/* Loads the key file, starts to connect. message names the key file or the endpoint. Borrows
 * settings and loop. */
int link_new(struct loop *loop, const struct sensor_settings *settings, uint64_t boot_id,
             struct link **out, struct err_message *message);
/* Says BYE when connected, closes. */
void link_free(struct link *link);
void link_describe(struct link *link, const struct message_hello *hello);
void link_summary(struct link *link, struct summary *s);
/* Call about once a second. */
void link_tick(struct link *link);
/* Everything published is acknowledged. */
bool link_is_drained(const struct link *link);
struct publish_stats link_stats(const struct link *link);
/* How many connections there were: it grows with each. */
unsigned link_connections(const struct link *link);
/* The collector's addresses as resolved now (a blocking look-up of its name); returns how many were
 * written. */
size_t link_endpoints(const struct link *link, struct meter_endpoint *out, size_t max);

#endif
