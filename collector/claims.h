/* SPDX-License-Identifier: Apache-2.0 */
/* Whose address is whose: how many sensors claim an address, and which one when it is only one.
 * Pure.
 *
 * Each entry keeps the number of claims and the exclusive or of the claimants' numbers: with one
 * claim left that is the claimant itself, whatever the order in which claims came and went.
 *
 *   claims  0          1                  2 or more
 *   means   outside    that sensor's      shared: a docker bridge, a virtual address on its way
 *
 * Ambiguous addresses own nothing: bytes that nobody can be asked for are told as a bound (P1). */
#ifndef COLLECTOR_CLAIMS_H
#define COLLECTOR_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"

struct claims;

/* NULL without memory. */
struct claims *claims_new(void);
void claims_free(struct claims *claims);

/* Addresses that many hosts have by nature (loopback, link-local, multicast, unspecified). */
bool claims_is_shared(const struct addr *a);
/* A sensor claims an address once at most; shared ones are left out. ERR_NO_MEMORY. */
int claims_add(struct claims *claims, const struct addr *a, uint32_t sensor);
/* Takes back a claim that was made. */
void claims_remove(struct claims *claims, const struct addr *a, uint32_t sensor);
/* The number of claims; *sensor is the claimant when it is 1. */
uint32_t claims_find(const struct claims *claims, const struct addr *a, uint32_t *sensor);

#endif
