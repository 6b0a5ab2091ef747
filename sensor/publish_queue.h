/* SPDX-License-Identifier: Apache-2.0 */
/* The resend queue: encoded records whose sequence numbers follow each other without a gap, oldest
 * first. Bounded in bytes; whoever pushes evicts first. */
#ifndef SENSOR_PUBLISH_QUEUE_H
#define SENSOR_PUBLISH_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct publish_record {
  uint8_t *bytes;
  size_t length;
  bool was_sent; /* on any connection */
};

/*   ring   [ 7 ] [ 8 ] [ . ] [ . ] [ 5 ] [ 6 ]      head 4, count 4, first 5; the next is 9 */
struct publish_queue {
  struct publish_record *ring;
  size_t room, head, count;
  uint64_t first; /* sequence of the oldest; with count 0 of the next to come */
  size_t bytes;   /* held, with the cost of each record's place */
  size_t max_bytes;
};

void publish_queue_init(struct publish_queue *queue, size_t max_bytes);
void publish_queue_fini(struct publish_queue *queue);
/* Whether a record of so many bytes fits now; and whether it would in an empty queue. */
bool publish_queue_fits(const struct publish_queue *queue, size_t length);
bool publish_queue_can_ever_fit(const struct publish_queue *queue, size_t length);
/* Takes bytes (on success) as the record of sequence publish_queue_next. ERR_NO_MEMORY. */
int publish_queue_push(struct publish_queue *queue, uint8_t *bytes, size_t length);
/* Frees the oldest. There must be one. */
void publish_queue_pop(struct publish_queue *queue);
/* Borrowed until the next push or pop; NULL when the queue does not hold it. */
struct publish_record *publish_queue_at(const struct publish_queue *queue, uint64_t sequence);
/* The sequence that the next record will get. */
uint64_t publish_queue_next(const struct publish_queue *queue);

#endif
