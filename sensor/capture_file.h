/* SPDX-License-Identifier: Apache-2.0 */
/* Our own reader of capture files: the file half of capture.h, whose words hold here. For capture.c
 * and the fuzz target. docs/DECISIONS.md says why it is not libpcap's. */
#ifndef SENSOR_CAPTURE_FILE_H
#define SENSOR_CAPTURE_FILE_H

#include <stdbool.h>

#include "sensor/capture_shared.h"
#include "sensor/capture_stream.h"

struct capture_file;

int capture_file_open(const char *path, struct capture_file **out, struct err_message *message);
/* The same from bytes of any source, which is borrowed; name stands in messages. */
int capture_file_open_bytes(const char *name, capture_bytes_fn *read, void *context,
                            struct capture_file **out, struct err_message *message);
void capture_file_close(struct capture_file *file);
/* budget is above 0. */
int capture_file_read(struct capture_file *file, int budget, uint16_t index, capture_frame_fn *fn,
                      void *context, struct err_message *message);
int capture_file_link_type(const struct capture_file *file);
const char *capture_file_link_name(const struct capture_file *file);
bool capture_file_has_several_links(const struct capture_file *file);

#endif
