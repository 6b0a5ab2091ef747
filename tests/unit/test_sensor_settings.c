/* SPDX-License-Identifier: Apache-2.0 */
/* sensor.yaml: the fleet's networks, from the file to what the meter splits by. */
#include "sensor/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sensor/fleet_peers.h"
#include "sensor/sensor_fleet.h"
#include "tests/unit/sample_meter.h"

/* Loads a file with that text. */
static int load(const char *text, struct sensor_settings *settings, struct conf_errors *errors)
{
  char path[] = "/tmp/sensor_settings.XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  (void)close(fd);
  memset(settings, 0, sizeof *settings);
  int err = sensor_settings_load(path, settings, errors);
  (void)unlink(path);
  return err;
}

static void a_network_with_bits_behind_its_prefix_is_refused_by_name(void **state)
{
  (void)state;
  struct sensor_settings settings;
  struct conf_errors errors = {NULL, 0};
  assert_int_not_equal(load("name: web1\nfleet:\n  networks: [10.0.0.1/8]\n", &settings, &errors),
                       0);
  assert_int_equal(errors.count, 1);
  assert_non_null(strstr(errors.line[0], "fleet.networks"));
  assert_non_null(strstr(errors.line[0], "10.0.0.1/8"));
  conf_errors_free(&errors);
  sensor_settings_free(&settings);
}

static void more_networks_than_there_is_room_for_are_refused(void **state)
{
  (void)state;
  for (int count = FLEET_PEERS_NETWORKS_MAX; count <= FLEET_PEERS_NETWORKS_MAX + 1; count++) {
    char text[8192];
    size_t used = (size_t)snprintf(text, sizeof text, "name: web1\nfleet:\n  networks:\n");
    for (int i = 0; i < count; i++) {
      used += (size_t)snprintf(text + used, sizeof text - used, "    - 10.%d.%d.0/24\n", i / 256,
                               i % 256);
    }
    struct sensor_settings settings;
    struct conf_errors errors = {NULL, 0};
    int err = load(text, &settings, &errors);
    assert_int_equal(err == 0, count == FLEET_PEERS_NETWORKS_MAX);
    if (err != 0) {
      assert_int_equal(errors.count, 1);
      assert_non_null(strstr(errors.line[0], "fleet.networks: 257 entries: expected at most 256"));
    }
    conf_errors_free(&errors);
    sensor_settings_free(&settings);
  }
}

/* Counted by a meter that was given the settings. */
static void the_meter_splits_by_what_the_file_names(void **state)
{
  (void)state;
  static const char *const texts[] = {"name: web1\n",
                                      "name: web1\nfleet:\n  networks: [10.2.0.0/16, 10.3.0.7]\n"};
  for (int is_named = 0; is_named < 2; is_named++) {
    struct sensor_settings settings;
    struct conf_errors errors = {NULL, 0};
    struct err_message message = {""};
    assert_int_equal(load(texts[is_named], &settings, &errors), 0);
    struct heard *heard = heard_new();
    struct meter *meter = sample_meter_of(true, heard);
    struct addr own = sample_addr(1);
    assert_int_equal(meter_set_local(meter, &own, 1, NULL, 0), 0);
    assert_int_equal(sensor_fleet_start(meter, &settings, &message), 0);
    for (uint32_t host = 0x030005; host <= 0x030009; host++) {
      sample_send(meter, 0, (struct sample_end){1, 40000}, (struct sample_end){host, 80});
    }
    meter_finish(meter);
    assert_int_equal(heard->summary[0]->has_fleet, is_named);
    assert_int_equal(summary_fleet_total(heard->summary[0], SUMMARY_TX).packets, is_named);
    assert_int_equal(summary_direction_total(heard->summary[0], SUMMARY_TX).packets, 5);
    meter_free(meter);
    heard_free(heard);
    conf_errors_free(&errors);
    sensor_settings_free(&settings);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_network_with_bits_behind_its_prefix_is_refused_by_name),
      cmocka_unit_test(more_networks_than_there_is_room_for_are_refused),
      cmocka_unit_test(the_meter_splits_by_what_the_file_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
