/* SPDX-License-Identifier: Apache-2.0 */
/* seine-collector: parses and starts. */
#include "collector/collector.h"
#include "collector/options.h"
#include "common/log.h"

int main(int argc, char **argv)
{
  struct collector_options options;
  collector_options_parse(argc, argv, &options);
  if (options.job != COLLECTOR_RUN) {
    return collector_options_job(&options);
  }
  struct collector_settings settings;
  int code = 1;
  if (collector_options_settings(&options, &settings) == 0) {
    log_set_level((enum log_level)settings.log_level);
    code = collector_run(&settings);
  }
  collector_settings_free(&settings);
  return code;
}
