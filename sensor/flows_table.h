/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the flow table, for flows*.c and flow_tcp.c alone. What one packet touches:
 *
 *   bucket (64 bytes): tags  ->  slot (64): who, times, TCP  |  open (64): counters of the interval
 *
 * The two lines of a slot lie side by side, so that both can be fetched as soon as the tag is
 * known. A list names the slots with packets in the open interval, in the order of their first
 * packet: the close walks only what was active. What few flows need (rare) and what only records
 * need (totals) stands apart and is never touched otherwise. Within the table counters are kept by
 * side: side 0 is the smaller (address, port); who is the client is one bit, so that correcting it
 * moves nothing. */
#ifndef SENSOR_FLOWS_TABLE_H
#define SENSOR_FLOWS_TABLE_H

#include "sensor/flow_bucket.h"
#include "sensor/flow_key.h"
#include "sensor/flow_record.h"

/* Slots of a bucket that lie side by side, see flows_slot_at. */
#define FLOWS_SIDE_BY_SIDE 4
/* Deltas handed out at once. */
#define FLOWS_GROUP 32

/* Bits of a flow. */
enum flow_bits {
  FLOW_CLIENT_IS_1 = 0x01,
  FLOW_GUESSED = 0x02,
  FLOW_ACTIVE = 0x04,       /* has packets in the open interval, and a place in the list */
  FLOW_NEW = 0x08,          /* began in the interval of its open counters */
  FLOW_FIRST = 0x10,        /* they are its first since the span began */
  FLOW_RECORD_EMPTY = 0x20, /* its totals are void: nothing of the record was settled yet */
  FLOW_BEGUN = 0x80,        /* it began in an interval of this span that is closed */
  FLOW_TUNNELLED = 0x40,    /* its carrier is set */
};

/* Bits of its TCP (sensor/flow_tcp.c). From FLOW_TCP_ANSWERED_NOW on: of the open interval. */
enum flow_tcp_bits {
  FLOW_TCP_NUMBER_0 = 0x0001, /* next[0] is known; shifted by one: next[1] */
  FLOW_TCP_NUMBER_1 = 0x0002,
  FLOW_TCP_FIN_0 = 0x0004, /* FIN sent by side 0; shifted by one: by side 1 */
  FLOW_TCP_FIN_1 = 0x0008,
  FLOW_TCP_RST = 0x0010,
  FLOW_TCP_ATTEMPT = 0x0020,   /* a SYN began the flow */
  FLOW_TCP_PENDING = 0x0040,   /* and nothing has answered or refused it yet */
  FLOW_TCP_ANSWERED = 0x0080,  /* by SYN+ACK */
  FLOW_TCP_AGAIN = 0x0100,     /* SYN or SYN+ACK came twice: the handshake is not measured */
  FLOW_TCP_HANDSHAKE = 0x0200, /* the ACK of the SYN+ACK has come */
  FLOW_TCP_ANSWERED_NOW = 0x0400,
  FLOW_TCP_REFUSED_NOW = 0x0800,
  FLOW_TCP_RESET_NOW = 0x1000,
  FLOW_TCP_HANDSHAKE_NOW = 0x2000,     /* rare.handshake_us is set */
  FLOW_TCP_RETRANSMITTED_NOW = 0x4000, /* rare.retransmitted is set */
  FLOW_TCP_NOW = 0x7c00,
};

/* Counters of the open interval. */
struct flow_open {
  struct counts side[2]; /* sent by that side */
  int64_t first_ns, last_ns;
};

/* Two lines. The first is what every packet touches, the second is `open`. */
struct flow_slot {
  struct addr addr[2];
  uint32_t ports; /* side 0 in the lower half */
  uint8_t protocol;
  uint8_t tcp_flags[2]; /* of the open interval */
  uint8_t span;         /* the last in which it was active */
  int64_t last_ns;
  uint32_t next[2];   /* TCP: behind the highest sequence number that the side has sent */
  uint32_t active_at; /* ACTIVE: place in the list */
  uint16_t tcp;       /* enum flow_tcp_bits */
  uint8_t bits;       /* enum flow_bits */
  uint8_t mark;       /* the caller's, see flows_count */
  struct flow_open open;
};

