/* SPDX-License-Identifier: Apache-2.0 */
/* TCP from bits and two numbers:
 *
 *   SYN -> ATTEMPT, PENDING --SYN+ACK--> ANSWERED --ACK--> HANDSHAKE
 *                       \---RST--> (refused)
 *
 * A flow that is pending in a later interval than its first was half open at a close; so what
 * answers it then withdraws that, and no bit has to say so. */
#include "sensor/flow_tcp.h"

#define NS_PER_US 1000

static unsigned client_side(const struct flow_slot *slot)
{
  return (slot->bits & FLOW_CLIENT_IS_1) != 0 ? 1 : 0;
}

/* SYN of either kind. */
static void see_syn(struct flow_slot *slot, unsigned side, uint8_t tcp_flags, bool is_begin)
{
  bool has_ack = (tcp_flags & PACKET_TCP_ACK) != 0;
  if (is_begin) {
    slot->tcp |= has_ack ? 0 : FLOW_TCP_ATTEMPT | FLOW_TCP_PENDING;
  } else if (!has_ack || (slot->tcp & FLOW_TCP_ANSWERED) != 0) {
    slot->tcp |= FLOW_TCP_AGAIN;
  } else if ((slot->tcp & FLOW_TCP_PENDING) != 0 && side != client_side(slot)) {
    slot->tcp &= (uint16_t)~FLOW_TCP_PENDING;
    slot->tcp |= FLOW_TCP_ANSWERED | FLOW_TCP_ANSWERED_NOW;
  }
}

/* The first RST. An attempt that its own sender takes back stays without answer. */
static void see_reset(struct flow_slot *slot, unsigned side, bool is_begin)
{
  if ((slot->tcp & FLOW_TCP_PENDING) != 0) {
    if (side != client_side(slot)) {
      slot->tcp &= (uint16_t)~FLOW_TCP_PENDING;
      slot->tcp |= FLOW_TCP_REFUSED_NOW;
    }
  } else if (!is_begin) {
    slot->tcp |= FLOW_TCP_RESET_NOW;
  }
  slot->tcp |= FLOW_TCP_RST;
}

/* SYN, FIN, RST: few packets have one. */
static void see_flags(struct flow_slot *slot, unsigned side, uint8_t tcp_flags, bool is_begin)
{
  if (tcp_flags & PACKET_TCP_SYN) {
    see_syn(slot, side, tcp_flags, is_begin);
  }
  if (tcp_flags & PACKET_TCP_FIN) {
    slot->tcp |= (uint16_t)(FLOW_TCP_FIN_0 << side);
  }
  if ((tcp_flags & PACKET_TCP_RST) != 0 && (slot->tcp & FLOW_TCP_RST) == 0) {
    see_reset(slot, side, is_begin);
  }
}

/* The ACK that ends the handshake. In the flow's first interval the SYN is its first packet. */
static void see_handshake(struct flow_slot *slot, struct flow_rare *rare, int64_t time_ns)
{
  slot->tcp |= FLOW_TCP_HANDSHAKE;
  if ((slot->tcp & FLOW_TCP_AGAIN) != 0) {
    return;
  }
  int64_t syn_ns = (slot->bits & FLOW_NEW) != 0 ? slot->open.first_ns : rare->syn_ns;
  int64_t us = (time_ns - syn_ns) / NS_PER_US;
  us = us > 1 ? us : 1;
  rare->handshake_us = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
  slot->tcp |= FLOW_TCP_HANDSHAKE_NOW;
}

/* Counted from 0 in each interval. */
static void count_again(struct flow_slot *slot, struct flow_rare *rare, unsigned side)
{
  if ((slot->tcp & FLOW_TCP_RETRANSMITTED_NOW) == 0) {
    slot->tcp |= FLOW_TCP_RETRANSMITTED_NOW;
    rare->retransmitted[0] = 0;
    rare->retransmitted[1] = 0;
  }
  rare->retransmitted[side]++;
}

/* A segment that begins before what its side has sent already.
 *
 *   sent before    ...........|
 *   sent again     .....                 counted
 *   probe                    .           not counted
 *   behind it                ........    not counted: the rest is new */
static void see_overlap(struct flow_slot *slot, struct flow_rare *rare, unsigned side,
                        const struct packet *packet, uint32_t end)
{
  uint32_t next = slot->next[side];
  bool has_more = (int32_t)(end - next) > 0;
  if (has_more) {
    slot->next[side] = end;
  }
  if ((packet->tcp_flags & PACKET_TCP_SYN) != 0) {
    if (end != next && packet->tcp_sequence + 1 != next) {
      slot->next[side] = end;
      return;
    }
  } else if (packet->tcp_sequence + 1 == next && packet->payload_bytes > 0 &&
             (packet->payload_bytes == 1 || has_more)) {
    return;
  }
  count_again(slot, rare, side);
}

