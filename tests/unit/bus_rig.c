/* SPDX-License-Identifier: Apache-2.0 */
/* The rig: one step works off all that is there, one wait sleeps on the descriptors. */
#include "bus_rig.h"

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

#define PATIENCE_MS 10000

static void rig_path(const struct rig *rig, const char *name, const char *ending, char out[256])
{
  (void)snprintf(out, 256, "%s/%s%s", rig->folder, name, ending);
}

static void rig_ring_path(const struct rig *rig, const char *name, char out[256])
{
  (void)snprintf(out, 256, "%s/ring/%s.pub", rig->folder, name);
}

void rig_make_key(struct rig *rig, const char *name, bool is_authorised, struct key_pair *out)
{
  char path[256];
  char public_path[256];
  char ring_path[256];
  char text[KEYS_TEXT_MAX];
  rig_path(rig, name, ".key", path);
  rig_path(rig, name, ".key.pub", public_path);
  rig_ring_path(rig, name, ring_path);
  (void)unlink(path);
  (void)unlink(public_path);
  assert_int_equal(keys_make(path, text, NULL), 0);
  assert_int_equal(keys_load(path, out, NULL), 0);
  if (is_authorised) {
    (void)unlink(ring_path);
    assert_int_equal(link(public_path, ring_path), 0);
    rig_reload_ring(rig);
  }
}

void rig_withdraw(struct rig *rig, const char *name)
{
  char path[256];
  rig_ring_path(rig, name, path);
  assert_int_equal(unlink(path), 0);
  rig_reload_ring(rig);
}

void rig_reload_ring(struct rig *rig)
{
  char path[256];
  struct key_ring *fresh = NULL;
  rig_path(rig, "ring", "", path);
  assert_int_equal(key_ring_load(path, &fresh, NULL), 0);
  if (rig->server != NULL) {
    bus_server_set_ring(rig->server, fresh);
  }
  key_ring_free(rig->ring);
  rig->ring = fresh;
}

static void rig_on_refused(void *context, const char *address, const char *key_text)
{
  struct rig *rig = context;
  rig->refusals++;
  (void)snprintf(rig->refused_address, sizeof(rig->refused_address), "%s", address);
  (void)snprintf(rig->refused_key, sizeof(rig->refused_key), "%s", key_text);
}

void rig_start(struct rig *rig)
{
  memset(rig, 0, sizeof(*rig));
  (void)snprintf(rig->folder, sizeof(rig->folder), "/tmp/seine-bus-XXXXXX");
  assert_non_null(mkdtemp(rig->folder));
  char path[256];
  rig_path(rig, "ring", "", path);
  assert_int_equal(mkdir(path, 0700), 0);
  rig_make_key(rig, "collector", false, &rig->server_key);
  rig_reload_ring(rig);
  assert_int_equal(bus_new(&rig->server_bus, NULL), 0);
  assert_int_equal(bus_new(&rig->link_bus, NULL), 0);
  struct bus_server_config config = {"tcp://127.0.0.1:*", &rig->server_key, rig->ring,
                                     rig_on_refused, rig};
  struct err_message message = {""};
  if (bus_server_new(rig->server_bus, &config, &rig->server, &message) != 0) {
    fail_msg("%s", message.text);
  }
}

void rig_stop(struct rig *rig)
{
  for (unsigned i = 0; i < RIG_LINKS; i++) {
    bus_link_free(rig->link[i]);
  }
  bus_server_free(rig->server);
  bus_free(rig->link_bus);
  bus_free(rig->server_bus);
  key_ring_free(rig->ring);
  free(rig->body);
  char command[128];
  (void)snprintf(command, sizeof(command), "rm -rf '%s'", rig->folder);
  assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a folder of our own making */
}

void rig_connect(struct rig *rig, unsigned i, const struct key_pair *key)
{
  struct err_message message = {""};
  if (bus_link_new(rig->link_bus, bus_server_endpoint(rig->server), key, rig->server_key.public_key,
                   &rig->link[i], &message) != 0) {
    fail_msg("%s", message.text);
  }
}

static void rig_work_server(struct rig *rig)
{
  bus_server_judge(rig->server);
  struct bus_received received;
  while (bus_server_receive(rig->server, &received) == 0) {
    rig->received++;
    rig->last = received;
    free(rig->body);
    rig->body = malloc(received.length + 1);
    assert_non_null(rig->body);
    memcpy(rig->body, received.bytes, received.length);
    rig->body[received.length] = '\0';
    rig->last.bytes = rig->body;
  }
  bus_server_judge(rig->server);
}

