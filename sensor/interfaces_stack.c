/* SPDX-License-Identifier: Apache-2.0 */
/* What sysfs tells of a link beside rtnetlink: its speed, the devices below it (links named
 * lower_NAME, for every kind of stacking and any number of them), and whether a bus holds it (the
 * link `device`).
 *
 *   bond0/  lower_eth0 lower_eth1        br0/ lower_bond0 lower_tap1       eth0/ device upper_bond0
 *
 * Netlink alone tells one device below, in a form of its own for some kinds of tunnels. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/interfaces.h"

#define LINE_MAX_BYTES 64
#define LOWER          "lower_"
#define SPEED_MAX_MBIT 100000000 /* a hundred terabits: what is above is no speed */

/* A file of one short line; "" when it is not there or the driver will not say. */
static void read_line(int folder, const char *name, char line[LINE_MAX_BYTES])
{
  line[0] = '\0';
  int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return;
  }
  ssize_t length = read(fd, line, LINE_MAX_BYTES - 1);
  (void)close(fd);
  line[length > 0 ? length : 0] = '\0';
  line[strcspn(line, "\n")] = '\0';
}

/* The tree may be another namespace's, where the same name is another device. */
static bool is_same_device(int folder, const struct interface_state *link)
{
  char line[LINE_MAX_BYTES];
  read_line(folder, "ifindex", line);
  return line[0] != '\0' && strtol(line, NULL, 10) == link->index;
}

/* The last name of the path that a link stands for. */
static bool link_ends_in(int folder, const char *link, const char *name)
{
  char target[PATH_MAX];
  ssize_t length = readlinkat(folder, link, target, sizeof(target) - 1);
  if (length <= 0) {
    return false;
  }
  target[length] = '\0';
  const char *slash = strrchr(target, '/');
  return strcmp(slash != NULL ? slash + 1 : target, name) == 0;
}

/* Xen's backend devices, and the representors of virtual functions ("pf0vf3", "c1pf0sf2"): both
 * hang on a bus and are still the host's end of a guest's card. */
static bool is_guest_card(int folder)
{
  char port[LINE_MAX_BYTES];
  read_line(folder, "phys_port_name", port);
  const char *function = strstr(port, "pf");
  if (function != NULL && (strstr(function, "vf") != NULL || strstr(function, "sf") != NULL)) {
    return true;
  }
  return link_ends_in(folder, "device/subsystem", "xen-backend");
}

/* By name, as the tree tells it; 0 when it is not in the list. */
static int index_of(const struct interface_state *list, size_t n, const char *name)
{
  for (size_t i = 0; i < n; i++) {
    if (strcmp(list[i].name, name) == 0) {
      return list[i].index;
    }
  }
  return 0;
}

/* A bridge has a link for each port, which master tells already: lower is for the one device of all
 * others. Owns the descriptor. */
static void read_lowers(int folder, struct interface_state *link,
                        const struct interface_state *list, size_t n)
{
  DIR *entries = fdopendir(folder);
  if (entries == NULL) {
    (void)close(folder);
    return;
  }
  for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
    if (strncmp(entry->d_name, LOWER, strlen(LOWER)) != 0) {
      continue;
    }
    link->has_lower = true;
    if (link->lower == 0) {
      link->lower = index_of(list, n, entry->d_name + strlen(LOWER));
    }
  }
  (void)closedir(entries);
}

/* The folder of a link, or -1 when the tree has none of it. The name is one component of a path:
 * the kernel allows no '/' in it. */
static int open_folder(const char *root, const struct interface_state *link)
{
  char path[PATH_MAX];
  (void)snprintf(path, sizeof(path), "%s/%s", root, link->name);
  int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0 && !is_same_device(folder, link)) {
    (void)close(folder);
    return -1;
  }
  return folder;
}

void interfaces_stack(const char *root, struct interface_state *list, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    struct interface_state *link = &list[i];
    int folder = open_folder(root, link);
    if (folder < 0) {
      continue;
    }
    link->is_hardware = faccessat(folder, "device", F_OK, 0) == 0;
    link->is_guest_card = link->is_hardware && is_guest_card(folder);
    read_lowers(folder, link, list, n);
  }
}

/* Megabits; -1, or 2^32 - 1 from older drivers, when it is not known. */
uint32_t interfaces_speed_mbit(const char *root, const struct interface_state *link)
{
  char line[LINE_MAX_BYTES];
  int folder = open_folder(root, link);
  if (folder < 0) {
    return 0;
  }
  read_line(folder, "speed", line);
  (void)close(folder);
  char *end = line;
  long long mbit = strtoll(line, &end, 10);
  bool is_speed = end != line && *end == '\0' && mbit > 0 && mbit <= SPEED_MAX_MBIT;
  return is_speed ? (uint32_t)mbit : 0;
}