/* Sequence numbers of one side. A pure ACK moves nothing; a gap is taken as sent. */
static void see_numbers(struct flow_slot *slot, struct flow_rare *rare, unsigned side,
                        const struct packet *packet)
{
  uint8_t tcp_flags = packet->tcp_flags;
  uint32_t length = packet->payload_bytes + ((tcp_flags & PACKET_TCP_SYN) != 0) +
                    ((tcp_flags & PACKET_TCP_FIN) != 0);
  uint32_t end = packet->tcp_sequence + length;
  uint16_t is_known = (uint16_t)(FLOW_TCP_NUMBER_0 << side);
  if ((slot->tcp & is_known) == 0) {
    slot->tcp |= is_known;
    slot->next[side] = end;
  } else if (packet->tcp_sequence == slot->next[side]) {
    slot->next[side] = end; /* nearly always; of a pure ACK it is the same */
  } else if (length > 0) {
    if ((int32_t)(packet->tcp_sequence - slot->next[side]) > 0) {
      slot->next[side] = end;
    } else {
      see_overlap(slot, rare, side, packet, end);
    }
  }
}

bool flow_tcp_see(struct flow_slot *slot, struct flow_rare *rare, unsigned side,
                  const struct packet *packet, bool is_begin)
{
  uint8_t tcp_flags = packet->tcp_flags;
  bool has_just_closed = false;
  slot->tcp_flags[side] |= tcp_flags;
  if ((tcp_flags & (PACKET_TCP_SYN | PACKET_TCP_FIN | PACKET_TCP_RST)) != 0) {
    bool was_closed = flow_tcp_has_closed(slot);
    see_flags(slot, side, tcp_flags, is_begin);
    has_just_closed = !was_closed && flow_tcp_has_closed(slot);
  } else if ((slot->tcp & (FLOW_TCP_ANSWERED | FLOW_TCP_HANDSHAKE)) == FLOW_TCP_ANSWERED &&
             (tcp_flags & PACKET_TCP_ACK) != 0 && side == client_side(slot)) {
    see_handshake(slot, rare, packet->time_ns);
  }
  /* What a RST carries is a remark, no data. */
  if (packet->has_tcp_numbers && (tcp_flags & PACKET_TCP_RST) == 0) {
    see_numbers(slot, rare, side, packet);
  }
  return has_just_closed;
}

bool flow_tcp_has_closed(const struct flow_slot *slot)
{
  const uint16_t both = FLOW_TCP_FIN_0 | FLOW_TCP_FIN_1;
  return (slot->tcp & FLOW_TCP_RST) != 0 || (slot->tcp & both) == both;
}

/* Turns sides into client and server. */
void flow_tcp_describe(const struct flow_slot *slot, const struct flow_rare *rare,
                       struct flow_tcp *out)
{
  unsigned client = client_side(slot);
  bool is_new = (slot->bits & FLOW_NEW) != 0;
  *out = (struct flow_tcp){
      .is_attempt = is_new && (slot->tcp & FLOW_TCP_ATTEMPT) != 0,
      .is_answered = (slot->tcp & FLOW_TCP_ANSWERED_NOW) != 0,
      .is_refused = (slot->tcp & FLOW_TCP_REFUSED_NOW) != 0,
      .is_half_open = is_new && (slot->tcp & FLOW_TCP_PENDING) != 0,
      .is_withdrawn = !is_new && (slot->tcp & (FLOW_TCP_ANSWERED_NOW | FLOW_TCP_REFUSED_NOW)) != 0,
      .is_reset = (slot->tcp & FLOW_TCP_RESET_NOW) != 0,
  };
  if ((slot->tcp & FLOW_TCP_HANDSHAKE_NOW) != 0) {
    out->handshake_us = rare->handshake_us;
  }
  if ((slot->tcp & FLOW_TCP_RETRANSMITTED_NOW) != 0) {
    out->retransmitted_out = rare->retransmitted[client];
    out->retransmitted_in = rare->retransmitted[1 - client];
  }
}

/* The SYN's time outlives the counters only where it will be asked for. */
void flow_tcp_close(const struct flow_slot *slot, struct flow_rare *rare)
{
  if ((slot->bits & FLOW_NEW) != 0 &&
      (slot->tcp & (FLOW_TCP_ATTEMPT | FLOW_TCP_HANDSHAKE)) == FLOW_TCP_ATTEMPT) {
    rare->syn_ns = slot->open.first_ns;
  }
}
