/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts and their windows, for the tests of the fleet. */
#ifndef TESTS_UNIT_SAMPLE_FLEET_H
#define TESTS_UNIT_SAMPLE_FLEET_H

#include "collector/fleet.h"
#include "tests/unit/sample_summary.h"

struct house {
  struct hosts *hosts;
  struct fleet *fleet;
};

static inline struct house house_new(void)
{
  struct house house = {.hosts = hosts_new(10, true)};
  house.fleet = fleet_new(house.hosts, 16);
  assert_non_null(house.fleet);
  return house;
}

static inline void house_free(struct house *house)
{
  fleet_free(house->fleet);
  hosts_free(house->hosts);
}

/* As the pipeline does it. */
static inline void add(struct house *house, const struct summary *s)
{
  struct summary *copy = summary_clone_rows(s);
  assert_non_null(copy);
  assert_int_equal(fleet_add(house->fleet, copy, s->sketches), 0);
}

static inline struct fleet_window *close_one(struct house *house)
{
  struct fleet_window *window = fleet_close(house->fleet, sample_ns(11));
  assert_non_null(window);
  return window;
}

#endif
