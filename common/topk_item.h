/* SPDX-License-Identifier: Apache-2.0 */
/* One counter of a Space-Saving summary (common/topk.h), as everybody sees it. */
#ifndef COMMON_TOPK_ITEM_H
#define COMMON_TOPK_ITEM_H

#include <stdint.h>

#include "common/addr.h"
#include "common/counts.h"

/* One counter. count = error + tx.bytes + rx.bytes; the true bytes of the address lie within
 * [count - error, count]. tx and rx hold what was certainly the address's own, sent and received.
 */
struct topk_item {
  struct addr addr;
  uint64_t count;
  uint64_t error;
  struct counts tx;
  struct counts rx;
};

#endif
