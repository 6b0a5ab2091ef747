/* SPDX-License-Identifier: Apache-2.0 */
/* The five-tuple as the flow table looks for it: side 0 is the smaller (address, port), so that
 * both directions make one key. */
#ifndef SENSOR_FLOW_KEY_H
#define SENSOR_FLOW_KEY_H

#include "sensor/packet.h"

/* | 0, 1: address of side 0 | 2, 3: of side 1, as they lie in memory | 4: ports and protocol |
 *
 * Words, not fields: it is hashed and compared as words, and a load of what several smaller stores
 * have just written would wait for all of them. */
struct flow_key {
  uint64_t word[5];
};

/* Writes the key of a packet's flow; returns the side (0, 1) that sent the packet. What "smaller"
 * means depends on the machine's byte order: sides are for the table alone. */
unsigned flow_key_make(const struct packet *packet, struct flow_key *out);

/* Numbers that no sender of packets knows. */
struct flow_key_secret {
  uint64_t word[6];
};
/* From the process's hash seed (common/hash.h). */
void flow_key_secret_init(struct flow_key_secret *secret);
/* 64 bits, each as good as the other. Four multiplications to 128 bits whose halves are added
 * without carry, as in wyhash (Wang Yi, 2019) and XXH3, on words that the secret hides: who does
 * not know it cannot choose keys that fall together. */
uint64_t flow_key_hash(const struct flow_key *key, const struct flow_key_secret *secret);

/* Out of word 4. */
static inline uint32_t flow_key_ports(const struct flow_key *key)
{
  return (uint32_t)key->word[4]; /* side 0 in the lower half */
}
static inline uint8_t flow_key_protocol(const struct flow_key *key)
{
  return (uint8_t)(key->word[4] >> 32);
}

#endif
