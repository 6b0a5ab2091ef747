/* SPDX-License-Identifier: Apache-2.0 */
/* What travels on the bus, as plain structures (proto/bus.proto, docs/PROTOCOL.md). */
#ifndef PROTO_MESSAGE_H
#define PROTO_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/keys.h"

#define MESSAGE_VERSION        1
#define MESSAGE_ADDRESSES_MAX  256
#define MESSAGE_INTERFACES_MAX 64
#define MESSAGE_BOOTS_MAX      8
#define MESSAGE_TEXT_MAX       256
#define MESSAGE_SOFTWARE_MAX   32
#define MESSAGE_INTERFACE_MAX  32

enum message_kind {
  MESSAGE_HELLO = 1, /* sensor: who I am, what comes next */
  MESSAGE_WELCOME,   /* collector: what I have of you */
  MESSAGE_SUMMARY,   /* sensor: one record */
  MESSAGE_ACK,       /* collector: all up to here is on disk */
  MESSAGE_PING,      /* sensor: t1 */
  MESSAGE_PONG,      /* collector: t1, t2, t3 (RFC 5905 section 8) */
  MESSAGE_BYE,       /* sensor: a clean end, no silence alert */
  MESSAGE_REFUSED,   /* collector: why I will not take this (text) */
};

struct message_hello {
  uint32_t version;
  char name[KEYS_NAME_MAX];
  uint64_t boot_id; /* random at each start of the sensor, never 0 */
  /* The lowest that may still come: what lies below it and was not applied is lost (a gap). HELLO
   * comes again on a living connection when the queue had to evict. */
  uint64_t next_sequence;
  char software[MESSAGE_SOFTWARE_MAX];
  size_t address_count;
  struct addr address[MESSAGE_ADDRESSES_MAX]; /* the host's own */
  size_t interface_count;
  char interface[MESSAGE_INTERFACES_MAX][MESSAGE_INTERFACE_MAX];
};

struct message_welcome {
  uint32_t version;
  uint64_t boot_id;
  /* Of that boot, all up to here are applied (on disk or not yet); 0: nothing. Where sending
   * resumes; frees nothing: only an ACK does. After each HELLO at least one ACK must follow, at
   * once or with the next checkpoint, when anything of that boot is on disk. */
  uint64_t last_applied;
  uint32_t checkpoint_ms; /* how often ACKs come */
};

/* bytes: an encoded summary, borrowed. */
struct message_summary {
  uint64_t boot_id;
  uint64_t sequence;
  bool is_backlog; /* sent again, or late: never moves the sensor's progress */
  const uint8_t *bytes;
  size_t length;
};

/* Records up to sequence are on disk: the sensor forgets them. */
struct message_ack {
  uint64_t boot_id;
  uint64_t sequence; /* cumulative */
};

/* The four times of RFC 5905 without the last, which the sensor notes as the PONG arrives. */
struct message_clock {
  int64_t t1_ns; /* sensor sent */
  int64_t t2_ns; /* collector received (PONG) */
  int64_t t3_ns; /* collector sent (PONG) */
};

/* A clean end: the collector need not wait for silence, and knows whether records are missing. */
struct message_bye {
  uint64_t boot_id;
  uint64_t last_sequence;
};

/* Which member of the union counts is said by kind. */
struct message {
  enum message_kind kind;
  union {
    struct message_hello hello;
    struct message_welcome welcome;
    struct message_summary summary;
    struct message_ack ack;
    struct message_clock clock; /* PING and PONG */
    struct message_bye bye;
    char refused[MESSAGE_TEXT_MAX];
  };
};

#endif
