/* SPDX-License-Identifier: Apache-2.0 */
/* How many slips of the finger lie between two words: for messages that name the nearest known one.
 *
 * Source: optimal string alignment, Damerau, "A technique for computer detection and correction of
 * spelling errors", CACM 1964: insertion, deletion, change, and a swap of neighbours, each 1. */
#ifndef COMMON_EDIT_DISTANCE_H
#define COMMON_EDIT_DISTANCE_H

#include <stddef.h>

/* Only so many bytes of either word are looked at. */
#define EDIT_DISTANCE_MAX 64

size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length);

#endif
