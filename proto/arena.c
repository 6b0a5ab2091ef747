/* SPDX-License-Identifier: Apache-2.0 */
/* The bump allocator: an inline block, then heap blocks of doubling size. */
#include "proto/arena.h"

#include <stdlib.h>

#include "common/err.h"

#define ARENA_ALIGN       _Alignof(max_align_t)
#define ARENA_FIRST_BLOCK ((size_t)64 * 1024)

/*   blocks -> [ older | bytes ......... ] -> [ older | bytes .... ] -> NULL
 *                          ^ next, left          filled before it */
struct arena_block {
  struct arena_block *older;
  _Alignas(max_align_t) unsigned char bytes[];
};

/* The inline block is not cleared: clearing it would cost more than a small message's unpacking. */
void arena_init(struct arena *arena, size_t limit)
{
  arena->blocks = NULL;
  arena->next = arena->first;
  arena->left = sizeof(arena->first);
  arena->budget = limit;
  arena->block_bytes = ARENA_FIRST_BLOCK;
  arena->failure = 0;
}

/* Newest first, along the chain; the inline block is part of the arena itself. */
void arena_fini(struct arena *arena)
{
  while (arena->blocks != NULL) {
    struct arena_block *older = arena->blocks->older;
    free(arena->blocks);
    arena->blocks = older;
  }
}

/* What was left in the block before is given up: blocks double, so few are ever begun. */
static int arena_grow(struct arena *arena, size_t size)
{
  /* Doubling: a large message costs a handful of mallocs. */
  size_t bytes = arena->block_bytes > size ? arena->block_bytes : size;
  if (bytes > arena->budget) {
    bytes = size; /* the last block may be a tight one */
  }
  if (bytes > arena->budget) {
    return ERR_LIMIT;
  }
  struct arena_block *block = malloc(sizeof(*block) + bytes);
  if (block == NULL) {
    return ERR_NO_MEMORY;
  }
  block->older = arena->blocks;
  arena->blocks = block;
  arena->next = block->bytes;
  arena->left = bytes;
  arena->budget -= bytes;
  arena->block_bytes *= 2;
  return 0;
}

/* Every take is rounded up, so that the next one is aligned for any type. */
void *arena_take(struct arena *arena, size_t size)
{
  /* A failed arena stays failed: a later small take must not hide that a part is missing. */
  if (arena->failure == 0 && size > arena->budget + arena->left) {
    arena->failure = ERR_LIMIT;
  }
  if (arena->failure != 0) {
    return NULL;
  }
  size_t rounded = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
  if (rounded > arena->left) {
    arena->failure = arena_grow(arena, rounded);
    if (arena->failure != 0) {
      return NULL;
    }
  }
  void *taken = arena->next;
  arena->next += rounded;
  arena->left -= rounded;
  return taken;
}

/* protobuf-c takes NULL for "no memory" and ends the unpacking. */
static void *arena_protobuf_alloc(void *context, size_t size)
{
  return arena_take(context, size);
}

/* Single frees do nothing: arena_fini frees all at once. */
static void arena_protobuf_free(void *context, void *pointer)
{
  (void)context;
  (void)pointer;
}

ProtobufCAllocator arena_allocator(struct arena *arena)
{
  return (ProtobufCAllocator){arena_protobuf_alloc, arena_protobuf_free, arena};
}
