/* SPDX-License-Identifier: Apache-2.0 */
/* The resend queue as a ring that grows by doubling, up to its bound in bytes. */
#include "sensor/publish_queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"

/* A record's place in the ring and the allocator's own share. */
#define RECORD_COST (sizeof(struct publish_record) + 32)

/* No memory yet: the ring is made for the first record. */
void publish_queue_init(struct publish_queue *queue, size_t max_bytes)
{
  memset(queue, 0, sizeof(*queue));
  queue->first = 1;
  queue->max_bytes = max_bytes;
}

/* Records first: each owns its bytes. */
void publish_queue_fini(struct publish_queue *queue)
{
  while (queue->count > 0) {
    publish_queue_pop(queue);
  }
  free(queue->ring);
  queue->ring = NULL;
}

/* Written as differences, so that nothing can wrap. */
bool publish_queue_can_ever_fit(const struct publish_queue *queue, size_t length)
{
  return length <= queue->max_bytes && queue->max_bytes - length >= RECORD_COST;
}

bool publish_queue_fits(const struct publish_queue *queue, size_t length)
{
  return publish_queue_can_ever_fit(queue, length) &&
         queue->bytes <= queue->max_bytes - length - RECORD_COST;
}

/* Unrolls the ring, so that its oldest record comes to the front. */
static int publish_queue_grow(struct publish_queue *queue)
{
  /* A minute of seconds fits at first; an outage doubles it as needed. */
  size_t room = queue->room > 0 ? queue->room * 2 : 64;
  struct publish_record *ring = calloc(room, sizeof(*ring));
  if (ring == NULL) {
    return ERR_NO_MEMORY;
  }
  for (size_t i = 0; i < queue->count; i++) {
    ring[i] = queue->ring[(queue->head + i) % queue->room];
  }
  free(queue->ring);
  queue->ring = ring;
  queue->room = room;
  queue->head = 0;
  return 0;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): bytes are kept, and freed */
int publish_queue_push(struct publish_queue *queue, uint8_t *bytes, size_t length)
{
  if (queue->count == queue->room && publish_queue_grow(queue) != 0) {
    return ERR_NO_MEMORY;
  }
  queue->ring[(queue->head + queue->count) % queue->room] =
      (struct publish_record){bytes, length, false};
  queue->count++;
  queue->bytes += length + RECORD_COST;
  return 0;
}

/* The number moves on with the record: first is always the oldest's. */
void publish_queue_pop(struct publish_queue *queue)
{
  assert(queue->count > 0);
  struct publish_record *oldest = &queue->ring[queue->head];
  queue->bytes -= oldest->length + RECORD_COST;
  free(oldest->bytes);
  queue->head = (queue->head + 1) % queue->room;
  queue->count--;
  queue->first++;
}

/* Numbers follow each other without a gap: the place is a subtraction. */
struct publish_record *publish_queue_at(const struct publish_queue *queue, uint64_t sequence)
{
  if (sequence < queue->first || sequence - queue->first >= queue->count) {
    return NULL;
  }
  return &queue->ring[(queue->head + (sequence - queue->first)) % queue->room];
}

/* Also right when the queue is empty: first is the next one then. */
uint64_t publish_queue_next(const struct publish_queue *queue)
{
  return queue->first + queue->count;
}
