/* SPDX-License-Identifier: Apache-2.0 */
/* The home of libsystemd and libcap-ng. */
#include "common/run/daemon.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define NS_PER_US 1000

/* Without NOTIFY_SOCKET sd_notify does nothing; a failure has nobody who could act on it. */
void daemon_ready(const char *status)
{
  (void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void daemon_stopping(void)
{
  (void)sd_notify(0, "STOPPING=1");
}

/* Half of the time, as sd_watchdog_enabled(3) advises: one late call is forgiven. */
int64_t daemon_watchdog_ns(void)
{
  uint64_t interval_us = 0;
  if (sd_watchdog_enabled(0, &interval_us) <= 0 || interval_us > INT64_MAX / NS_PER_US) {
    return 0;
  }
  return (int64_t)interval_us * NS_PER_US / 2;
}

void daemon_alive(void)
{
  (void)sd_notify(0, "WATCHDOG=1");
}

/* The capabilities to end with: what is wanted and held. A daemon that was started without
 * CAP_NET_RAW has failed at its captures already, or needs none. */
static void choose_capabilities(int keep_net_raw)
{
  bool has_net_raw = capng_have_capability(CAPNG_PERMITTED, CAP_NET_RAW) == 1;
  capng_clear(CAPNG_SELECT_BOTH);
  if (keep_net_raw != 0 && has_net_raw) {
    (void)capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_RAW);
  }
}

/* libcap-ng keeps the chosen capabilities over the change and sets the groups of the user; done by
 * hand, the order of those steps is where privileges leak. */
static int change_user(const char *user, struct err_message *message)
{
  errno = 0;
  const struct passwd *entry = getpwnam(user);
  if (entry == NULL && errno != 0) {
    return err_set(message, ERR_IO, "user '%s': cannot be looked up: %s", user, strerror(errno));
  }
  if (entry == NULL) {
    return err_set(message, ERR_NOT_FOUND,
                   "user '%s': no such user: expected one of this system, or \"\" to stay", user);
  }
  int result = capng_change_id((int)entry->pw_uid, (int)entry->pw_gid,
                               (capng_flags_t)(CAPNG_INIT_SUPP_GRP | CAPNG_CLEAR_BOUNDING));
  if (result != 0) {
    return err_set(message, ERR_DENIED, "user '%s': cannot change to it: %s (step %d)", user,
                   strerror(errno), result);
  }
  return 0;
}

/* The way of a daemon that systemd started as its user already, or that stays root by request. */
static int drop_in_place(struct err_message *message)
{
  /* Without CAP_SETPCAP the bounding set cannot be changed; without privileges to gain by exec
   * (no_new_privs below) it does not matter either. */
  capng_select_t select = CAPNG_SELECT_CAPS;
  if (prctl(PR_CAPBSET_READ, CAP_SETPCAP, 0, 0, 0) == 1 && geteuid() == 0) {
    select = CAPNG_SELECT_BOTH;
  }
  if (capng_apply(select) != 0 && capng_apply(CAPNG_SELECT_CAPS) != 0) {
    return err_set(message, ERR_DENIED, "cannot drop capabilities: %s", strerror(errno));
  }
  return 0;
}

/* no_new_privs comes last: nothing after it can gain by exec what was given up. */
int daemon_drop_privileges(const char *user, int keep_net_raw, struct err_message *message)
{
  if (capng_get_caps_process() != 0) {
    return err_set(message, ERR_IO, "cannot read the process's capabilities: %s", strerror(errno));
  }
  choose_capabilities(keep_net_raw);
  bool is_changing = user != NULL && user[0] != '\0' && geteuid() == 0;
  int err = is_changing ? change_user(user, message) : drop_in_place(message);
  if (err != 0) {
    return err;
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return err_set(message, ERR_DENIED, "cannot give up new privileges: %s", strerror(errno));
  }
  return 0;
}

/* The soft limit is low for the sake of select(2), which nothing here uses. */
uint64_t daemon_raise_descriptors(void)
{
  struct rlimit limit = {0, 0};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return 0;
  }
  rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before;
}
