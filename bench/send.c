/* SPDX-License-Identifier: Apache-2.0 */
/* bench-send: UDP frames of many flows onto an interface at a set rate, by sendmmsg on a packet
 * socket. Prints how many went out as one line of JSON. */
#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/argument.h"
#include "bench/bytes.h"

#define BATCH       32
#define FRAME_MIN   60
#define FRAME_MAX   1514
#define FLOWS_MAX   1000000
#define NS_A_SECOND 1000000000LL
/* Shorter waits are not worth a sleep. */
#define SLEEP_NS 20000

struct arguments {
  const char *interface;
  double rate; /* packets a second while sending; 0: as fast as it goes */
  double seconds;
  uint32_t size, flows;
  uint32_t burst_ms; /* of every second; 1000: all the time */
  struct in_addr target;
};

struct sender {
  int fd;
  uint8_t *frames; /* flows x size */
  uint64_t sent, refused;
  uint64_t missed; /* due in a burst that ended before they were sent */
  struct mmsghdr message[BATCH];
  struct iovec piece[BATCH];
};

static const struct argp_option option_rows[] = {
    {"rate", 'r', "N", 0, "Packets a second; 0: as fast as it goes (default 100000)", 0},
    {"seconds", 't', "S", 0, "Send for so long (default 10)", 0},
    {"size", 'l', "BYTES", 0, "Bytes of a frame (default 128)", 0},
    {"flows", 'f', "N", 0, "Flows, in turn (default 20000)", 0},
    {"burst", 'b', "MS", 0, "Send only in the first MS of each second (default 1000)", 0},
    {"to", 'd', "ADDRESS", 0, "The IPv4 address that frames are for (default 198.19.0.1)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static volatile sig_atomic_t is_ended;

static void on_end(int number)
{
  (void)number;
  is_ended = 1;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
  struct arguments *arguments = state->input;
  switch (key) {
  case 'r':
    arguments->rate = argument_number(text, 0, 1e8, state);
    return 0;
  case 't':
    arguments->seconds = argument_number(text, 0.01, 86400, state);
    return 0;
  case 'l':
    arguments->size = (uint32_t)argument_number(text, FRAME_MIN, FRAME_MAX, state);
    return 0;
  case 'f':
    arguments->flows = (uint32_t)argument_number(text, 1, FLOWS_MAX, state);
    return 0;
  case 'b':
    arguments->burst_ms = (uint32_t)argument_number(text, 1, 1000, state);
    return 0;
  case 'd':
    if (inet_pton(AF_INET, text, &arguments->target) != 1) {
      argp_error(state, "'%s' is not an IPv4 address", text);
    }
    return 0;
  case ARGP_KEY_ARG:
    if (arguments->interface != NULL) {
      argp_error(state, "'%s' is one interface too many", text);
    }
    arguments->interface = text;
    return 0;
  case ARGP_KEY_NO_ARGS:
    argp_error(state, "no interface named");
    return EINVAL;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static int64_t now_ns(void)
{
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * NS_A_SECOND + now.tv_nsec;
}

/* A link address that nobody has: the receiving host's stack drops the frame after the taps have
 * seen it, and sends no answer. Sources are of 198.18.0.0/16 (RFC 2544). */
static void make_frame(uint8_t *frame, uint32_t number, const struct arguments *arguments)
{
  uint8_t *ip = frame + 14, *udp = ip + 20;
  frame[0] = 2;
  frame[5] = 0xfe;
  frame[6] = 2;
  frame[11] = 0xfd;
  bytes_put16(frame + 12, ETHERTYPE_IP);
  ip[0] = 0x45;
  bytes_put16(ip + 2, arguments->size - 14);
  ip[8] = 64;
  ip[9] = IPPROTO_UDP;
  bytes_put32(ip + 12, 0xc6120000U + number % 65536);
  memcpy(ip + 16, &arguments->target.s_addr, 4);
  bytes_put16(ip + 10, bytes_checksum(bytes_sum(ip, 20)));
  bytes_put16(udp, 1024 + number / 65536 + number % 60000);
  bytes_put16(udp + 2, 4000 + number % 16);
  bytes_put16(udp + 4, arguments->size - 34);
}

/* Past the queueing discipline: nothing is to wait in between. */
static int open_socket(const char *interface)
{
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), yes = 1;
  struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                .sll_ifindex = (int)if_nametoindex(interface)};
  if (fd < 0 || address.sll_ifindex == 0 ||
      bind(fd, (struct sockaddr *)(void *)&address, sizeof address) != 0 ||
      setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes) != 0) {
    (void)fprintf(stderr, "bench-send: %s: %s\n", interface, strerror(errno));
    if (fd >= 0) {
      (void)close(fd);
    }
    return -1;
  }
  return fd;
}

static void sender_fini(struct sender *sender)
{
  free(sender->frames);
  if (sender->fd >= 0) {
    (void)close(sender->fd);
  }
}

static int sender_init(struct sender *sender, const struct arguments *arguments)
{
  memset(sender, 0, sizeof *sender);
  sender->fd = open_socket(arguments->interface);
  sender->frames = calloc(arguments->flows, arguments->size);
  if (sender->fd < 0 || sender->frames == NULL) {
    sender_fini(sender);
    return -1;
  }
  for (uint32_t i = 0; i < arguments->flows; i++) {
    make_frame(sender->frames + (size_t)i * arguments->size, i, arguments);
  }
  for (unsigned i = 0; i < BATCH; i++) {
    sender->piece[i].iov_len = arguments->size;
    sender->message[i].msg_hdr.msg_iov = &sender->piece[i];
    sender->message[i].msg_hdr.msg_iovlen = 1;
  }
  return 0;
}

/* What the device refuses is not sent again: the pace is kept, and it is counted. */
static void send_batch(struct sender *sender, const struct arguments *arguments, unsigned count)
{
  for (unsigned i = 0; i < count; i++) {
    uint64_t flow = (sender->sent + sender->refused + i) % arguments->flows;
    sender->piece[i].iov_base = sender->frames + flow * arguments->size;
  }
  int sent = sendmmsg(sender->fd, sender->message, count, 0);
  unsigned done = sent > 0 ? (unsigned)sent : 0;
  sender->sent += done;
  sender->refused += count - done;
}

static bool is_resting(const struct arguments *arguments, int64_t elapsed_ns)
{
  return elapsed_ns % NS_A_SECOND >= (int64_t)arguments->burst_ms * 1000000;
}

/* How many packets should have gone by now: whole seconds, and this second's burst. */
static uint64_t due(const struct arguments *arguments, int64_t elapsed_ns)
{
  int64_t burst_ns = (int64_t)arguments->burst_ms * 1000000;
  int64_t in_second_ns = elapsed_ns % NS_A_SECOND;
  int64_t sending_ns =
      elapsed_ns / NS_A_SECOND * burst_ns + (in_second_ns < burst_ns ? in_second_ns : burst_ns);
  double packets = (double)sending_ns * 1e-9 * arguments->rate;
  return (uint64_t)packets;
}

static void rest(void)
{
  struct timespec pause = {0, SLEEP_NS};
  (void)nanosleep(&pause, NULL);
}

/* Late after a pause of the machine, it catches up in full batches; but not after a burst, which
 * would become longer and weaker by that. */
static void send_all(struct sender *sender, const struct arguments *arguments, int64_t start_ns)
{
  int64_t length_ns = (int64_t)(arguments->seconds * 1e9), elapsed_ns = 0;
  while (elapsed_ns < length_ns && !is_ended) {
    uint64_t done = sender->sent + sender->refused + sender->missed;
    uint64_t want = arguments->rate > 0 ? due(arguments, elapsed_ns) : done + BATCH;
    if (is_resting(arguments, elapsed_ns)) {
      sender->missed += arguments->rate > 0 ? want - done : 0;
      rest();
    } else if (want > done) {
      send_batch(sender, arguments, want - done < BATCH ? (unsigned)(want - done) : BATCH);
    } else {
      rest();
    }
    elapsed_ns = now_ns() - start_ns;
  }
}

int main(int argc, char **argv)
{
  static const struct argp parser = {
      .options = option_rows,
      .parser = parse_option,
      .args_doc = "INTERFACE",
      .doc = "Sends UDP frames of many flows and counts those that went out.",
  };
  struct arguments arguments = {NULL, 100000, 10, 128, 20000, 1000, {htonl(0xc6130001U)}};
  struct sender sender;
  argp_program_version = "bench-send " SEINE_VERSION;
  argp_err_exit_status = 2;
  if (argp_parse(&parser, argc, argv, 0, NULL, &arguments) != 0) {
    return 2;
  }
  if (sender_init(&sender, &arguments) != 0) {
    return 1;
  }
  struct sigaction action = {.sa_handler = on_end};
  (void)sigaction(SIGTERM, &action, NULL);
  (void)sigaction(SIGINT, &action, NULL);
  (void)prctl(PR_SET_TIMERSLACK, 1);
  int64_t start_ns = now_ns();
  send_all(&sender, &arguments, start_ns);
  double seconds = (double)(now_ns() - start_ns) * 1e-9;
  (void)printf("{\"sent\": %" PRIu64 ", \"refused\": %" PRIu64 ", \"missed\": %" PRIu64
               ", \"seconds\": %.3f}\n",
               sender.sent, sender.refused, sender.missed, seconds);
  sender_fini(&sender);
  return 0;
}
