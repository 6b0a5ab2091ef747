/* SPDX-License-Identifier: Apache-2.0 */
/* The borders of the spans, and what is in flight within them. Borders only move forward while a
 * connection lives; each connection begins with new ones. */
#include "sensor/publish_spans.h"

void publish_spans_begin(struct publish_spans *spans, const struct publish_queue *queue,
                         uint64_t last_applied)
{
  uint64_t resume_from = last_applied + 1;
  *spans = (struct publish_spans){
      .resume_from = resume_from,
      .backlog_next = resume_from > queue->first ? resume_from : queue->first,
      .fresh_from = publish_queue_next(queue),
      .fresh_next = publish_queue_next(queue),
  };
}

bool publish_spans_awaits_ack(const struct publish_spans *spans, const struct publish_queue *queue)
{
  return queue->count > 0 &&
         (queue->first < spans->backlog_next || queue->first < spans->resume_from ||
          (spans->fresh_next > spans->fresh_from && queue->first < spans->fresh_next));
}

/* A span may always have one record in flight, however large. */
static bool may_send(const struct publish_queue *queue, uint64_t sequence, size_t in_flight,
                     size_t limit)
{
  const struct publish_record *record = publish_queue_at(queue, sequence);
  return record != NULL &&
         (in_flight == 0 || (in_flight <= limit && record->length <= limit - in_flight));
}

/* When the backlog has all gone out, its bytes in flight count against the whole window: a half
 * that nobody else needs is not kept free. */
enum publish_span publish_spans_choose(struct publish_spans *spans,
                                       const struct publish_queue *queue, size_t window_bytes)
{
  size_t half = window_bytes / 2;
  bool has_backlog = spans->backlog_next < spans->fresh_from;
  size_t fresh_limit = has_backlog ? half : window_bytes;
  size_t fresh_charge = spans->fresh_in_flight + (has_backlog ? 0 : spans->backlog_in_flight);
  bool may_backlog =
      has_backlog && may_send(queue, spans->backlog_next, spans->backlog_in_flight, half);
  if (may_send(queue, spans->fresh_next, fresh_charge, fresh_limit) &&
      (spans->is_fresh_turn || !may_backlog)) {
    spans->is_fresh_turn = false;
    return PUBLISH_SPAN_FRESH;
  }
  if (may_backlog) {
    spans->is_fresh_turn = true;
    return PUBLISH_SPAN_BACKLOG;
  }
  return PUBLISH_SPAN_NONE;
}

uint64_t publish_spans_next(const struct publish_spans *spans, enum publish_span span)
{
  return span == PUBLISH_SPAN_BACKLOG ? spans->backlog_next : spans->fresh_next;
}

void publish_spans_sent(struct publish_spans *spans, enum publish_span span, size_t length)
{
  if (span == PUBLISH_SPAN_BACKLOG) {
    spans->backlog_in_flight += length;
    spans->backlog_next++;
  } else {
    spans->fresh_in_flight += length;
    spans->fresh_next++;
  }
}

/* Only what was sent on this connection is in flight: records below resume_from and those still to
 * send leave without a trace. */
void publish_spans_forget(struct publish_spans *spans, uint64_t sequence, size_t length)
{
  if (sequence >= spans->fresh_from) {
    spans->fresh_in_flight -= sequence < spans->fresh_next ? length : 0;
  } else if (sequence >= spans->resume_from) {
    spans->backlog_in_flight -= sequence < spans->backlog_next ? length : 0;
  }
}

void publish_spans_advance(struct publish_spans *spans, uint64_t first)
{
  if (spans->backlog_next < first) {
    spans->backlog_next = first;
  }
  if (spans->fresh_next < first) {
    spans->fresh_next = first;
  }
}
