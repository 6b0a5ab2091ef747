/* SPDX-License-Identifier: Apache-2.0 */
/* One live interface, by libpcap. The live half of capture.h, whose words hold here: for capture.c
 * alone. */
#ifndef SENSOR_CAPTURE_LIVE_H
#define SENSOR_CAPTURE_LIVE_H

#include "sensor/capture_shared.h"

struct capture_live;

int capture_live_open(const char *interface, const struct capture_options *options,
                      struct capture_live **out, struct err_message *message);
void capture_live_close(struct capture_live *capture);
/* budget is above 0. */
int capture_live_read(struct capture_live *capture, int budget, uint16_t index,
                      capture_frame_fn *fn, void *context, struct err_message *message);
int capture_live_fd(const struct capture_live *capture);
int capture_live_link_type(const struct capture_live *capture);
const char *capture_live_link_name(const struct capture_live *capture);
int capture_live_set_sampling(struct capture_live *capture, unsigned shift,
                              struct err_message *message);
int capture_live_drops(struct capture_live *capture, struct capture_drops *out);

#endif
