/* SPDX-License-Identifier: Apache-2.0 */
/* Links and addresses by rtnetlink dumps (libmnl).
 *
 * A dump rather than notifications: it is a few kilobytes a second, holds the counters as well, and
 * cannot miss a change. */
#include "sensor/interfaces.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BYTES 32768
#define DRAIN_TURNS   64

/* Where a dump puts what it finds. */
struct dump {
  struct interface_state *links;
  struct addr *addrs;
  size_t count;
  size_t max;
  bool is_over;
};

/* IFLA_LINKINFO holds the driver's kind ("veth", "bridge"); a plain device has none. */
static int read_kind(const struct nlattr *attribute, void *data)
{
  struct interface_state *link = data;
  if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND &&
      mnl_attr_validate(attribute, MNL_TYPE_STRING) >= 0) {
    (void)strncpy(link->kind, mnl_attr_get_str(attribute), sizeof(link->kind) - 1);
  }
  return MNL_CB_OK;
}

/* Copied, since the attribute need not be aligned for 64 bits; an older kernel's shorter one leaves
 * zeros. */
static void read_stats(const struct nlattr *attribute, struct interface_state *link)
{
  struct summary_kernel *kernel = &link->kernel;
  struct rtnl_link_stats64 stats;
  memset(&stats, 0, sizeof(stats));
  size_t length = mnl_attr_get_payload_len(attribute);
  memcpy(&stats, mnl_attr_get_payload(attribute), length < sizeof(stats) ? length : sizeof(stats));
  kernel->rx_packets = stats.rx_packets;
  kernel->tx_packets = stats.tx_packets;
  kernel->rx_bytes = stats.rx_bytes;
  kernel->tx_bytes = stats.tx_bytes;
  kernel->rx_errors = stats.rx_errors;
  kernel->tx_errors = stats.tx_errors;
  kernel->rx_dropped = stats.rx_dropped;
  kernel->tx_dropped = stats.tx_dropped;
  link->missed = stats.rx_missed_errors + stats.rx_fifo_errors;
}

/* What the attributes of one link say; lower is the device it stands upon, in this namespace only.
 */
struct link_reading {
  struct interface_state *link;
  int lower;
  bool is_lower_elsewhere;
};

/* One attribute of a link. Those that are not of interest are passed over: the kernel adds more
 * with each version. */
static int read_link_attribute(const struct nlattr *attribute, void *data)
{
  struct link_reading *reading = data;
  struct interface_state *link = reading->link;
  switch (mnl_attr_get_type(attribute)) {
  case IFLA_IFNAME:
    (void)strncpy(link->name, mnl_attr_get_str(attribute), sizeof(link->name) - 1);
    break;
  case IFLA_MASTER:
    link->master = (int)mnl_attr_get_u32(attribute);
    break;
  case IFLA_MTU:
    link->mtu = mnl_attr_get_u32(attribute);
    break;
  case IFLA_LINK:
    reading->lower = (int)mnl_attr_get_u32(attribute);
    break;
  case IFLA_LINK_NETNSID:
    reading->is_lower_elsewhere = true;
    break;
  case IFLA_STATS64:
    read_stats(attribute, link);
    break;
  case IFLA_LINKINFO:
    (void)mnl_attr_parse_nested(attribute, read_kind, link);
    break;
  default:
    break;
  }
  return MNL_CB_OK;
}

/* One link of the dump. A full list stops the taking, not the reading: the dump is read to its end,
 * or its rest would be the answer to the next question. */
static int read_link(const struct nlmsghdr *header, void *data)
{
  struct dump *dump = data;
  if (dump->count == dump->max) {
    dump->is_over = true;
    return MNL_CB_OK;
  }
  const struct ifinfomsg *info = mnl_nlmsg_get_payload(header);
  struct interface_state *link = &dump->links[dump->count];
  memset(link, 0, sizeof(*link));
  link->index = info->ifi_index;
  link->type = info->ifi_type;
  link->is_up = (info->ifi_flags & IFF_UP) != 0 && (info->ifi_flags & IFF_RUNNING) != 0;
  link->is_loopback = (info->ifi_flags & IFF_LOOPBACK) != 0;
  struct link_reading reading = {link, 0, false};
  (void)mnl_attr_parse(header, sizeof(*info), read_link_attribute, &reading);
  /* The peer of a pair is told as its lower device too, but does not carry it. */
  bool is_here = reading.lower != 0 && reading.lower != link->index && !reading.is_lower_elsewhere;
  link->has_peer = strcmp(link->kind, "veth") == 0 || strcmp(link->kind, "netkit") == 0;
  link->is_peer_here = link->has_peer && is_here;
  link->has_lower = !link->has_peer && is_here;
  link->lower = link->has_lower ? reading.lower : 0;
  if (link->name[0] != '\0') {
    dump->count++;
  }
  return MNL_CB_OK;
}

