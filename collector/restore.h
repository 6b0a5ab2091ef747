/* SPDX-License-Identifier: Apache-2.0 */
/* At start: what checkpoints and alerts left on disk, into the pipeline and the peers. */
#ifndef COLLECTOR_RESTORE_H
#define COLLECTOR_RESTORE_H

#include "collector/peers.h"
#include "collector/pipeline.h"
#include "collector/store/store.h"

/* Before the pipeline's first input. message says what cannot be read. ERR_IO. */
int restore_all(struct store *store, struct peers *peers, struct pipeline *pipeline,
                struct err_message *message);

#endif
