/* SPDX-License-Identifier: Apache-2.0 */
/* The conversations of an open interval: a bounded table of rows, flows merged by (client, server,
 * server_port, protocol). Pure. */
#ifndef SENSOR_WINDOW_ROWS_H
#define SENSOR_WINDOW_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/summary.h"
#include "sensor/flow_record.h"

struct window_rows;

/* capacity rows (at least 1), memory taken here. NULL without memory. */
struct window_rows *window_rows_new(size_t capacity);
void window_rows_free(struct window_rows *rows);

/* Adds a flow's delta to its row; flows: how many flows it counts as there. False when the row is
 * not there and the table is full: nothing changes. */
bool window_rows_add(struct window_rows *rows, const struct flow_record *flow, uint32_t flows);
size_t window_rows_count(const struct window_rows *rows);
/* Copies the n largest rows by bytes out + in (then by key), largest first; returns how many. */
size_t window_rows_top(struct window_rows *rows, struct summary_conversation *out, size_t n);
/* All rows in order of their keys. Borrowed until the next add; the table is sorted in place: only
 * window_rows_clear may follow. */
struct summary_conversation *window_rows_sort(struct window_rows *rows);
/* Counters of all rows. */
void window_rows_total(const struct window_rows *rows, struct counts *out, struct counts *in);
/* Empties the table; the rows that sort returned stay until the next add. */
void window_rows_clear(struct window_rows *rows);

#endif
