/* SPDX-License-Identifier: Apache-2.0 */
/* What the sensor says of its own cost (P10), and the random numbers it starts with. */
#ifndef SENSOR_SELF_H
#define SENSOR_SELF_H

#include <stdint.h>

/* User and system time of this process since its start; 0 when the system will not say. */
int64_t self_cpu_ns(void);
/* Resident memory now; 0 when /proc is not there. */
uint64_t self_resident_bytes(void);
/* A random number that is never 0. */
uint64_t self_random(void);

#endif
