/* SPDX-License-Identifier: Apache-2.0 */
/* Which fleet a second is judged by, and what its record says of it.
 *
 *      second  |    |    |    |    |    |
 *   in use     aaaaaaaaaabbbbbbbbbbcccccc
 *   waiting    b from ---^
 *                   c from --------^          each from the first second that begins at its time */
#include <string.h>

#include "common/err.h"
#include "sensor/meter.h"
#include "sensor/meter_inside.h"

/* Those that would begin later than the new one, or with it, never come to pass. The first in the
 * queue keeps its place, so that maps which come in quick succession do take effect. */
void meter_set_fleet(struct meter *meter, struct fleet_peers *peers, int64_t from_ns)
{
  struct meter_fleet *fleet = &meter->fleet;
  while (fleet->waiting_count > 0 && (fleet->from_ns[fleet->waiting_count - 1] >= from_ns ||
                                      fleet->waiting_count == METER_FLEETS_WAITING)) {
    fleet_peers_free(fleet->waiting[--fleet->waiting_count]);
  }
  fleet->waiting[fleet->waiting_count] = peers;
  fleet->from_ns[fleet->waiting_count++] = from_ns;
}

int meter_set_fleet_networks(struct meter *meter, const struct network *networks, size_t count)
{
  if (count == 0) {
    return 0;
  }
  struct fleet_peers *peers = fleet_peers_new(0);
  if (peers == NULL) {
    return ERR_NO_MEMORY;
  }
  int err = fleet_peers_set_networks(peers, networks, count);
  if (err != 0) {
    fleet_peers_free(peers);
    return err;
  }
  meter_set_fleet(meter, peers, INT64_MIN);
  return 0;
}

/* What is remembered of flows and pairs was decided by the set before. */
static void use(struct meter *meter, struct fleet_peers *peers)
{
  direction_set_fleet(meter->direction, peers);
  flows_clear_marks(meter->flows);
  fleet_peers_free(meter->fleet.now);
  meter->fleet.now = peers;
}

/* Time may have passed several of them at once. Nothing of the new second is counted yet. */
void meter_fleet_turn(struct meter *meter)
{
  struct meter_fleet *fleet = &meter->fleet;
  while (fleet->waiting_count > 0 && fleet->from_ns[0] <= meter->second_ns) {
    use(meter, fleet->waiting[0]);
    fleet->waiting_count--;
    for (size_t i = 0; i < fleet->waiting_count; i++) {
      fleet->waiting[i] = fleet->waiting[i + 1];
      fleet->from_ns[i] = fleet->from_ns[i + 1];
    }
  }
}

void meter_fleet_tell_second(struct meter *meter, struct summary *out)
{
  struct meter_fleet *fleet = &meter->fleet;
  out->has_fleet = fleet->now != NULL && fleet_peers_is_known(fleet->now);
  out->fleet_map_version = out->has_fleet ? fleet_peers_version(fleet->now) : 0;
  fleet->lacks |= !out->has_fleet;
  fleet->is_mixed |= meter->minute_parts > 0 && out->fleet_map_version != fleet->version;
  fleet->version = out->fleet_map_version;
}

/* A split of a part of the minute is none of the minute. */
void meter_fleet_tell_minute(struct meter *meter, struct summary *out)
{
  struct meter_fleet *fleet = &meter->fleet;
  out->has_fleet = !fleet->lacks;
  if (out->has_fleet) {
    out->fleet_map_version = fleet->version;
    out->is_fleet_mixed = fleet->is_mixed;
  } else {
    memset(out->fleet_traffic, 0, sizeof out->fleet_traffic);
  }
  fleet->lacks = false;
  fleet->is_mixed = false;
}

void meter_fleet_fini(struct meter *meter)
{
  struct meter_fleet *fleet = &meter->fleet;
  fleet_peers_free(fleet->now);
  for (size_t i = 0; i < fleet->waiting_count; i++) {
    fleet_peers_free(fleet->waiting[i]);
  }
}
