/* SPDX-License-Identifier: Apache-2.0 */
/* What of the queue is where, on one connection. The sequence numbers fall into spans:
 *
 *   first .. resume_from   applied there, waiting for their ACK
 *         .. backlog_next  backlog in flight
 *         .. fresh_from    backlog still to send
 *         .. fresh_next    fresh (made since WELCOME) in flight
 *         .. next          fresh still to send
 *
 * ACKs are cumulative: fresh records are acknowledged only when the backlog before them is. So each
 * of the two may fill half of the window while there is backlog, or the fresh ones could lock the
 * backlog out for good. Pure. */
#ifndef SENSOR_PUBLISH_SPANS_H
#define SENSOR_PUBLISH_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sensor/publish_queue.h"

enum publish_span { PUBLISH_SPAN_NONE, PUBLISH_SPAN_BACKLOG, PUBLISH_SPAN_FRESH };

struct publish_spans {
  uint64_t resume_from, backlog_next, fresh_from, fresh_next;
  size_t backlog_in_flight, fresh_in_flight; /* bytes */
  bool is_fresh_turn;
};

/* A connection begins: the collector has applied all up to last_applied. What it has not seen is
 * backlog, what comes from now on is fresh. */
void publish_spans_begin(struct publish_spans *spans, const struct publish_queue *queue,
                         uint64_t last_applied);
/* Whether the collector owes an ACK: something in the queue was sent or is applied there. */
bool publish_spans_awaits_ack(const struct publish_spans *spans, const struct publish_queue *queue);
/* From which span the next record may go out, within a window of so many bytes; backlog and fresh
 * in turns. NONE: nothing is left, or what is in flight fills the window. */
enum publish_span publish_spans_choose(struct publish_spans *spans,
                                       const struct publish_queue *queue, size_t window_bytes);
/* The number of the next record of a span. */
uint64_t publish_spans_next(const struct publish_spans *spans, enum publish_span span);
/* That record, of so many bytes, is in flight now. */
void publish_spans_sent(struct publish_spans *spans, enum publish_span span, size_t length);
/* The oldest record, of so many bytes, is about to leave the queue: it is in flight no longer. */
void publish_spans_forget(struct publish_spans *spans, uint64_t sequence, size_t length);
/* The queue begins at first now: nothing before it can be sent. */
void publish_spans_advance(struct publish_spans *spans, uint64_t first);

#endif
