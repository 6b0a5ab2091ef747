/* SPDX-License-Identifier: Apache-2.0 */
/* Live capture on the loopback. Without the privilege to capture, what needs it is skipped. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "sensor/capture.h"
#include "sensor/decode.h"

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

/* A cooked capture (DLT 113) has its program changed by libpcap: whoever asks for sampling, and for
 * all again, must not break it. */
static void what_cannot_be_sampled_goes_on_as_it_was(void **state)
{
  (void)state;
  struct sockaddr_in address;
  int fd = bind_anywhere(&address);
  char filter[64];
  (void)snprintf(filter, sizeof(filter), "icmp or udp dst port %u", ntohs(address.sin_port));
  struct capture_options with_filter = options;
  with_filter.filter = filter;
  struct capture *capture = NULL;
  struct err_message message = {""};
  if (capture_open_live("any", &with_filter, &capture, &message) != 0) {
    (void)close(fd);
    skip();
  }
  for (unsigned shift = 2; shift > 0; shift--) {
    assert_int_equal(capture_set_sampling(capture, shift - 1, &message), ERR_UNSUPPORTED);
    char byte = 'x';
    assert_int_equal(sendto(fd, &byte, 1, 0, (struct sockaddr *)&address, sizeof(address)), 1);
    struct seen seen = {0};
    while (seen.frames == 0) {
      struct pollfd ready = {.fd = capture_fd(capture), .events = POLLIN};
      assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
      assert_true(capture_read(capture, 10, 0, take_frame, &seen, &message) >= 0);
    }
  }
  capture_close(capture);
  (void)close(fd);
}

/* A tap in a namespace of this program's own, up; -1: not allowed here. */
static int make_tap(const char *name)
{
  struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
  (void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
  int fd = -1;
  if (unshare(CLONE_NEWNET) == 0) {
    fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  }
  if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0) {
    return -1;
  }
  int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  request.ifr_flags = IFF_UP;
  assert_int_equal(ioctl(control, SIOCSIFFLAGS, &request), 0);
  (void)close(control);
  return fd;
}

static void take_packet(void *context, const struct frame *frame)
{
  struct packet *packet = context;
  struct packet decoded;
  decode_frame(frame, &decoded);
  /* What the kernel sends on a new device itself (IPv6) is passed over. */
  if (decoded.ip_version == 4) {
    *packet = decoded;
  }
}

/* The kernel takes the tag off before any capture sees the frame, and keeps it beside it; libpcap
 * puts it back where it was. */
static void a_vlan_tag_that_the_kernel_took_off_is_there_again(void **state)
{
  (void)state;
  static const uint8_t tagged[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,    0,  0,
                                   0,    0,    9,    0x81, 0,    0x60, 0x2a, /* VLAN 42 */
                                   8,    0,    0x45, 0,    0,    32,   0,    0,  0,
                                   0,    64,   17,   0,    0,    10,   0,    0,  1,
                                   10,   0,    0,    2,    0x9c, 0x40, 0,    53, 0,
                                   12,   0,    0,    'a',  'b',  'c',  'd'};
  int tap = make_tap("tap0");
  if (tap < 0) {
    skip();
  }
  struct capture *capture = NULL;
  struct err_message message = {""};
  assert_int_equal(capture_open_live("tap0", &options, &capture, &message), 0);
  assert_int_equal(write(tap, tagged, sizeof(tagged)), sizeof(tagged));
  struct packet packet = {.ip_version = 0};
  while (packet.ip_version == 0) {
    struct pollfd ready = {.fd = capture_fd(capture), .events = POLLIN};
    assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
    assert_true(capture_read(capture, 10, 0, take_packet, &packet, &message) >= 0);
  }
  assert_int_equal(packet.vlan, 42);
  assert_int_equal(packet.wire_bytes, sizeof(tagged));
  assert_int_equal(packet.destination_port, 53);
  assert_int_equal(packet.ip_bytes, 32);
  capture_close(capture);
  (void)close(tap);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_missing_interface_is_named),
      cmocka_unit_test(a_wrong_filter_is_quoted),
      cmocka_unit_test(a_packet_on_the_loopback_is_seen_once),
      cmocka_unit_test(what_cannot_be_sampled_goes_on_as_it_was),
      cmocka_unit_test(a_vlan_tag_that_the_kernel_took_off_is_there_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
