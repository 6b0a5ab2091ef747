/* SPDX-License-Identifier: Apache-2.0 */
/* Live capture on the loopback. Without the privilege to capture, what needs it is skipped. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "sensor/capture.h"

#define WAIT_MS 10000 /* an event ends the wait; this bounds a test that fails */

static const struct capture_options options = {
    .snap_bytes = 64, .buffer_bytes = 1 << 20, .timeout_ms = 20, .is_promiscuous = false};

static void a_missing_interface_is_named(void **state)
{
  (void)state;
  struct capture *capture = NULL;
  struct err_message message = {""};
  assert_int_equal(capture_open_live("no-such-if0", &options, &capture, &message), ERR_NOT_FOUND);
  assert_null(capture);
  assert_non_null(strstr(message.text, "no-such-if0"));
}

/* NULL when capturing is not allowed here. */
static struct capture *open_loopback(const char *filter, int *result, struct err_message *message)
{
  struct capture_options with_filter = options;
  with_filter.filter = filter;
  struct capture *capture = NULL;
  *result = capture_open_live("lo", &with_filter, &capture, message);
  return capture;
}

static void a_wrong_filter_is_quoted(void **state)
{
  (void)state;
  int result = 0;
  struct err_message message = {""};
  struct capture *capture = open_loopback("udp prot 53", &result, &message);
  assert_null(capture);
  if (result == ERR_DENIED) {
    skip();
  }
  assert_int_equal(result, ERR_MALFORMED);
  assert_non_null(strstr(message.text, "\"udp prot 53\""));
}

struct seen {
  int frames;
  uint32_t wire_bytes;
};

static void take_frame(void *context, const struct frame *frame)
{
  struct seen *seen = context;
  seen->frames++;
  seen->wire_bytes = frame->wire_bytes;
  assert_true(frame->captured_bytes <= options.snap_bytes);
  assert_true(frame->time_ns > INT64_C(1500000000) * 1000000000);
}

/* A socket bound to a port of its own, which is told. */
static int bind_anywhere(struct sockaddr_in *address)
{
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  assert_true(fd >= 0);
  *address = (struct sockaddr_in){.sin_family = AF_INET};
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof(*address)), 0);
  socklen_t length = sizeof(*address);
  assert_int_equal(getsockname(fd, (struct sockaddr *)address, &length), 0);
  return fd;
}

static void a_packet_on_the_loopback_is_seen_once(void **state)
{
  (void)state;
  struct sockaddr_in address;
  int fd = bind_anywhere(&address);
  char filter[64];
  (void)snprintf(filter, sizeof(filter), "udp dst port %u", ntohs(address.sin_port));
  int result = 0;
  struct err_message message = {""};
  struct capture *capture = open_loopback(filter, &result, &message);
  if (capture == NULL) {
    (void)close(fd);
    skip();
  }
  struct seen seen = {0};
  assert_int_equal(capture_read(capture, 10, 0, take_frame, &seen, &message), 0);
  char payload[200] = "hello";
  assert_int_equal(
      sendto(fd, payload, sizeof(payload), 0, (struct sockaddr *)&address, sizeof(address)),
      sizeof(payload));
  int got = 0;
  while (got == 0) {
    struct pollfd ready = {.fd = capture_fd(capture), .events = POLLIN};
    assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
    got = capture_read(capture, 10, 0, take_frame, &seen, &message);
  }
  assert_int_equal(got, 1);
  assert_int_equal(seen.frames, 1);
  assert_int_equal(seen.wire_bytes, 14 + 20 + 8 + sizeof(payload));
  struct capture_drops drops;
  assert_int_equal(capture_drops(capture, &drops), 0);
  assert_int_equal(drops.capture_dropped, 0);
  assert_string_equal(capture_link_name(capture), "EN10MB");
  capture_close(capture);
  (void)close(fd);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_missing_interface_is_named),
      cmocka_unit_test(a_wrong_filter_is_quoted),
      cmocka_unit_test(a_packet_on_the_loopback_is_seen_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
