/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded bump allocator: takes are freed together, by arena_fini. Protobuf-c unpacks through it,
 * so that a hostile message costs at most `limit` bytes; a small message costs no malloc at all. */
#ifndef PROTO_ARENA_H
#define PROTO_ARENA_H

#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

#define ARENA_INLINE_BYTES 16384

struct arena_block;

struct arena {
  struct arena_block *blocks; /* on the heap, newest first */
  unsigned char *next;
  size_t left;
  size_t budget;      /* heap bytes that may still be taken */
  size_t block_bytes; /* of the next block */
  int failure;        /* the first failure: ERR_LIMIT or ERR_NO_MEMORY; else 0 */
  _Alignas(max_align_t) unsigned char first[ARENA_INLINE_BYTES];
};

/* limit: heap bytes beyond the inline ones. */
void arena_init(struct arena *arena, size_t limit);
void arena_fini(struct arena *arena);
/* size bytes (0 too), not cleared, fit for any type; NULL (see failure) when there is no room. */
void *arena_take(struct arena *arena, size_t size);
/* Protobuf-c's view of it. Borrows arena. */
ProtobufCAllocator arena_allocator(struct arena *arena);

#endif
