/* SPDX-License-Identifier: Apache-2.0 */
/* One key for both directions of a flow. */
#include "sensor/flow_key.h"

#include <string.h>

#include "common/hash.h"

/* Half an address as whatever number the machine makes of it. */
static uint64_t half_of(const struct addr *addr, size_t at)
{
  uint64_t half;
  memcpy(&half, addr->byte + at, sizeof half);
  return half;
}

/* 10.0.0.9:4711 -> 10.0.0.1:443   }   one key: addr 10.0.0.1, 10.0.0.9
 * 10.0.0.1:443 -> 10.0.0.9:4711   }            port 443, 4711;  sides 1 and 0
 *
 * Which way the next packet goes nobody can guess, so the sides are exchanged by a mask, not by a
 * branch. The low half is compared first: it is where two IPv4 addresses differ. */
unsigned flow_key_make(const struct packet *packet, struct flow_key *out)
{
  uint64_t source_high = half_of(&packet->source, 0);
  uint64_t source_low = half_of(&packet->source, 8);
  uint64_t destination_high = half_of(&packet->destination, 0);
  uint64_t destination_low = half_of(&packet->destination, 8);
  uint32_t source_port = packet->source_port;
  uint32_t destination_port = packet->destination_port;
  unsigned side = source_low > destination_low;
  if (source_low == destination_low) {
    side = source_high > destination_high ||
           (source_high == destination_high && source_port > destination_port);
  }
  uint64_t mask = -(uint64_t)side;
  uint64_t high = (source_high ^ destination_high) & mask;
  uint64_t low = (source_low ^ destination_low) & mask;
  uint32_t port = (source_port ^ destination_port) & (uint32_t)mask;
  out->word[0] = source_high ^ high;
  out->word[1] = source_low ^ low;
  out->word[2] = destination_high ^ high;
  out->word[3] = destination_low ^ low;
  uint32_t ports = (source_port ^ port) | (destination_port ^ port) << 16;
  out->word[4] = (uint64_t)packet->protocol << 32 | ports;
  return side;
}

void flow_key_secret_init(struct flow_key_secret *secret)
{
  for (uint64_t i = 0; i < sizeof secret->word / sizeof secret->word[0]; i++) {
    secret->word[i] = hash_bytes(&i, sizeof i);
  }
}

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 wide;

static uint64_t fold(uint64_t a, uint64_t b)
{
  wide product = (wide)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t flow_key_hash(const struct flow_key *key, const struct flow_key_secret *secret)
{
  const uint64_t *k = key->word;
  const uint64_t *s = secret->word;
  uint64_t first = fold(k[0] ^ s[0], k[1] ^ s[1]);
  uint64_t second = fold(k[2] ^ s[2], k[3] ^ s[3]);
  /* The ports meet one product only: a second one spreads those that follow one another. */
  return fold(fold(first ^ k[4] ^ s[4], second ^ s[5]), s[0] | 1);
}
#else
/* Where there is no such multiplication, what all other tables use. */
uint64_t flow_key_hash(const struct flow_key *key, const struct flow_key_secret *secret)
{
  return hash_seeded(secret->word[0], key, sizeof *key);
}
#endif
