/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of fingerprints with reference bits. */
#include "sensor/first_seen_memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define PLACES    15
#define HAND_BITS 16 /* the hand stands above the reference bits */
#define SLOTS_MAX UINT32_MAX

/*   | hand | reference bits | fingerprint 0 | ... | fingerprint 14 |      0: free */
struct line {
  uint32_t state;
  uint32_t fingerprint[PLACES];
};

static_assert(sizeof(struct line) == 64, "a line of the cache");

struct first_seen_memory {
  uint64_t count;
  struct line *line;
};

/* On a line's boundary, or each look would need two. */
struct first_seen_memory *first_seen_memory_new(size_t slots)
{
  struct first_seen_memory *memory = calloc(1, sizeof *memory);
  if (memory == NULL || slots > SLOTS_MAX) {
    free(memory);
    return NULL;
  }
  memory->count = slots / PLACES + 1;
  memory->line = aligned_alloc(sizeof(struct line), memory->count * sizeof(struct line));
  if (memory->line == NULL) {
    free(memory);
    return NULL;
  }
  for (uint64_t i = 0; i < memory->count; i++) {
    memory->line[i] = (struct line){0};
  }
  return memory;
}

void first_seen_memory_free(struct first_seen_memory *memory)
{
  if (memory != NULL) {
    free(memory->line);
    free(memory);
  }
}

/* Whoever was seen again since the hand came by last gets another round. */
static unsigned next_victim(struct line *line)
{
  unsigned hand = line->state >> HAND_BITS;
  while ((line->state & (UINT32_C(1) << hand)) != 0) {
    line->state &= ~(UINT32_C(1) << hand);
    hand = (hand + 1) % PLACES;
  }
  uint32_t references = line->state & ((UINT32_C(1) << HAND_BITS) - 1);
  line->state = references | (hand + 1) % PLACES << HAND_BITS;
  return hand;
}

/* The upper half chooses the line, the lower is the fingerprint. */
static struct line *line_of(const struct first_seen_memory *memory, uint64_t hash)
{
  return &memory->line[(hash >> 32) * memory->count >> 32];
}

void first_seen_memory_fetch(const struct first_seen_memory *memory, uint64_t hash)
{
  __builtin_prefetch(line_of(memory, hash), 1);
}

/* A bit for each place that holds this fingerprint; all places at once, for a loop that stops at
 * the right one would be guessed wrong by the processor most of the time. */
#ifdef __SSE2__
static inline uint32_t match(const struct line *line, uint32_t fingerprint)
{
  const __m128i wanted = _mm_set1_epi32((int)fingerprint);
  __m128i part[4];
  memcpy(part, line, sizeof *line);
  for (unsigned i = 0; i < 4; i++) {
    part[i] = _mm_cmpeq_epi32(part[i], wanted);
  }
  __m128i low = _mm_packs_epi32(part[0], part[1]);
  __m128i high = _mm_packs_epi32(part[2], part[3]);
  /* The first lane is the state. */
  return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high)) >> 1;
}
#else
static inline uint32_t match(const struct line *line, uint32_t fingerprint)
{
  uint32_t found = 0;
  for (unsigned i = 0; i < PLACES; i++) {
    found |= (uint32_t)(line->fingerprint[i] == fingerprint) << i;
  }
  return found;
}
#endif

/* Places fill from the front, and then are full for good. */
bool first_seen_memory_look(struct first_seen_memory *memory, uint64_t hash)
{
  struct line *line = line_of(memory, hash);
  uint32_t fingerprint = (uint32_t)hash != 0 ? (uint32_t)hash : 1;
  uint32_t found = match(line, fingerprint);
  if (found != 0) {
    line->state |= found;
    return false;
  }
  uint32_t vacant = match(line, 0);
  unsigned place = vacant != 0 ? (unsigned)__builtin_ctz(vacant) : next_victim(line);
  line->fingerprint[place] = fingerprint;
  return true;
}
