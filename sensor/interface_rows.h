/* SPDX-License-Identifier: Apache-2.0 */
/* The interfaces' rows of the open second and the open minute. Pure.
 *
 * Every known interface has a row in every record, until it is retired: then only while something
 * is left to tell, and its place is free for another name after the minute. has_kernel is true when
 * each sample of the second (each second of the minute) had kernel counters; one that has none adds
 * none. */
#ifndef SENSOR_INTERFACE_ROWS_H
#define SENSOR_INTERFACE_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/summary.h"

struct interface_rows;

/* NULL without memory. */
struct interface_rows *interface_rows_new(void);
void interface_rows_free(struct interface_rows *rows);

/* The index of the name, a new one if need be. ERR_LIMIT: more than SUMMARY_INTERFACES_MAX, or the
 * name is empty or too long. */
int interface_rows_add(struct interface_rows *rows, const char *name);
/* The interface will not come again under this name, as far as the caller knows. Adding the name
 * once more takes that back. */
void interface_rows_retire(struct interface_rows *rows, unsigned index);
/* A frame was captured. An unknown index is a bug of the caller. */
void interface_rows_frame(struct interface_rows *rows, unsigned index, uint32_t wire_bytes,
                          bool is_own);
/* Kernel counters, drops and state over a part of the open second. */
void interface_rows_sample(struct interface_rows *rows, unsigned index,
                           const struct summary_interface *sample);
/* Whether a sample came in the open second. */
bool interface_rows_is_sampled(const struct interface_rows *rows);
/* The rows of the second that ends, added to the minute's; borrowed until the next call. */
struct summary_interface *interface_rows_close_second(struct interface_rows *rows, size_t *count);
struct summary_interface *interface_rows_close_minute(struct interface_rows *rows, size_t *count);

#endif
