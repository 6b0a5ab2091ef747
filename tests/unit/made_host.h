/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts made of words: a list of links as rtnetlink gives it, and a tree like sysfs beside it. */
#ifndef TESTS_UNIT_MADE_HOST_H
#define TESTS_UNIT_MADE_HOST_H

#include "sensor/interfaces.h"

#define MADE_LINKS_MAX 10

/* One link a line of words, the name first:
 *   kind=K in=MASTER            as netlink tells them; index: its place, from 1
 *   over=A,B                    links lower_A, lower_B in the tree; told: netlink tells A too
 *   card, xen, port=P           hangs on a bus (on Xen's for backends); phys_port_name
 *   speed=T                     the tree's file of it
 *   down; away, here            a pair whose other end is in another namespace, in this one
 *   l3, tunnel, monitor         without link header; IPIP; a radio's monitor */
struct made_host {
  const char *what;
  const char *link[MADE_LINKS_MAX];
};

size_t made_host_count(const struct made_host *host);
/* What netlink tells alone. */
void made_host_list(const struct made_host *host, struct interface_state *list);
/* That, and the tree read into it; index_shift not 0: the tree is of other devices with the same
 * names. Returns how many links. */
size_t made_host_stack(const struct made_host *host, struct interface_state *list, int index_shift);
/* What interfaces_speed_mbit says of the first link by such a tree. */
uint32_t made_host_speed(const struct made_host *host, int index_shift);

#endif
