/* SPDX-License-Identifier: Apache-2.0 */
/* The sensor's taps: one live capture for each chosen interface, followed as interfaces come and
 * go, with the kernel's counters beside what was captured. */
#ifndef SENSOR_SENSOR_CAPTURE_H
#define SENSOR_SENSOR_CAPTURE_H

#include <stdint.h>

#include "common/err.h"
#include "common/run/loop.h"
#include "sensor/meter.h"
#include "sensor/settings.h"

struct taps;

/* Opens the captures that the settings name. An interface that is named and not there, or may not
 * be captured, is an error that names it; with `auto` at least one must be found. Borrows all. */
int taps_new(struct loop *loop, struct meter *meter, const struct sensor_settings *settings,
             struct taps **out, struct err_message *message);
void taps_free(struct taps *taps);
/* Samples the kernel's counters and hands the deltas to the meter: call right at the end of a
 * second. */
void taps_sample(struct taps *taps);
/* Reads what every ring holds now. */
void taps_drain(struct taps *taps);
/* Opens what has come (again), drops what has gone: call about once a second. */
void taps_follow(struct taps *taps);
/* Keeps the flows of one address pair in 2^shift from now on, on every capture and those that open
 * later; 0: all. One that cannot be sampled goes on as it was, and says so. Returns whether any
 * took it. */
bool taps_set_sampling(struct taps *taps, unsigned shift);
/* Names of the open captures; borrowed. Returns how many. */
size_t taps_names(const struct taps *taps, const char **out, size_t max);

#endif
