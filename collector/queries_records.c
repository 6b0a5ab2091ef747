/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering the records that an answer is made of. Copies, since the store's records live only
 * within its callback, and a ranking wants all records of a bucket at once. */
#include "collector/queries_records.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"

/* While records come in; the first error ends the gathering. */
struct gathering {
  struct records *records;
  enum summary_kind kind;
  int64_t from_ns, until_ns;
  int err;
};

/* Doubled, as always. */
static int records_grow(struct records *records)
{
  if (records->count < records->room) {
    return 0;
  }
  size_t room = records->room > 0 ? 2 * records->room : 64;
  struct summary **item = realloc(records->item, room * sizeof(struct summary *));
  if (item == NULL) {
    return ERR_NO_MEMORY;
  }
  records->item = item;
  records->room = room;
  return 0;
}

/* The bound is on memory (P5): an answer that needs more is refused with advice. */
static int records_add(struct records *records, const struct summary *s)
{
  /* Rankings look at rows alone. */
  size_t bytes = summary_rows_bytes(s);
  if (records->bytes + bytes > RECORDS_BYTES_MAX) {
    return ERR_LIMIT;
  }
  int err = records_grow(records);
  struct summary *copy = err == 0 ? summary_clone_rows(s) : NULL;
  if (copy == NULL) {
    return ERR_NO_MEMORY;
  }
  records->item[records->count++] = copy;
  records->rows += copy->conversation_count;
  records->bytes += bytes;
  return 0;
}

/* Asked of each record, since what is not stored comes unsorted and of all times. */
static void gather(void *context, const struct summary *s)
{
  struct gathering *gathering = context;
  bool is_wanted = s->kind == gathering->kind && s->start_ns >= gathering->from_ns &&
                   s->start_ns < gathering->until_ns;
  if (is_wanted && gathering->err == 0) {
    gathering->err = records_add(gathering->records, s);
  }
}

/* A stream is one sensor's records under one clock: within it intervals do not overlap. */
static int compare_streams(const struct summary *a, const struct summary *b)
{
  int order = strcmp(a->sensor, b->sensor);
  order = order != 0 ? order : (a->boot_id > b->boot_id) - (a->boot_id < b->boot_id);
  return order != 0 ? order : (a->clock_epoch > b->clock_epoch) - (a->clock_epoch < b->clock_epoch);
}

/* By stream, then by time, which is what records_cover searches. */
static int compare_records(const void *left, const void *right)
{
  const struct summary *a = *(const struct summary *const *)left;
  const struct summary *b = *(const struct summary *const *)right;
  int order = compare_streams(a, b);
  return order != 0 ? order : (a->start_ns > b->start_ns) - (a->start_ns < b->start_ns);
}

/* The range of starts in memory, so that most reads need not look there. */
static void note_start(void *context, const struct summary *s)
{
  struct records_source *source = context;
  if (s->start_ns < source->unstored_first_ns) {
    source->unstored_first_ns = s->start_ns;
  }
  if (s->start_ns > source->unstored_last_ns) {
    source->unstored_last_ns = s->start_ns;
  }
}

struct records_source records_source(const struct queries *queries)
{
  struct records_source source = {queries, INT64_MAX, INT64_MIN};
  queries->unstored_each(queries->context, note_start, &source);
  return source;
}

/* The store first; an error of either leaves nothing behind. */
int records_read(const struct records_source *source, enum summary_kind kind, int64_t from_ns,
                 int64_t until_ns, struct records *out)
{
  const struct queries *queries = source->queries;
  struct gathering gathering = {out, kind, from_ns, until_ns, 0};
  int err = 0;
  /* An empty range is not asked of the disk. */
  if (from_ns < until_ns) {
    err = store_records_each(queries->store, kind, from_ns, until_ns, gather, &gathering);
    bool has_unstored = source->unstored_first_ns < until_ns && source->unstored_last_ns >= from_ns;
    if (err == 0 && gathering.err == 0 && has_unstored) {
      queries->unstored_each(queries->context, gather, &gathering);
    }
  }
  err = err != 0 ? err : gathering.err;
  if (err != 0) {
    records_fini(out);
    return err;
  }
  if (out->count > 1) {
    qsort(out->item, out->count, sizeof(struct summary *), compare_records);
  }
  return 0;
}

/* Empty again, and usable again. */
void records_fini(struct records *records)
{
  for (size_t i = 0; i < records->count; i++) {
    summary_free(records->item[i]);
  }
  free(records->item);
  *records = (struct records){.count = 0};
}

/* Decides whether a second is already counted in a minute of the same stream (P1). */
bool records_cover(const struct records *records, const struct summary *s)
{
  /* The last record that does not come after s in the order of streams and starts. */
  size_t low = 0;
  size_t high = records->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (compare_records(&records->item[middle], &s) <= 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) {
    return false;
  }
  const struct summary *found = records->item[low - 1];
  return compare_streams(found, s) == 0 && s->start_ns - found->start_ns < found->length_ns;
}
