/* SPDX-License-Identifier: Apache-2.0 */
/* Key files, their permissions and the ring of authorised keys. */
#include "common/keys.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"

#define GOOD_KEY "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID" /* RFC 32's own example */

static char folder[] = "/tmp/seine-keys-XXXXXX";

static const char *path_of(const char *file)
{
  static char path[256];
  (void)snprintf(path, sizeof(path), "%s/%s", folder, file);
  return path;
}

static void write_file(const char *file, const char *text, size_t length, mode_t mode)
{
  int fd = open(path_of(file), O_CREAT | O_TRUNC | O_WRONLY, mode);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, length), (ssize_t)length);
  assert_int_equal(fchmod(fd, mode), 0);
  (void)close(fd);
}

static int set_up(void **state)
{
  (void)state;
  (void)snprintf(folder, sizeof(folder), "/tmp/seine-keys-XXXXXX");
  return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
  (void)state;
  char command[300];
  (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
  return system(command); /* NOLINT(cert-env33-c): a folder of our own making */
}

static unsigned mode_of(const char *file)
{
  struct stat info;
  assert_int_equal(stat(path_of(file), &info), 0);
  return info.st_mode & 0777;
}

static unsigned files_in_folder(void)
{
  char command[300];
  (void)snprintf(command, sizeof(command), "ls -A '%s' | wc -l", folder);
  FILE *pipe = popen(command, "r"); /* NOLINT(cert-env33-c) */
  assert_non_null(pipe);
  unsigned count = 0;
  assert_int_equal(fscanf(pipe, "%u", &count), 1); /* NOLINT(cert-err34-c) */
  (void)pclose(pipe);
  return count;
}

static void a_new_pair_is_written_with_its_modes_and_loads(void **state)
{
  (void)state;
  char text[KEYS_TEXT_MAX];
  struct err_message message = {""};
  assert_int_equal(keys_make(path_of("a.key"), text, &message), 0);
  assert_int_equal(mode_of("a.key"), 0600);
  assert_int_equal(mode_of("a.key.pub"), 0644);
  assert_int_equal(files_in_folder(), 2);
  struct key_pair pair;
  assert_int_equal(keys_load(path_of("a.key"), &pair, &message), 0);
  char derived[KEYS_TEXT_MAX];
  keys_format(pair.public_key, derived);
  assert_string_equal(derived, text);
  uint8_t key[KEYS_BYTES];
  assert_int_equal(keys_load_public(path_of("a.key.pub"), key, &message), 0);
  assert_memory_equal(key, pair.public_key, KEYS_BYTES);
}

static void a_key_that_is_there_is_never_overwritten(void **state)
{
  (void)state;
  char text[KEYS_TEXT_MAX];
  struct err_message message = {""};
  write_file("a.key", "mine", 4, 0600);
  assert_int_equal(keys_make(path_of("a.key"), text, &message), ERR_CONFLICT);
  assert_non_null(strstr(message.text, "a.key"));
  assert_int_equal(files_in_folder(), 1);
  write_file("b.key.pub", "mine", 4, 0644);
  assert_int_equal(keys_make(path_of("b.key"), text, &message), ERR_CONFLICT);
  assert_non_null(strstr(message.text, "b.key.pub"));
  assert_int_equal(files_in_folder(), 2);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
  (void)state;
  char text[KEYS_TEXT_MAX];
  struct err_message message = {""};
  assert_int_equal(keys_make(path_of("none/a.key"), text, &message), ERR_IO);
  assert_non_null(strstr(message.text, "none/a.key"));
}

static void a_secret_that_others_can_use_is_refused_with_its_mode(void **state)
{
  (void)state;
  const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0666};
  struct key_pair pair;
  for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
    struct err_message message = {""};
    char mode[8];
    write_file("a.key", GOOD_KEY "\n", 41, modes[i]);
    assert_int_equal(keys_load(path_of("a.key"), &pair, &message), ERR_DENIED);
    (void)snprintf(mode, sizeof(mode), "%04o", modes[i]);
    assert_non_null(strstr(message.text, mode));
    assert_non_null(strstr(message.text, "owner: user"));
    assert_null(strstr(message.text, GOOD_KEY));
  }
  write_file("a.key", GOOD_KEY "\n", 41, 0400);
  assert_int_equal(keys_load(path_of("a.key"), &pair, NULL), 0);
}

static void what_is_no_key_is_refused_and_not_shown(void **state)
{
  (void)state;
  static const char *const texts[] = {"",
                                      "\n",
                                      "short",
                                      GOOD_KEY "x",
                                      GOOD_KEY GOOD_KEY,
                                      GOOD_KEY "\nsecond line\n",
                                      "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{h\"D",
                                      "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV\xff\xff\xff\xff",
                                      "#####################################!!!"};
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    struct key_pair pair;
    uint8_t key[KEYS_BYTES];
    struct err_message message = {""};
    write_file("a.key", texts[i], strlen(texts[i]), 0600);
    assert_int_equal(keys_load(path_of("a.key"), &pair, &message), ERR_MALFORMED);
    assert_non_null(strstr(message.text, "a.key"));
    assert_int_equal(keys_load_public(path_of("a.key"), key, &message), ERR_MALFORMED);
  }
  struct key_pair pair;
  assert_int_equal(keys_load(path_of("none.key"), &pair, NULL), ERR_IO);
  assert_int_equal(keys_load(folder, &pair, NULL), ERR_IO);
}

