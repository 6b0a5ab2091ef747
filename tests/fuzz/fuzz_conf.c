/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a configuration file: read or refused, told in bounded lines, and all given back.
 * What was read must stay within the rows' bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/conf_sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int holds)
{
  if (!holds) {
    abort();
  }
}

static void look_at_settings(const struct sample *s)
{
  demand(s->collector != NULL && s->filter != NULL);
  demand(s->slots >= 16 && s->slots <= 1000000000);
  demand(s->buffer_bytes >= 65536 && s->buffer_bytes <= 1073741824);
  demand(s->idle_ns >= 1000000000 && s->share >= 0 && s->share <= 1);
  demand(s->level >= 0 && s->level <= 2);
  for (size_t i = 0; i < s->interfaces.count; i++) {
    demand(sample_check_name(s->interfaces.item[i]) == NULL);
  }
  for (size_t i = 0; i < s->rules.count; i++) {
    const struct sample_rule *rule = (const struct sample_rule *)s->rules.item + i;
    demand(rule->name != NULL && rule->for_ns >= 0);
  }
  for (size_t i = 0; i < s->sensors.count; i++) {
    const struct sample_sensor *sensor = (const struct sample_sensor *)s->sensors.item + i;
    demand(sensor->name != NULL && sensor->note != NULL);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sample s;
  struct conf_errors errors = {NULL, 0};
  int err = conf_load_text(sample_rows, sizeof(s), &s, "fuzz", (const char *)data, size, &errors);
  demand((err == 0) == (errors.count == 0));
  demand(errors.count <= 101);
  for (size_t i = 0; i < errors.count; i++) {
    demand(strpbrk(errors.line[i], "\n\r\x1b") == NULL);
  }
  look_at_settings(&s);
  conf_errors_free(&errors);
  conf_free(sample_rows, &s);
  return 0;
}
