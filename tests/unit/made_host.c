/* SPDX-License-Identifier: Apache-2.0 */
/* From words to a list and a tree in a temporary folder, which lives as long as it is read. */
#include "tests/unit/made_host.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX 256

size_t made_host_count(const struct made_host *host)
{
  size_t n = 0;
  while (n < MADE_LINKS_MAX && host->link[n] != NULL) {
    n++;
  }
  return n;
}

/* The value of "key=value" among the words, "" when there is none; a word alone: itself. */
static const char *word_of(const char *words, const char *key, char value[TEXT_MAX])
{
  char text[TEXT_MAX];
  char *rest = NULL;
  size_t length = strlen(key);
  value[0] = '\0';
  (void)snprintf(text, sizeof(text), "%s", words);
  for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
    if (strncmp(word, key, length) == 0 && (word[length] == '\0' || key[length - 1] == '=')) {
      (void)snprintf(value, TEXT_MAX, "%s", key[length - 1] == '=' ? word + length : word);
    }
  }
  return value;
}

static bool has_word(const char *words, const char *word)
{
  char value[TEXT_MAX];
  return word_of(words, word, value)[0] != '\0';
}

/* The first word, or an index's. */
static void name_of(const char *words, char name[SUMMARY_INTERFACE_NAME_MAX])
{
  (void)snprintf(name, SUMMARY_INTERFACE_NAME_MAX, "%.*s", (int)strcspn(words, " "), words);
}

/* The first of the names; 0: not there. */
static int index_of(const struct made_host *host, const char *names)
{
  size_t length = strcspn(names, ",");
  for (size_t i = 0; length > 0 && i < made_host_count(host); i++) {
    char name[SUMMARY_INTERFACE_NAME_MAX];
    name_of(host->link[i], name);
    if (strlen(name) == length && strncmp(name, names, length) == 0) {
      return (int)i + 1;
    }
  }
  return 0;
}

static unsigned type_of(const char *words)
{
  static const struct {
    const char *word;
    unsigned type;
  } types[] = {
      {"lo", ARPHRD_LOOPBACK},  {"monitor", ARPHRD_IEEE80211_RADIOTAP},
      {"l3", ARPHRD_NONE},      {"tunnel", ARPHRD_TUNNEL},
      {"kind=ppp", ARPHRD_PPP},
  };
  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
    if (has_word(words, types[i].word)) {
      return types[i].type;
    }
  }
  return ARPHRD_ETHER;
}

void made_host_list(const struct made_host *host, struct interface_state *list)
{
  for (size_t i = 0; i < made_host_count(host); i++) {
    const char *words = host->link[i];
    char value[TEXT_MAX];
    struct interface_state *link = &list[i];
    memset(link, 0, sizeof(*link));
    name_of(words, link->name);
    (void)snprintf(link->kind, sizeof(link->kind), "%.15s", word_of(words, "kind=", value));
    link->index = (int)i + 1;
    link->master = index_of(host, word_of(words, "in=", value));
    link->type = type_of(words);
    link->is_up = !has_word(words, "down");
    link->is_loopback = link->type == ARPHRD_LOOPBACK;
    link->has_peer = has_word(words, "here") || has_word(words, "away");
    link->is_peer_here = has_word(words, "here");
    link->has_lower = has_word(words, "told");
    link->lower = link->has_lower ? index_of(host, word_of(words, "over=", value)) : 0;
  }
}

static void make_file(const char *folder, const char *name, const char *text)
{
  char path[2 * TEXT_MAX];
  (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  (void)close(fd);
}

/* Those that sysfs has point to the other devices; these point nowhere, as nobody follows them. */
static void make_lowers(const char *folder, char *names)
{
  char *rest = NULL;
  for (char *name = strtok_r(names, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest)) {
    char path[2 * TEXT_MAX];
    (void)snprintf(path, sizeof(path), "%s/lower_%s", folder, name);
    assert_int_equal(symlink("../elsewhere", path), 0);
  }
}

static void make_device(const char *folder, bool is_xen)
{
  char path[2 * TEXT_MAX];
  (void)snprintf(path, sizeof(path), "%s/device", folder);
  assert_int_equal(mkdir(path, 0700), 0);
  (void)snprintf(path, sizeof(path), "%s/device/subsystem", folder);
  assert_int_equal(symlink(is_xen ? "../../bus/xen-backend" : "../../bus/pci", path), 0);
}

static void make_tree(const struct made_host *host, const char *root, int index_shift)
{
  for (size_t i = 0; i < made_host_count(host); i++) {
    const char *words = host->link[i];
    char name[SUMMARY_INTERFACE_NAME_MAX];
    char folder[TEXT_MAX];
    char value[TEXT_MAX];
    name_of(words, name);
    (void)snprintf(folder, sizeof(folder), "%s/%s", root, name);
    assert_int_equal(mkdir(folder, 0700), 0);
    (void)snprintf(value, sizeof(value), "%d\n", (int)i + 1 + index_shift);
    make_file(folder, "ifindex", value);
    if (has_word(words, "card") || has_word(words, "xen")) {
      make_device(folder, has_word(words, "xen"));
    }
    if (word_of(words, "port=", value)[0] != '\0') {
      make_file(folder, "phys_port_name", value);
    }
    if (word_of(words, "speed=", value)[0] != '\0') {
      make_file(folder, "speed", value);
    }
    (void)word_of(words, "over=", value);
    make_lowers(folder, value);
  }
  /* What stands there and is no device. */
  make_file(root, "bonding_masters", "bond0\n");
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
  (void)stat;
  (void)type;
  (void)walk;
  return remove(path);
}

size_t made_host_stack(const struct made_host *host, struct interface_state *list, int index_shift)
{
  char root[] = "/tmp/made_host.XXXXXX";
  assert_non_null(mkdtemp(root));
  made_host_list(host, list);
  make_tree(host, root, index_shift);
  interfaces_stack(root, list, made_host_count(host));
  assert_int_equal(nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
  return made_host_count(host);
}

uint32_t made_host_speed(const struct made_host *host, int index_shift)
{
  char root[] = "/tmp/made_host.XXXXXX";
  struct interface_state list[MADE_LINKS_MAX];
  assert_non_null(mkdtemp(root));
  made_host_list(host, list);
  make_tree(host, root, index_shift);
  uint32_t speed_mbit = interfaces_speed_mbit(root, &list[0]);
  assert_int_equal(nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
  return speed_mbit;
}
