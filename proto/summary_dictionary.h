/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of a record, each once: rows name them by a number of a byte or two.
 *
 *   number   0    1 ... v4_count    v4_count + 1 ... count
 *            ::   IPv4, ascending   IPv6, ascending
 *
 * IPv4 travels as differences (a byte or two among neighbours, four at random), IPv6 as what it
 * does not share with the one before. Internal to the codec. */
#ifndef PROTO_SUMMARY_DICTIONARY_H
#define PROTO_SUMMARY_DICTIONARY_H

#include "common/err.h"
#include "proto/arena.h"
#include "proto/summary_columns.h"

struct dictionary {
  const struct addr *entry; /* number n is entry[n - 1] */
  size_t count, v4_count;
};

/* How much room dictionary_build needs: an entry for each address of each row, and one more. */
size_t dictionary_room(const struct summary *s);
/* All addresses of s's rows, in scratch, which stays the dictionary's. Takes no memory. */
void dictionary_build(struct dictionary *dictionary, const struct summary *s, struct addr *scratch);
/* The number of an address that was in s; 0 for `::`. */
size_t dictionary_find(const struct dictionary *dictionary, const struct addr *a);
/* NULL when it is not there. */
const struct addr *dictionary_at(const struct dictionary *dictionary, uint64_t number);
/* Its message, in the arena; NULL when there are no addresses, or no room. is_measuring: lengths
 * without bytes. */
Seine__Summary__Addresses *dictionary_pack(const struct dictionary *dictionary, bool is_measuring,
                                           struct arena *arena);
/* And back (wire may be NULL): at most `limit` entries. ERR_LIMIT, ERR_MALFORMED (out of order, not
 * of the family, cut), ERR_NO_MEMORY. */
int dictionary_unpack(struct dictionary *dictionary, const Seine__Summary__Addresses *wire,
                      size_t limit, struct arena *arena, struct err_message *message);

#endif
