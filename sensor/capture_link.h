/* SPDX-License-Identifier: Apache-2.0 */
/* Link types: the numbers of files, libpcap's numbers, and names. */
#ifndef SENSOR_CAPTURE_LINK_H
#define SENSOR_CAPTURE_LINK_H

#include <stddef.h>
#include <stdint.h>

/* A file's LINKTYPE_ as the DLT_ that libpcap makes of it here: equal, but for a few old ones. */
int capture_link_dlt(uint32_t link_type);
/* "EN10MB", or "link type 149" when it has no name. */
void capture_link_text(int dlt, char *text, size_t size);

#endif