static void text_and_bytes_are_the_same_key(void **state)
{
  (void)state;
  uint8_t key[KEYS_BYTES];
  char text[KEYS_TEXT_MAX];
  assert_int_equal(keys_parse(GOOD_KEY, key), 0);
  keys_format(key, text);
  assert_string_equal(text, GOOD_KEY);
  assert_int_equal(key[0], 0xbb);
  assert_int_equal(keys_parse("", key), ERR_MALFORMED);
  assert_int_equal(keys_parse(GOOD_KEY "Yne@$", key), ERR_MALFORMED);
  assert_int_equal(key[0], 0xbb);
}

static void names_are_checked(void **state)
{
  (void)state;
  char longest[KEYS_NAME_MAX + 1];
  memset(longest, 'a', sizeof(longest));
  longest[KEYS_NAME_MAX] = '\0';
  assert_int_equal(keys_check_name(longest), ERR_MALFORMED);
  longest[KEYS_NAME_MAX - 1] = '\0';
  assert_int_equal(keys_check_name(longest), 0);
  static const char *const good[] = {"a", "web-1.example.org", "_x", "UPPER", "0"};
  static const char *const bad[] = {"", ".x", "-x", "a b", "a/b", "a\n", "\xc3\xa9", "a:b"};
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    assert_int_equal(keys_check_name(good[i]), 0);
  }
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_int_equal(keys_check_name(bad[i]), ERR_MALFORMED);
  }
}

static void make_public(const char *file, uint8_t first, uint8_t last)
{
  uint8_t key[KEYS_BYTES] = {0};
  char text[KEYS_TEXT_MAX];
  key[0] = first;
  key[KEYS_BYTES - 1] = last;
  keys_format(key, text);
  write_file(file, text, strlen(text), 0644);
}

static void the_ring_binds_keys_to_names(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 100; i++) {
    char file[32];
    (void)snprintf(file, sizeof(file), "host%u.pub", i);
    make_public(file, (uint8_t)(i * 37), (uint8_t)i);
  }
  struct key_ring *ring = NULL;
  struct err_message message = {""};
  assert_int_equal(key_ring_load(folder, &ring, &message), 0);
  assert_int_equal(key_ring_count(ring), 100);
  for (unsigned i = 0; i < 100; i++) {
    char name[32];
    uint8_t key[KEYS_BYTES] = {0};
    key[0] = (uint8_t)(i * 37);
    key[KEYS_BYTES - 1] = (uint8_t)i;
    (void)snprintf(name, sizeof(name), "host%u", i);
    assert_string_equal(key_ring_name(ring, key), name);
    assert_true(key_ring_has(ring, name));
    key[1] = 1;
    assert_null(key_ring_name(ring, key));
  }
  assert_false(key_ring_has(ring, "host100"));
  assert_false(key_ring_has(ring, ""));
  key_ring_free(ring);
}

static void files_that_cannot_be_used_are_left_out(void **state)
{
  (void)state;
  make_public("good.pub", 1, 1);
  make_public("bad name.pub", 2, 2);
  make_public(".hidden.pub", 3, 3);
  make_public("other.key", 4, 4);
  make_public(".pub", 5, 5);
  write_file("broken.pub", "not a key", 9, 0644);
  assert_int_equal(mkdir(path_of("folder.pub"), 0755), 0);
  struct key_ring *ring = NULL;
  assert_int_equal(key_ring_load(folder, &ring, NULL), 0);
  assert_int_equal(key_ring_count(ring), 1);
  assert_true(key_ring_has(ring, "good"));
  key_ring_free(ring);
}

static void names_that_share_a_key_are_all_left_out(void **state)
{
  (void)state;
  make_public("one.pub", 1, 1);
  make_public("two.pub", 7, 7);
  make_public("three.pub", 7, 7);
  make_public("four.pub", 7, 7);
  struct key_ring *ring = NULL;
  assert_int_equal(key_ring_load(folder, &ring, NULL), 0);
  assert_int_equal(key_ring_count(ring), 1);
  assert_true(key_ring_has(ring, "one"));
  assert_false(key_ring_has(ring, "two"));
  key_ring_free(ring);
}

static void an_empty_folder_is_an_empty_ring_and_none_is_an_error(void **state)
{
  (void)state;
  struct key_ring *ring = NULL;
  struct err_message message = {""};
  uint8_t key[KEYS_BYTES] = {0};
  assert_int_equal(key_ring_load(folder, &ring, &message), 0);
  assert_int_equal(key_ring_count(ring), 0);
  assert_null(key_ring_name(ring, key));
  assert_false(key_ring_has(ring, "a"));
  key_ring_free(ring);
  ring = NULL;
  assert_int_equal(key_ring_load(path_of("none"), &ring, &message), ERR_IO);
  assert_null(ring);
  assert_non_null(strstr(message.text, "none"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  log_set_level(LOG_LEVEL_ERROR);
  const struct CMUnitTest tests[] = {
      TEST(a_new_pair_is_written_with_its_modes_and_loads),
      TEST(a_key_that_is_there_is_never_overwritten),
      TEST(a_folder_that_is_not_there_is_named),
      TEST(a_secret_that_others_can_use_is_refused_with_its_mode),
      TEST(what_is_no_key_is_refused_and_not_shown),
      TEST(text_and_bytes_are_the_same_key),
      TEST(names_are_checked),
      TEST(the_ring_binds_keys_to_names),
      TEST(files_that_cannot_be_used_are_left_out),
      TEST(names_that_share_a_key_are_all_left_out),
      TEST(an_empty_folder_is_an_empty_ring_and_none_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
