/* SPDX-License-Identifier: Apache-2.0 */
/* One sensor's page: who it is, and what it saw in the last minute. The list of all sensors has no
 * such sums: sixty records of each of ten thousand sensors would have to be decoded on the loop. */
#include <stdlib.h>
#include <string.h>

#include "collector/queries.h"
#include "collector/queries_part.h"
#include "collector/render.h"
#include "common/clock.h"
#include "common/edit_distance.h"
#include "common/err.h"

#define SPAN_NS NS_PER_MINUTE
/* More slips than these are another word. */
#define SLIPS_MAX 2

/* While records of one sensor come in, from the disk and from memory. */
struct page {
  const char *sensor;
  int64_t from_ns, until_ns;
  struct sensor_minute *minute;
};

/* Asked of each record, as what is not stored yet is of all sensors and times. */
static void page_add(void *context, const struct summary *s)
{
  const struct page *page = context;
  if (s->kind == SUMMARY_SECOND && s->start_ns >= page->from_ns && s->start_ns < page->until_ns &&
      strcmp(s->sensor, page->sensor) == 0) {
    sensor_minute_add(page->minute, s);
  }
}

/* No record is in both: it leaves memory when its commit is done. */
static int page_read(const struct question *question, struct page *page)
{
  const struct queries *queries = question->queries;
  sensor_minute_init(page->minute);
  int err = store_records_of(queries->store, page->sensor, SUMMARY_SECOND, page->from_ns,
                             page->until_ns, page_add, page);
  if (err == 0) {
    queries->unstored_each(queries->context, page_add, page);
  }
  return err;
}

/* The known name that is the fewest slips away; NULL: none is near. */
static const char *nearest_name(const struct hosts *hosts, const char *name)
{
  const char *nearest = NULL;
  size_t least = SLIPS_MAX + 1;
  for (size_t i = 0; i < hosts_count(hosts); i++) {
    const char *known = hosts_at(hosts, i)->name;
    size_t distance = edit_distance(name, strlen(name), known, strlen(known));
    if (distance < least && distance < strlen(known)) {
      least = distance;
      nearest = known;
    }
  }
  return nearest;
}

/* The same sentence as everywhere: what, and what there is in its place. */
static int page_refuse(const struct hosts *hosts, const char *name, json_t **out)
{
  const char *nearest = nearest_name(hosts, name);
  if (nearest != NULL) {
    return queries_fail(out, 404, "no sensor has the name '%.63s': did you mean '%s'?", name,
                        nearest);
  }
  return queries_fail(out, 404, "no sensor has the name '%.63s'; `seine sensors` lists them", name);
}

/* Up to the running second: records are cut at whole ones. */
int queries_sensor(const struct question *question, json_t **out)
{
  const struct hosts *hosts = pipeline_hosts(question->queries->pipeline);
  const char *name = strrchr(question->path, '/') + 1;
  const struct host *host = hosts_find(hosts, name);
  if (host == NULL) {
    return page_refuse(hosts, name, out);
  }
  int64_t until_ns = clock_floor_ns(question->now_ns, NS_PER_S);
  struct page page = {host->name, until_ns - SPAN_NS, until_ns, malloc(sizeof *page.minute)};
  int err = page.minute != NULL ? page_read(question, &page) : ERR_NO_MEMORY;
  if (err != 0) {
    free(page.minute);
    return queries_fail(out, 500, "the records cannot be read: %s", err_text(err));
  }
  json_t *minute = render_sensor_minute(page.minute);
  free(page.minute);
  json_object_set_new(minute, "window", queries_window(page.from_ns, page.until_ns));
  *out = json_pack("{s:o, s:o, s:o}", "now", json_time(question->now_ns), "sensor",
                   render_host(host, question->now_ns), "minute", minute);
  return 200;
}
