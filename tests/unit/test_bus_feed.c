/* SPDX-License-Identifier: Apache-2.0 */
/* The PUB socket with real readers: who may read reads, strangers do not, a withdrawn key is cut
 * off at once. */
#include "common/bus_feed.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "common/clock.h"

#define PATIENCE_NS (10 * NS_PER_S)

struct rig {
  char folder[64];
  struct key_pair server_key, key[2];
  struct key_ring *ring;
  struct bus_feed *feed;
  void *context, *reader[2];
  unsigned refused;
};

static void on_refused(void *context, const char *address, const char *key_text)
{
  struct rig *rig = context;
  assert_string_equal(address, "127.0.0.1");
  assert_int_equal(strlen(key_text), KEYS_TEXT_MAX - 1);
  rig->refused++;
}

/* name.key in the folder; its public half as ring/name.pub when it may read. */
static void make_key(const struct rig *rig, const char *name, bool may_read, struct key_pair *out)
{
  char path[160];
  char public_path[192];
  char ring_path[192];
  char text[KEYS_TEXT_MAX];
  (void)snprintf(path, sizeof(path), "%s/%s.key", rig->folder, name);
  (void)snprintf(public_path, sizeof(public_path), "%s.pub", path);
  (void)snprintf(ring_path, sizeof(ring_path), "%s/ring/%s.pub", rig->folder, name);
  assert_int_equal(keys_make(path, text, NULL), 0);
  assert_int_equal(keys_load(path, out, NULL), 0);
  if (may_read) {
    assert_int_equal(link(public_path, ring_path), 0);
  }
}

static struct key_ring *load_ring(const struct rig *rig)
{
  char path[160];
  struct key_ring *ring = NULL;
  (void)snprintf(path, sizeof(path), "%s/ring", rig->folder);
  assert_int_equal(key_ring_load(path, &ring, NULL), 0);
  return ring;
}

static void *open_reader(const struct rig *rig, const struct key_pair *key)
{
  void *reader = zmq_socket(rig->context, ZMQ_SUB);
  int retry_ms = 50;
  assert_non_null(reader);
  assert_int_equal(
      zmq_setsockopt(reader, ZMQ_CURVE_SERVERKEY, rig->server_key.public_key, KEYS_BYTES), 0);
  assert_int_equal(zmq_setsockopt(reader, ZMQ_CURVE_PUBLICKEY, key->public_key, KEYS_BYTES), 0);
  assert_int_equal(zmq_setsockopt(reader, ZMQ_CURVE_SECRETKEY, key->secret_key, KEYS_BYTES), 0);
  assert_int_equal(zmq_setsockopt(reader, ZMQ_RECONNECT_IVL, &retry_ms, sizeof(retry_ms)), 0);
  assert_int_equal(zmq_setsockopt(reader, ZMQ_SUBSCRIBE, "", 0), 0);
  assert_int_equal(zmq_connect(reader, bus_feed_endpoint(rig->feed)), 0);
  return reader;
}

static int set_up(void **state)
{
  struct rig *rig = calloc(1, sizeof(*rig));
  char path[160];
  assert_non_null(rig);
  (void)snprintf(rig->folder, sizeof(rig->folder), "/tmp/seine-feed-XXXXXX");
  assert_non_null(mkdtemp(rig->folder));
  (void)snprintf(path, sizeof(path), "%s/ring", rig->folder);
  assert_int_equal(mkdir(path, 0700), 0);
  make_key(rig, "collector", false, &rig->server_key);
  make_key(rig, "board", true, &rig->key[0]);
  make_key(rig, "other", true, &rig->key[1]);
  rig->ring = load_ring(rig);
  const struct bus_feed_config config = {"tcp://127.0.0.1:*", &rig->server_key, rig->ring,
                                         on_refused, rig};
  struct err_message message = {""};
  if (bus_feed_new(&config, &rig->feed, &message) != 0) {
    fail_msg("%s", message.text);
  }
  rig->context = zmq_ctx_new();
  *state = rig;
  return 0;
}

static int tear_down(void **state)
{
  struct rig *rig = *state;
  char command[128];
  int no_linger = 0;
  for (int i = 0; i < 2; i++) {
    if (rig->reader[i] != NULL) {
      (void)zmq_setsockopt(rig->reader[i], ZMQ_LINGER, &no_linger, sizeof(no_linger));
      (void)zmq_close(rig->reader[i]);
    }
  }
  (void)zmq_ctx_term(rig->context);
  bus_feed_free(rig->feed);
  key_ring_free(rig->ring);
  (void)snprintf(command, sizeof(command), "rm -r %s", rig->folder);
  assert_int_equal(system(command), 0);
  free(rig);
  return 0;
}

/* One message now, if there is one: its body as text. */
static bool take(void *reader, char *out, size_t size)
{
  char topic[16] = "";
  if (reader == NULL || zmq_recv(reader, topic, sizeof(topic), ZMQ_DONTWAIT) < 0) {
    return false;
  }
  int length = zmq_recv(reader, out, size - 1, 0);
  assert_true(length >= 0 && (size_t)length < size);
  assert_memory_equal(topic, "window", 6);
  out[length] = '\0';
  return true;
}

