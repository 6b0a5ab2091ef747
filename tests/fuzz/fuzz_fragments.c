/* SPDX-License-Identifier: Apache-2.0 */
/* Input: four bytes of limits, then a step of four bytes each: what comes (a fragment, the close of
 * a second), from which host, of which datagram, and how much later. Every fragment must go on
 * once; a later one with its own ports, or counted. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "sensor/fragments.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct tally {
  uint64_t in, out, later, with_ports;
};

static void require(bool holds)
{
  if (!holds) {
    abort();
  }
}

static uint16_t port_of(const struct packet *packet)
{
  return (uint16_t)(1000 + packet->source.byte[15]);
}

static void count_out(void *context, const struct packet *packet)
{
  struct tally *tally = context;
  tally->out++;
  require(packet->source_port == 0 || packet->source_port == port_of(packet));
  if (packet->is_flow_later_fragment) {
    tally->with_ports += packet->source_port != 0;
  } else {
    require(packet->source_port == port_of(packet));
  }
}

/* step: | kind: 1 later, 2 IPv6, 4 TCP, 8 a long time; else close | host 4, datagram 4 | time 16 |
 */
static struct packet make_fragment(const uint8_t step[4], int64_t time_ns)
{
  static const uint8_t mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10};
  struct packet packet = {.time_ns = time_ns, .ip_version = 4, .protocol = 17};
  bool is_v6 = (step[0] & 2) != 0;
  for (size_t i = 0; i < sizeof(mapped) && !is_v6; i++) {
    packet.source.byte[i] = mapped[i];
  }
  packet.source.byte[15] = step[1] >> 4;
  packet.destination = packet.source;
  packet.is_flow_fragment = true;
  packet.is_flow_later_fragment = (step[0] & 1) != 0;
  packet.fragment_id = step[1] & 0x0f;
  packet.protocol = (step[0] & 4) != 0 ? 6 : 17;
  if (!packet.is_flow_later_fragment) {
    packet.source_port = port_of(&packet);
  }
  return packet;
}

static void run(struct fragments *table, struct tally *tally, const uint8_t *data, size_t size)
{
  int64_t now_ns = 0;
  for (; size >= 4; data += 4, size -= 4) {
    now_ns += (int64_t)(data[2] << 8 | data[3]) * ((data[0] & 8) != 0 ? 1000000 : 1000);
    if (data[0] > 0x0f) {
      fragments_expire(table, now_ns);
      require(tally->in == tally->out);
      continue;
    }
    struct packet packet = make_fragment(data, now_ns);
    tally->in++;
    tally->later += packet.is_flow_later_fragment;
    if (fragments_take(table, &packet)) {
      count_out(tally, &packet);
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 4) {
    return 0;
  }
  struct tally tally = {0};
  const struct fragments_config config = {.datagrams = data[0] % 32,
                                          .held = data[1] % 32,
                                          .per_source = data[2] % 32,
                                          .held_per_source = data[3] % 32,
                                          .timeout_ns = FRAGMENTS_TIMEOUT_NS,
                                          .release = count_out,
                                          .context = &tally};
  struct fragments *table = fragments_new(&config);
  if (table == NULL) {
    return 0;
  }
  run(table, &tally, data + 4, size - 4);
  fragments_finish(table);
  struct fragments_counts counts = fragments_counts_take(table);
  require(tally.in == tally.out);
  require(tally.with_ports + counts.unmatched + counts.folded == tally.later);
  fragments_free(table);
  return 0;
}
