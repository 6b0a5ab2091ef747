/* SPDX-License-Identifier: Apache-2.0 */
/* What both daemons do around their work: service notification (sd_notify), the watchdog, dropping
 * privileges, descriptor limits. */
#ifndef COMMON_RUN_DAEMON_H
#define COMMON_RUN_DAEMON_H

#include <stdint.h>

#include "common/err.h"

/* Tells systemd; nothing happens outside of it. status is one line for `systemctl status`. */
void daemon_ready(const char *status);
void daemon_stopping(void);
/* Half of the watchdog's interval in ns, 0 when none is set: call daemon_alive that often. */
int64_t daemon_watchdog_ns(void);
void daemon_alive(void);

/* Keeps CAP_NET_RAW (when keep_net_raw) and nothing else, sets no-new-privileges; when user is not
 * NULL and we are root, changes to that user and its groups first. */
int daemon_drop_privileges(const char *user, int keep_net_raw, struct err_message *message);

/* Raises the soft limit of descriptors to the hard one and returns it. */
uint64_t daemon_raise_descriptors(void);

#endif
