/* SPDX-License-Identifier: Apache-2.0 */
/* The wire's structure made from a summary, before it is packed: what summary_encode packs and
 * summary_fit measures. Internal to proto/. */
#ifndef PROTO_SUMMARY_ENCODER_H
#define PROTO_SUMMARY_ENCODER_H

#include "proto/arena.h"
#include "proto/summary_dictionary.h"

struct encoder {
  const struct summary *s;
  Seine__Summary wire;
  struct dictionary dictionary;
  bool is_measuring; /* lengths alone: no bytes behind them */
  struct arena arena;
};

/* Fills e->wire from s (borrowed until encoder_fini). ERR_LIMIT (over an array's limit),
 * ERR_CONFLICT (sketches of another size than the kind's, or of unlike seeds), ERR_NO_MEMORY. In
 * every case encoder_fini is due. */
int encoder_init(struct encoder *e, const struct summary *s);
/* The same for seine__summary__get_packed_size alone, without the heap: addresses are sorted in
 * scratch, which has room for dictionary_room(s). */
int encoder_measure(struct encoder *e, const struct summary *s, struct addr *scratch);
void encoder_fini(struct encoder *e);

#endif