/* What a flow's TCP needs now and then. Each part is valid only when a bit above says so. */
struct flow_rare {
  int64_t syn_ns; /* ATTEMPT without HANDSHAKE, since the close of its first interval */
  uint32_t handshake_us;
  uint32_t retransmitted[2];
};

/* Who carries a tunnelled flow. */
struct flow_carrier {
  struct addr outer[2]; /* the carrier's address on that side */
  uint8_t tunnel;       /* enum packet_tunnel */
};

/* Of the open record, up to the last close. */
struct flow_totals {
  struct counts side[2];
  int64_t first_ns;
  uint8_t tcp_flags[2];
};

/* What an entry of the list says, in its two highest bits; the rest is an index.
 *
 *   LIVE   the slot
 *   GONE   a place in the queue: the flow was evicted
 *   HOLE   handed out early, free: the next hole (FLOWS_INDEX: none) */
#define FLOWS_INDEX UINT32_C(0x3fffffff)
#define FLOWS_LIVE  UINT32_C(0x00000000)
#define FLOWS_GONE  UINT32_C(0x40000000)
#define FLOWS_HOLE  UINT32_C(0x80000000)

/* Sizes follow the capacity and never change; only active_count, hole and gone_count move within an
 * interval. */
struct flows {
  struct flows_config config;
  int64_t least_timeout_ns; /* of idle and linger: nothing ends before */
  struct flow_key_secret secret;
  uint32_t bucket_count;
  struct flow_bucket *buckets;
  int64_t *due_ns; /* a bucket each: none of its flows ends before; INT64_MAX: empty */
  struct flow_slot *slots;
  struct flow_rare *rare;
  struct flow_totals *totals; /* NULL, as the next: nobody wants records */
  int64_t *cut_ns;            /* a bucket each: no record is cut before */
  uint32_t *active;           /* slots + gone_max entries: never too few */
  struct flow_slot *gone;     /* evicted with packets in the open interval: as their slots were */
  struct flow_rare *gone_rare;
  struct flow_carrier *carriers, *gone_carriers; /* untouched where there are no tunnels */
  uint32_t active_count, hole, gone_count, gone_max;
  int64_t closed_ns; /* time of the last close */
  uint64_t used, evicted;
  uint8_t span;
  struct flow_delta group[FLOWS_GROUP]; /* to be handed out together */
  size_t group_count;
  void *bucket_memory, *slot_memory, *gone_memory, *totals_memory;
};

/* Where a bucket's slot lies. Buckets fill from their first slot on, so the first ones of all
 * buckets come first: a table that is a third full has touched half of its pages, and those in use
 * are few enough for the processor to know where they are.
 *
 *   bucket 0: 0 1 2 3 | bucket 1: 0 1 2 3 | ... | bucket 0: 4 5 6 7 | bucket 1: 4 5 6 7 | ...  */
static inline uint32_t flows_slot_at(const struct flows *flows, uint32_t bucket, unsigned in_bucket)
{
  uint32_t group = in_bucket / FLOWS_SIDE_BY_SIDE * flows->bucket_count + bucket;
  return group * FLOWS_SIDE_BY_SIDE + in_bucket % FLOWS_SIDE_BY_SIDE;
}
static inline uint32_t flows_bucket_of(const struct flows *flows, uint32_t at)
{
  return at / FLOWS_SIDE_BY_SIDE % flows->bucket_count;
}

/* Ends the flow of a slot: its open counters go to the queue, its record out. The tag stays. */
void flows_retire(struct flows *flows, uint32_t at);
/* Whether TCP has ended it. */
bool flows_has_closed(const struct flow_slot *slot);
/* When the flow is over if no packet comes. */
int64_t flows_expiry_ns(const struct flows *flows, const struct flow_slot *slot);
/* Ends what is over at now_ns, cuts what is too long; looks at all flows with is_all. */
void flows_expire(struct flows *flows, int64_t now_ns, bool is_all);
/* Of due_ns and cut_ns: something in the bucket may be due at time_ns. */
static inline void flows_note(int64_t *times_ns, uint32_t bucket_at, int64_t time_ns)
{
  if (time_ns < times_ns[bucket_at]) {
    times_ns[bucket_at] = time_ns;
  }
}

#endif
