/* SPDX-License-Identifier: Apache-2.0 */
/* What travels on the bus, as plain structures (proto/bus.proto, docs/PROTOCOL.md). */
#ifndef PROTO_MESSAGE_H
#define PROTO_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/keys.h"

#define MESSAGE_VERSION         2 /* spoken here; */
#define MESSAGE_VERSION_MIN     1 /* and understood still */
#define MESSAGE_ADDRESSES_MAX   256
#define MESSAGE_INTERFACES_MAX  64
#define MESSAGE_BOOTS_MAX       8
#define MESSAGE_TEXT_MAX        256
#define MESSAGE_SOFTWARE_MAX    32
#define MESSAGE_INTERFACE_MAX   32
#define MESSAGE_CPU_PERCENT_MAX 6400
#define MESSAGE_MAP_MAX         16384 /* addresses of one FLEET_MAP, added and removed together */

enum message_kind {
  MESSAGE_HELLO = 1, /* sensor: who I am, what comes next */
  MESSAGE_WELCOME,   /* collector: what I have of you */
  MESSAGE_SUMMARY,   /* sensor: one record */
  MESSAGE_ACK,       /* collector: all up to here is on disk */
  MESSAGE_PING,      /* sensor: t1 */
  MESSAGE_PONG,      /* collector: t1, t2, t3 (RFC 5905 section 8) */
  MESSAGE_BYE,       /* sensor: a clean end, no silence alert */
  MESSAGE_REFUSED,   /* collector: why I will not take this */
  MESSAGE_FLEET_MAP, /* collector: whose addresses have a sensor (a difference) */
  MESSAGE_ENROLL,    /* sensor: its own public key, by a token's key or for rotation */
  MESSAGE_ENROLLED,  /* collector: that key holds */
  MESSAGE_ROTATE,    /* collector: make a new key, then ENROLL */
};
#define MESSAGE_KIND_MAX MESSAGE_ROTATE

/* Why a REFUSED came, for the program; its text is for people. */
enum message_cause {
  MESSAGE_CAUSE_OTHER,     /* see the text */
  MESSAGE_CAUSE_NAME,      /* the name is not the key's */
  MESSAGE_CAUSE_VERSION,   /* protocol version */
  MESSAGE_CAUSE_FULL,      /* no room now: come again later */
  MESSAGE_CAUSE_DUPLICATE, /* another sensor is connected under this name */
  MESSAGE_CAUSE_ADDRESS,   /* an address outside the granted networks */
  MESSAGE_CAUSE_RECORD,    /* one record cannot be read: it is passed over */
  MESSAGE_CAUSE_ENROLL,    /* the token was used already, or has expired */
};

/* Records of an earlier start that the spool still holds. */
struct message_boot {
  uint64_t boot_id;
  uint64_t first_sequence; /* the lowest that may still come: what lies below it is lost */
  uint64_t last_sequence;  /* nothing above it was ever kept */
};

/* How far an earlier start is applied; 0: nothing. */
struct message_applied {
  uint64_t boot_id;
  uint64_t last_applied;
};

/* What the collector decides for all sensors; 0: the sensor's own value stays. */
struct message_settings {
  uint32_t interval_s; /* 1, 2, 3, 5, 6, 10, 15, 30: length of a second record */
  uint32_t second_rows, minute_rows, talkers;
  uint32_t cpu_percent;
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
  size_t boot_count;
  struct message_boot boot[MESSAGE_BOOTS_MAX]; /* earlier starts, oldest first; not boot_id */
  uint64_t fleet_map_epoch, fleet_map_version; /* of the map it holds; 0: none */
  bool takes_settings;                         /* follows WELCOME's settings */
};

struct message_welcome {
  uint32_t version;
  uint64_t boot_id;
  /* Of that boot, all up to here are applied (on disk or not yet); 0: nothing. Where sending
   * resumes; frees nothing: only an ACK does. After each HELLO at least one ACK must follow, at
   * once or with the next checkpoint, when anything of that boot is on disk. */
  uint64_t last_applied;
  uint32_t checkpoint_ms; /* how often ACKs come */
  size_t boot_count;
  struct message_applied boot[MESSAGE_BOOTS_MAX]; /* of HELLO's earlier starts that are known */
  uint64_t credit_bytes; /* that may be sent and not acknowledged; 0: the sensor's own bound */
  uint64_t backlog_bytes_per_s; /* pace of backlog; 0: bounded by the credit alone */
  bool has_settings;
  struct message_settings settings;
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

/* Why not, for people and for programs. */
struct message_refused {
  char reason[MESSAGE_TEXT_MAX];
  enum message_cause cause; /* one that is not known here reads as OTHER */
  uint32_t retry_after_ms;
};

/* A part of a version of the fleet map: the difference to from_version. The arrays are borrowed
 * from the decoded bytes. */
struct message_fleet_map {
  uint64_t epoch;        /* of the collector's counting of versions, never 0 */
  uint64_t version;      /* 1, 2, 3 ... */
  uint64_t from_version; /* below version; 0: the empty map */
  int64_t effective_ns;  /* the collector's clock: from the first interval that starts here */
  bool is_last;          /* of the version's parts: now it is whole */
  size_t added_count, removed_count;
  const struct addr *added, *removed;
};

/* ENROLL and ENROLLED. */
struct message_enroll {
  char name[KEYS_NAME_MAX];
  uint8_t public_key[KEYS_BYTES];
  uint32_t old_key_valid_s; /* ENROLLED: how long the key of this connection still holds */
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
    struct message_refused refused;
    struct message_fleet_map fleet_map;
    struct message_enroll enroll; /* ENROLL and ENROLLED */
  };
};

#endif
