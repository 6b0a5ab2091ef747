/* SPDX-License-Identifier: Apache-2.0 */
/* Values and folders that the collector's tests share. */
#ifndef TESTS_UNIT_COLLECTOR_SAMPLES_H
#define TESTS_UNIT_COLLECTOR_SAMPLES_H

#include "collector/alerts.h"
#include "proto/summary.h"

/* A new empty folder; the path lives until the next call. Removed by sample_folder_remove. */
const char *sample_folder(void);
void sample_folder_remove(const char *folder);
/* The path of a file in the folder; lives until the next call. */
const char *sample_path(const char *folder, const char *name);
/* Writes a file with the mode. */
void sample_write(const char *path, const char *text, unsigned mode);

/* A firing alert of the threshold detector about subject. */
struct alert sample_alert(const char *id, const char *subject);
/* A record of one sensor with two conversations and one talker, encoded as it travels; the caller
 * frees both. */
struct summary *sample_summary(const char *sensor, enum summary_kind kind, int64_t start_ns,
                               uint64_t sequence);
uint8_t *sample_encode(const struct summary *s, size_t *length);

#endif
