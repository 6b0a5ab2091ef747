/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of authorised keys, in memory: sorted by key for the handshake and for every message,
 * by name for the question whether a name is there at all. */
#include "common/keys.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

#define KEY_RING_ENDING ".pub"

struct key_ring_entry {
  uint8_t key[KEYS_BYTES];
  char name[KEYS_NAME_MAX];
  bool is_doubled;
};

/* entries   [ key name ] [ key name ] [ key name ]     sorted by key
 *                ^             ^             ^
 * names     -----+-------------+-------------+          pointers, sorted by name
 *
 * entries is neither grown nor sorted after the index is made, or names would point at nothing. */
struct key_ring {
  struct key_ring_entry *entries; /* by key */
  const char **names;             /* sorted; borrowed from entries */
  size_t count, room;
};

/* Among equal keys by name: which two are named in the warning does not hang on the folder's order.
 */
static int key_ring_compare_keys(const void *a, const void *b)
{
  const struct key_ring_entry *left = a;
  const struct key_ring_entry *right = b;
  int order = memcmp(left->key, right->key, KEYS_BYTES);
  return order != 0 ? order : strcmp(left->name, right->name);
}

static int key_ring_compare_names(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The name of a file NAME.pub; false for files of another ending and for hidden ones. */
static bool key_ring_file_name(const char *file, char name[NAME_MAX + 1])
{
  size_t length = strlen(file);
  size_t ending = strlen(KEY_RING_ENDING);
  if (file[0] == '.' || length <= ending || length > NAME_MAX ||
      strcmp(file + length - ending, KEY_RING_ENDING) != 0) {
    return false;
  }
  memcpy(name, file, length - ending);
  name[length - ending] = '\0';
  return true;
}

/* Grows by doubling while the folder is read; afterwards the ring is fixed. */
static int key_ring_append(struct key_ring *ring, const char *name, const uint8_t key[KEYS_BYTES])
{
  if (ring->count == ring->room) {
    size_t room = ring->room > 0 ? ring->room * 2 : 16;
    struct key_ring_entry *entries = realloc(ring->entries, room * sizeof(*entries));
    if (entries == NULL) {
      return ERR_NO_MEMORY;
    }
    ring->entries = entries;
    ring->room = room;
  }
  struct key_ring_entry *entry = &ring->entries[ring->count++];
  memset(entry, 0, sizeof(*entry));
  memcpy(entry->key, key, KEYS_BYTES);
  memcpy(entry->name, name, strlen(name) + 1);
  return 0;
}

/* A file that cannot be used must not keep the others out: it is named and left out. */
static int key_ring_add_file(struct key_ring *ring, const char *folder, const char *file)
{
  char name[NAME_MAX + 1];
  if (!key_ring_file_name(file, name)) {
    return 0;
  }
  if (keys_check_name(name) != 0) {
    log_warning("%s/%s is left out: \"%s\" is not a sensor's name (1..63 of [A-Za-z0-9._-])",
                folder, file, name);
    return 0;
  }
  char path[PATH_MAX];
  int length = snprintf(path, sizeof(path), "%s/%s", folder, file);
  if (length < 0 || (size_t)length >= sizeof(path)) {
    log_warning("%s/%s is left out: its path is too long", folder, file);
    return 0;
  }
  uint8_t key[KEYS_BYTES];
  struct err_message message;
  if (keys_load_public(path, key, &message) != 0) {
    log_warning("%s is left out: %s", path, message.text);
    return 0;
  }
  return key_ring_append(ring, name, key);
}

/* readdir tells its end and its failure alike: errno is cleared before each call to know them
 * apart. */
static int key_ring_read_folder(struct key_ring *ring, const char *folder,
                                struct err_message *message)
{
  DIR *dir = opendir(folder);
  if (dir == NULL) {
    return err_set(message, ERR_IO, "cannot read the folder of authorised keys %s: %s", folder,
                   strerror(errno));
  }
  int err = 0;
  errno = 0;
  struct dirent *file = readdir(dir);
  while (file != NULL && err == 0) {
    err = key_ring_add_file(ring, folder, file->d_name);
    errno = 0;
    file = readdir(dir);
  }
  if (err != 0) {
    err = err_set(message, err, "%s: %s", folder, err_text(err));
  } else if (errno != 0) {
    err = err_set(message, ERR_IO, "cannot read the folder of authorised keys %s: %s", folder,
                  strerror(errno));
  }
  (void)closedir(dir);
  return err;
}

/* One key under two names could speak for either: neither may use it. */
static void key_ring_drop_doubled(struct key_ring *ring, const char *folder)
{
  for (size_t i = 1; i < ring->count; i++) {
    struct key_ring_entry *a = &ring->entries[i - 1];
    struct key_ring_entry *b = &ring->entries[i];
    if (memcmp(a->key, b->key, KEYS_BYTES) == 0) {
      log_warning("%s: %s.pub and %s.pub hold the same key: both are left out", folder, a->name,
                  b->name);
      a->is_doubled = true;
      b->is_doubled = true;
    }
  }
  /* Closed up in place: the order by key stays. */
  size_t kept = 0;
  for (size_t i = 0; i < ring->count; i++) {
    if (!ring->entries[i].is_doubled) {
      ring->entries[kept++] = ring->entries[i];
    }
  }
  ring->count = kept;
}

/* Two orders over one array: lookups cost a dozen comparisons with ten thousand sensors. */
static int key_ring_index(struct key_ring *ring, const char *folder)
{
  if (ring->count == 0) {
    return 0;
  }
  qsort(ring->entries, ring->count, sizeof(*ring->entries), key_ring_compare_keys);
  key_ring_drop_doubled(ring, folder);
  ring->names = calloc(ring->count + 1, sizeof(*ring->names));
  if (ring->names == NULL) {
    return ERR_NO_MEMORY;
  }
  for (size_t i = 0; i < ring->count; i++) {
    ring->names[i] = ring->entries[i].name;
  }
  qsort(ring->names, ring->count, sizeof(*ring->names), key_ring_compare_names);
  return 0;
}

/* Made whole or not at all: while a new ring cannot be read, the caller goes on with the old one.
 */
int key_ring_load(const char *folder, struct key_ring **out, struct err_message *message)
{
  struct key_ring *ring = calloc(1, sizeof(*ring));
  if (ring == NULL) {
    return err_set(message, ERR_NO_MEMORY, "no memory for the keys of %s", folder);
  }
  int err = key_ring_read_folder(ring, folder, message);
  if (err == 0 && key_ring_index(ring, folder) != 0) {
    err = err_set(message, ERR_NO_MEMORY, "no memory for the keys of %s", folder);
  }
  if (err != 0) {
    key_ring_free(ring);
    return err;
  }
  *out = ring;
  return 0;
}

void key_ring_free(struct key_ring *ring)
{
  if (ring != NULL) {
    free(ring->names);
    free(ring->entries);
    free(ring);
  }
}

/* By halving, written out since bsearch would need an entry for a key. Public keys are no secret:
 * the time that memcmp takes tells nothing. */
const char *key_ring_name(const struct key_ring *ring, const uint8_t key[KEYS_BYTES])
{
  size_t low = 0;
  size_t high = ring->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = memcmp(key, ring->entries[middle].key, KEYS_BYTES);
    if (order == 0) {
      return ring->entries[middle].name;
    }
    if (order < 0) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return NULL;
}

int key_ring_has(const struct key_ring *ring, const char *name)
{
  return ring->count > 0 && bsearch(&name, ring->names, ring->count, sizeof(*ring->names),
                                    key_ring_compare_names) != NULL;
}

unsigned key_ring_count(const struct key_ring *ring)
{
  return (unsigned)ring->count;
}
