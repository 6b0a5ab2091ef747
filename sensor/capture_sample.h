/* SPDX-License-Identifier: Apache-2.0 */
/* Sampling on an open libpcap handle: the program of sensor/sample_filter.h behind the capture
 * filter, set on the descriptor. For capture_live.c alone. */
#ifndef SENSOR_CAPTURE_SAMPLE_H
#define SENSOR_CAPTURE_SAMPLE_H

#include <stdint.h>

#include "common/err.h"

struct pcap; /* libpcap's pcap_t */

/* Keeps one address pair in 2^shift from the next packet on; 0: all, through the same filter as
 * before. filter: pcap-filter words ("" for none), as they were compiled at the open. The ring is
 * not touched: what lies there comes still. message names the interface; ERR_UNSUPPORTED: this link
 * type cannot be sampled, and all goes on as it was; ERR_IO, ERR_MALFORMED, ERR_NO_MEMORY. */
int capture_sample_set(struct pcap *pcap, const char *interface, const char *filter, unsigned shift,
                       struct err_message *message);

#endif
