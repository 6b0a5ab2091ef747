/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded table of items that begin with their key, for one answer: open addressing over items
 * that lie one behind the other in the order of their arrival. Nothing is ever removed.
 *
 *   slots  [0][3][0][1][0][2][0][0]      1 + number of the item, found by the key's hash
 *   items  [key|...][key|...][key|...]   in the order of arrival: what a list is sorted from */
#ifndef COLLECTOR_RANKING_TABLE_H
#define COLLECTOR_RANKING_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct ranking_table {
  size_t key_size, item_size;
  size_t count, max;
  size_t mask;     /* slots - 1 */
  uint8_t *items;  /* max x item_size */
  uint32_t *slots; /* 1 + the item's number; 0: free */
};

/* item_size is a multiple of the item's alignment, as sizeof is. ERR_NO_MEMORY; then, and on a
 * zeroed table, _fini does nothing. */
int ranking_table_init(struct ranking_table *table, size_t max, size_t key_size, size_t item_size);
void ranking_table_fini(struct ranking_table *table);
/* The item of the key (key_size bytes, without padding); NULL when absent. */
void *ranking_table_find(const struct ranking_table *table, const void *key);
/* The same, made when absent: zero but for its key. NULL when the table is full. */
void *ranking_table_add(struct ranking_table *table, const void *key);
/* Item i < count. */
void *ranking_table_at(const struct ranking_table *table, size_t i);

#endif