/* Sends a number every 10 ms until the readers that `wanted` names (bits) got one. A reader that is
 * still on its way misses some: PUB keeps nothing for it. */
static void send_until(struct rig *rig, unsigned wanted)
{
  int64_t end_ns = clock_monotonic_ns() + PATIENCE_NS;
  char text[32];
  unsigned got = 0;
  for (unsigned n = 0; (got & wanted) != wanted; n++) {
    struct pollfd ready = {.fd = bus_feed_zap_fd(rig->feed), .events = POLLIN};
    (void)poll(&ready, 1, 10);
    bus_feed_judge(rig->feed);
    (void)snprintf(text, sizeof(text), "%u", n);
    assert_int_equal(bus_feed_send(rig->feed, "window", text, strlen(text)), 0);
    for (unsigned i = 0; i < 2; i++) {
      got |= take(rig->reader[i], text, sizeof(text)) ? 1U << i : 0;
    }
    assert_true(clock_monotonic_ns() < end_ns);
  }
}

static void all_readers_get_the_same_numbers_in_order(void **state)
{
  struct rig *rig = *state;
  char text[32];
  rig->reader[0] = open_reader(rig, &rig->key[0]);
  rig->reader[1] = open_reader(rig, &rig->key[1]);
  send_until(rig, 3);
  for (int i = 0; i < 2; i++) {
    while (take(rig->reader[i], text, sizeof(text))) {
    }
  }
  for (int n = 0; n < 100; n++) {
    (void)snprintf(text, sizeof(text), "n%d", n);
    assert_int_equal(bus_feed_send(rig->feed, "window", text, strlen(text)), 0);
  }
  for (int i = 0; i < 2; i++) {
    for (int n = 0; n < 100;) {
      zmq_pollitem_t item = {.socket = rig->reader[i], .events = ZMQ_POLLIN};
      assert_int_equal(zmq_poll(&item, 1, 10000), 1);
      assert_true(take(rig->reader[i], text, sizeof(text)));
      n += text[0] == 'n' && atoi(text + 1) == n ? 1 : 0;
      assert_true(text[0] != 'n' || atoi(text + 1) == n - 1);
    }
  }
  assert_int_equal(bus_feed_counters(rig->feed)->handshakes_accepted, 2);
}

static void a_stranger_reads_nothing(void **state)
{
  struct rig *rig = *state;
  struct key_pair stranger;
  char text[32];
  make_key(rig, "stranger", false, &stranger);
  rig->reader[0] = open_reader(rig, &rig->key[0]);
  rig->reader[1] = open_reader(rig, &stranger);
  int64_t end_ns = clock_monotonic_ns() + PATIENCE_NS;
  while (rig->refused == 0 && clock_monotonic_ns() < end_ns) {
    send_until(rig, 1);
  }
  send_until(rig, 1);
  assert_int_equal(rig->refused, 1);
  assert_false(take(rig->reader[1], text, sizeof(text)));
}

static void a_withdrawn_key_is_cut_off_at_once_and_the_others_come_back(void **state)
{
  struct rig *rig = *state;
  char text[256];
  bool is_reopened = false;
  rig->reader[0] = open_reader(rig, &rig->key[0]);
  rig->reader[1] = open_reader(rig, &rig->key[1]);
  send_until(rig, 3);
  struct key_ring *same = load_ring(rig);
  assert_int_equal(bus_feed_set_ring(rig->feed, same, &is_reopened, NULL), 0);
  assert_false(is_reopened);
  key_ring_free(rig->ring);
  rig->ring = same;
  (void)snprintf(text, sizeof(text), "%s/ring/other.pub", rig->folder);
  assert_int_equal(unlink(text), 0);
  struct key_ring *less = load_ring(rig);
  assert_int_equal(bus_feed_set_ring(rig->feed, less, &is_reopened, NULL), 0);
  assert_true(is_reopened);
  key_ring_free(rig->ring);
  rig->ring = less;
  /* What was on its way before. */
  while (take(rig->reader[0], text, sizeof(text)) || take(rig->reader[1], text, sizeof(text))) {
  }
  send_until(rig, 1);
  send_until(rig, 1);
  assert_false(take(rig->reader[1], text, sizeof(text)));
  assert_int_equal(bus_feed_counters(rig->feed)->reopened, 1);
}

static void an_endpoint_that_is_taken_is_named(void **state)
{
  struct rig *rig = *state;
  const struct bus_feed_config config = {bus_feed_endpoint(rig->feed), &rig->server_key, rig->ring,
                                         NULL, NULL};
  struct bus_feed *second = NULL;
  struct err_message message = {""};
  assert_int_equal(bus_feed_new(&config, &second, &message), ERR_IO);
  assert_non_null(strstr(message.text, bus_feed_endpoint(rig->feed)));
  assert_null(second);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(all_readers_get_the_same_numbers_in_order, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_stranger_reads_nothing, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_withdrawn_key_is_cut_off_at_once_and_the_others_come_back,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(an_endpoint_that_is_taken_is_named, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
