/* SPDX-License-Identifier: Apache-2.0 */
/* seine-sensor: options, then the sensor. */
#include "common/log.h"
#include "sensor/options.h"
#include "sensor/sensor.h"

int main(int argc, char **argv)
{
  struct sensor_settings settings;
  int exit_code = 0;
  if (options_parse(argc, argv, &settings, &exit_code) == OPTIONS_RUN) {
    log_set_level((enum log_level)settings.log_level);
    exit_code = sensor_run(&settings);
  }
  sensor_settings_free(&settings);
  return exit_code;
}
