/* SPDX-License-Identifier: Apache-2.0 */
/* Whether words are a capture filter, asked before any interface is open: a slip is told with its
 * place in the file rather than at the start, for the first interface. */
#ifndef SENSOR_CAPTURE_FILTER_H
#define SENSOR_CAPTURE_FILTER_H

#include "common/err.h"

/* 0 when libpcap compiles the filter for at least one of the link types that hosts have (an
 * interface of another one may still refuse it when it is opened). ERR_MALFORMED: message holds
 * libpcap's words. ERR_NO_MEMORY. Names in the filter are looked up, as at the open. */
int capture_filter_check(const char *filter, struct err_message *message);

#endif