static void rig_work_link(struct rig *rig, unsigned i)
{
  enum bus_link_event event = bus_link_event(rig->link[i]);
  while (event != BUS_LINK_NONE) {
    rig->events[i][event]++;
    event = bus_link_event(rig->link[i]);
  }
  const uint8_t *bytes = NULL;
  size_t length = 0;
  while (bus_link_receive(rig->link[i], &bytes, &length) == 0) {
    rig->answers++;
    (void)snprintf(rig->answer, sizeof(rig->answer), "%.*s", (int)length, (const char *)bytes);
  }
}

static void rig_work(struct rig *rig)
{
  if (rig->server != NULL) {
    rig_work_server(rig);
  }
  for (unsigned i = 0; i < RIG_LINKS; i++) {
    if (rig->link[i] != NULL) {
      rig_work_link(rig, i);
    }
  }
}

static void rig_wait(struct rig *rig)
{
  struct pollfd fds[2 * RIG_LINKS + 3];
  nfds_t count = 0;
  if (rig->server != NULL) {
    fds[count++] = (struct pollfd){.fd = bus_server_fd(rig->server), .events = POLLIN};
    fds[count++] = (struct pollfd){.fd = bus_server_zap_fd(rig->server), .events = POLLIN};
  }
  for (unsigned i = 0; i < RIG_LINKS; i++) {
    if (rig->link[i] != NULL) {
      fds[count++] = (struct pollfd){.fd = bus_link_fd(rig->link[i]), .events = POLLIN};
      fds[count++] = (struct pollfd){.fd = bus_link_event_fd(rig->link[i]), .events = POLLIN};
    }
  }
  if (rig->watched != NULL) {
    int fd = -1;
    size_t size = sizeof(fd);
    assert_int_equal(zmq_getsockopt(rig->watched, ZMQ_FD, &fd, &size), 0);
    fds[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
  }
  if (poll(fds, count, PATIENCE_MS) <= 0) {
    fail_msg("no descriptor has anything to say for %d ms", PATIENCE_MS);
  }
}

void rig_until(struct rig *rig, bool (*done)(const struct rig *rig))
{
  rig_work(rig);
  while (!done(rig)) {
    rig_wait(rig);
    rig_work(rig);
  }
}

void rig_send(struct rig *rig, unsigned i, const void *bytes, size_t length)
{
  int err = bus_link_send(rig->link[i], bytes, length);
  while (err == ERR_AGAIN) {
    rig_work(rig);
    err = bus_link_send(rig->link[i], bytes, length);
    if (err == ERR_AGAIN) {
      rig_wait(rig);
    }
  }
  assert_int_equal(err, 0);
}

void rig_raw_open(struct rig *rig, struct rig_raw *raw, const struct key_pair *key, int events)
{
  raw->context = zmq_ctx_new();
  raw->socket = zmq_socket(raw->context, ZMQ_DEALER);
  raw->monitor = zmq_socket(raw->context, ZMQ_PAIR);
  assert_true(raw->socket != NULL && raw->monitor != NULL);
  int no_linger = 0;
  assert_int_equal(zmq_setsockopt(raw->socket, ZMQ_LINGER, &no_linger, sizeof(int)), 0);
  if (key != NULL) {
    void *s = raw->socket;
    assert_int_equal(zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, rig->server_key.public_key, KEYS_BYTES),
                     0);
    assert_int_equal(zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, key->public_key, KEYS_BYTES), 0);
    assert_int_equal(zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, key->secret_key, KEYS_BYTES), 0);
  }
  assert_int_equal(zmq_socket_monitor(raw->socket, "inproc://raw", events), 0);
  assert_int_equal(zmq_connect(raw->monitor, "inproc://raw"), 0);
  assert_int_equal(zmq_connect(raw->socket, bus_server_endpoint(rig->server)), 0);
  rig->watched = raw->monitor;
}

void rig_raw_close(struct rig *rig, struct rig_raw *raw)
{
  rig->watched = NULL;
  (void)zmq_close(raw->socket);
  (void)zmq_close(raw->monitor);
  (void)zmq_ctx_term(raw->context);
}
