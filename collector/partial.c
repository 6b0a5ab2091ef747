/* SPDX-License-Identifier: Apache-2.0 */
/* A short list: sampling and filters are the exception, so it is searched from its front. */
#include "collector/partial.h"

#include <string.h>

/* One filtered interface is enough: rows do not say by which one a packet came. */
static bool has_filter(const struct summary_interface *interfaces, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (interfaces[i].is_filtered) {
      return true;
    }
  }
  return false;
}

/* Its place; the count when it is not there. */
static size_t find(const struct partial *partial, const char *name)
{
  size_t i = 0;
  while (i < partial->count && strcmp(partial->sensor[i].name, name) != 0) {
    i++;
  }
  return i;
}

/* The worst of an answer's span stands, as in the records. */
void partial_note(struct partial *partial, const char *name, uint8_t sample_shift,
                  const struct summary_interface *interfaces, size_t count)
{
  bool is_filtered = has_filter(interfaces, count);
  if (sample_shift == 0 && !is_filtered) {
    return;
  }
  size_t at = find(partial, name);
  if (at == PARTIAL_MAX) {
    partial->is_cut = true;
    return;
  }
  struct partial_sensor *sensor = &partial->sensor[at];
  if (at == partial->count) {
    partial->count++;
    *sensor = (struct partial_sensor){.sample_shift = 0};
    memcpy(sensor->name, name, strnlen(name, sizeof sensor->name - 1));
  }
  sensor->is_filtered = sensor->is_filtered || is_filtered;
  if (sample_shift > sensor->sample_shift) {
    sensor->sample_shift = sample_shift;
  }
}

bool partial_is_any(const struct partial *partial)
{
  return partial->count > 0;
}

/* Beyond the bound any sensor may be one of those that found no room. */
bool partial_is_of(const struct partial *partial, const char *name)
{
  if (name[0] == '\0' || partial->is_cut) {
    return partial_is_any(partial);
  }
  return find(partial, name) < partial->count;
}
