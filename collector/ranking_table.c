/* SPDX-License-Identifier: Apache-2.0 */
/* The table under a ranking's conversations, hosts, ports and sensors. */
#include "collector/ranking_table.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/hash.h"

int ranking_table_init(struct ranking_table *table, size_t max, size_t key_size, size_t item_size)
{
  /* At most half full, so that probes stay short. calloc's pages cost nothing until touched. */
  size_t slots = 16;
  while (slots < 2 * max) {
    slots *= 2;
  }
  *table = (struct ranking_table){.key_size = key_size,
                                  .item_size = item_size,
                                  .max = max,
                                  .mask = slots - 1,
                                  .items = calloc(max, item_size),
                                  .slots = calloc(slots, sizeof *table->slots)};
  if (table->items == NULL || table->slots == NULL) {
    ranking_table_fini(table);
    return ERR_NO_MEMORY;
  }
  return 0;
}

/* Zeroed afterwards, so that a second call does nothing. */
void ranking_table_fini(struct ranking_table *table)
{
  free(table->items);
  free(table->slots);
  *table = (struct ranking_table){0};
}

/* Items are of any type: the caller knows which. */
void *ranking_table_at(const struct ranking_table *table, size_t i)
{
  return table->items + i * table->item_size;
}

/* The slot that holds the key, or the free one where it belongs. */
static size_t table_slot(const struct ranking_table *table, const void *key)
{
  size_t slot = (size_t)hash_bytes(key, table->key_size) & table->mask;
  while (table->slots[slot] != 0 &&
         memcmp(ranking_table_at(table, table->slots[slot] - 1), key, table->key_size) != 0) {
    slot = (slot + 1) & table->mask;
  }
  return slot;
}

/* Slots hold numbers plus one, so that zeroed memory is an empty table. */
void *ranking_table_find(const struct ranking_table *table, const void *key)
{
  uint32_t number = table->slots[table_slot(table, key)];
  return number != 0 ? ranking_table_at(table, number - 1) : NULL;
}

/* A full table still finds what it has; only new keys are turned away. */
void *ranking_table_add(struct ranking_table *table, const void *key)
{
  size_t slot = table_slot(table, key);
  if (table->slots[slot] != 0) {
    return ranking_table_at(table, table->slots[slot] - 1);
  }
  if (table->count == table->max) {
    return NULL;
  }
  void *item = ranking_table_at(table, table->count++);
  memcpy(item, key, table->key_size);
  table->slots[slot] = (uint32_t)table->count;
  return item;
}
