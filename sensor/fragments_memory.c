/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of a table of fragments, taken at its start and given back at its end. */
#include <stdlib.h>

#include "sensor/fragments.h"
#include "sensor/fragments_table.h"

#define NONE      FRAGMENTS_NONE
#define LIMIT_MAX ((size_t)1 << 24)

/* A place must fit into 32 bits, and a table without room would need a case of its own. */
static size_t bounded(size_t limit)
{
  if (limit > LIMIT_MAX) {
    return LIMIT_MAX;
  }
  return limit > 0 ? limit : 1;
}

/* Everything is free, all lists are empty. */
static void init_links(struct fragments *f)
{
  const struct fragments_list empty = {.oldest = NONE, .newest = NONE};
  f->known = empty;
  f->waiting = empty;
  for (uint32_t i = 0; i <= f->chain_mask; i++) {
    f->chains[i] = NONE;
    f->sources[i].list = empty;
  }
  uint32_t last = (uint32_t)f->config.datagrams - 1;
  f->datagrams[last].chain = fragments_free_link(last, NONE);
  last = (uint32_t)f->config.held - 1;
  f->held[last].next = fragments_free_link(last, NONE);
}

struct fragments *fragments_new(const struct fragments_config *config)
{
  struct fragments *f = calloc(1, sizeof(*f));
  if (f == NULL) {
    return NULL;
  }
  f->config = *config;
  f->config.datagrams = bounded(config->datagrams);
  f->config.held = bounded(config->held);
  f->config.per_source = bounded(config->per_source);
  f->config.held_per_source = bounded(config->held_per_source);
  size_t chains = 1;
  while (chains < f->config.datagrams) {
    chains *= 2;
  }
  f->chain_mask = (uint32_t)(chains - 1);
  f->chains = calloc(chains, sizeof(*f->chains));
  f->sources = calloc(chains, sizeof(*f->sources));
  f->datagrams = calloc(f->config.datagrams, sizeof(*f->datagrams));
  f->held = calloc(f->config.held, sizeof(*f->held));
  if (f->chains == NULL || f->sources == NULL || f->datagrams == NULL || f->held == NULL) {
    fragments_free(f);
    return NULL;
  }
  init_links(f);
  return f;
}

void fragments_free(struct fragments *fragments)
{
  if (fragments == NULL) {
    return;
  }
  free(fragments->chains);
  free(fragments->sources);
  free(fragments->datagrams);
  free(fragments->held);
  free(fragments);
}