static int read_addr_attribute(const struct nlattr *attribute, void *data)
{
  const struct nlattr **found = data;
  unsigned type = mnl_attr_get_type(attribute);
  /* Of a point-to-point link IFA_ADDRESS is the peer, IFA_LOCAL our own. */
  if (type == IFA_LOCAL || (type == IFA_ADDRESS && *found == NULL)) {
    *found = attribute;
  }
  return MNL_CB_OK;
}

/* One address of the dump, of either family. */
static int read_addr(const struct nlmsghdr *header, void *data)
{
  struct dump *dump = data;
  const struct ifaddrmsg *info = mnl_nlmsg_get_payload(header);
  const struct nlattr *found = NULL;
  (void)mnl_attr_parse(header, sizeof(*info), read_addr_attribute, &found);
  if (found == NULL) {
    return MNL_CB_OK;
  }
  if (dump->count == dump->max) {
    dump->is_over = true;
    return MNL_CB_OK;
  }
  const uint8_t *bytes = mnl_attr_get_payload(found);
  uint16_t length = mnl_attr_get_payload_len(found);
  if (info->ifa_family == AF_INET && length >= 4) {
    dump->addrs[dump->count++] = addr_from_v4(bytes);
  } else if (info->ifa_family == AF_INET6 && length >= 16) {
    dump->addrs[dump->count++] = addr_from_v6(bytes);
  }
  return MNL_CB_OK;
}

/* Asks for a dump and feeds its messages to read until its end. */
static int dump_all(struct mnl_socket *socket, uint16_t type, unsigned char family, mnl_cb_t read,
                    struct dump *dump)
{
  _Alignas(8) char buffer[RECEIVE_BYTES];
  struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
  request->nlmsg_type = type;
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request->nlmsg_seq = (uint32_t)type;
  struct rtgenmsg *general = mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
  general->rtgen_family = family;
  if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0) {
    return ERR_IO;
  }
  unsigned port = mnl_socket_get_portid(socket);
  int more = MNL_CB_OK;
  while (more > MNL_CB_STOP) {
    ssize_t length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
    if (length < 0) {
      return ERR_IO;
    }
    more = mnl_cb_run(buffer, (size_t)length, (uint32_t)type, port, read, dump);
  }
  return more < 0 ? ERR_IO : 0;
}

/* A socket for each question: it is asked once a second, and a fresh one holds no rest of an
 * earlier dump. */
static int run_dump(uint16_t type, mnl_cb_t read, struct dump *dump, const char *what,
                    struct err_message *message)
{
  struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
  if (socket == NULL) {
    return err_set(message, ERR_IO, "cannot list %s: netlink: %s", what, strerror(errno));
  }
  int err = mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0
                ? ERR_IO
                : dump_all(socket, type, AF_UNSPEC, read, dump);
  /* Kept over the close, which may set another. */
  int cause = errno;
  (void)mnl_socket_close(socket);
  if (err != 0) {
    return err_set(message, err, "cannot list %s: netlink: %s", what, strerror(cause));
  }
  if (dump->is_over) {
    return err_set(message, ERR_LIMIT, "cannot list %s: more than %zu", what, dump->max);
  }
  return (int)dump->count;
}

int interfaces_list(struct interface_state *out, size_t max, struct err_message *message)
{
  struct dump dump = {.links = out, .max = max};
  return run_dump(RTM_GETLINK, read_link, &dump, "interfaces", message);
}

int interfaces_addresses(struct addr *out, size_t max, struct err_message *message)
{
  struct dump dump = {.addrs = out, .max = max};
  return run_dump(RTM_GETADDR, read_addr, &dump, "addresses", message);
}

/* Not libmnl's socket: all that is wanted of it is that it wakes. */
int interfaces_watch(struct err_message *message)
{
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
    return fd;
  }
  int cause = errno;
  if (fd >= 0) {
    (void)close(fd);
  }
  return err_set(message, ERR_IO, "cannot watch interfaces: netlink: %s", strerror(cause));
}

/* An overrun is an error that is told once: then all that waits is read as well. Bounded, since
 * links may change without end. */
void interfaces_watch_drain(int fd)
{
  char buffer[RECEIVE_BYTES];
  for (int turn = 0; turn < DRAIN_TURNS; turn++) {
    if (recv(fd, buffer, sizeof(buffer), 0) < 0 && errno != ENOBUFS && errno != EINTR) {
      return;
    }
  }
}
