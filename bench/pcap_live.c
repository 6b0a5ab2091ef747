/* SPDX-License-Identifier: Apache-2.0 */
/* bench-pcap-live: the bare libpcap loop on an interface, with the sensor's snap length, ring and
 * time-out: what capturing alone costs. SIGTERM ends it; then it prints what it saw. */
#include <argp.h>
#include <pcap/pcap.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/argument.h"

struct arguments {
  const char *interface;
  int snap_bytes;
  int ring_bytes;
  int timeout_ms;
};

struct counts {
  unsigned long long packets, bytes;
};

static const struct argp_option option_rows[] = {
    {"snap", 's', "BYTES", 0, "Bytes kept of each packet (default 192)", 0},
    {"ring", 'b', "BYTES", 0, "Size of the capture ring (default 8388608)", 0},
    {"timeout", 't', "MS", 0, "Longest wait of a packet in the ring (default 20)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static pcap_t *capture;

static error_t parse_option(int key, char *text, struct argp_state *state)
{
  struct arguments *arguments = state->input;
  switch (key) {
  case 's':
    arguments->snap_bytes = (int)argument_number(text, 1, 1 << 30, state);
    return 0;
  case 'b':
    arguments->ring_bytes = (int)argument_number(text, 1, 1 << 30, state);
    return 0;
  case 't':
    arguments->timeout_ms = (int)argument_number(text, 1, 1 << 30, state);
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

static void count_packet(unsigned char *user, const struct pcap_pkthdr *header,
                         const unsigned char *bytes)
{
  struct counts *counts = (struct counts *)(void *)user;
  (void)bytes;
  counts->packets++;
  counts->bytes += header->len;
}

static void on_end(int number)
{
  (void)number;
  pcap_breakloop(capture);
}

/* The filter that lets all pass is what cuts packets to the snap length in the kernel. */
static int open_live(const struct arguments *arguments, char *error)
{
  struct bpf_program all;
  capture = pcap_create(arguments->interface, error);
  if (capture == NULL) {
    return -1;
  }
  (void)pcap_set_snaplen(capture, arguments->snap_bytes);
  (void)pcap_set_buffer_size(capture, arguments->ring_bytes);
  (void)pcap_set_timeout(capture, arguments->timeout_ms);
  if (pcap_activate(capture) < 0 || pcap_compile(capture, &all, "", 1, PCAP_NETMASK_UNKNOWN) != 0) {
    (void)snprintf(error, PCAP_ERRBUF_SIZE, "%s", pcap_geterr(capture));
    return -1;
  }
  int status = pcap_setfilter(capture, &all);
  pcap_freecode(&all);
  return status;
}

int main(int argc, char **argv)
{
  static const struct argp parser = {
      .options = option_rows,
      .parser = parse_option,
      .args_doc = "INTERFACE",
      .doc = "Captures until SIGTERM and counts, nothing else.",
  };
  struct arguments arguments = {NULL, 192, 8388608, 20};
  struct counts counts = {0, 0};
  struct pcap_stat drops = {0, 0, 0};
  char error[PCAP_ERRBUF_SIZE] = "";
  argp_program_version = "bench-pcap-live " SEINE_VERSION;
  argp_err_exit_status = 2;
  if (argp_parse(&parser, argc, argv, 0, NULL, &arguments) != 0) {
    return 2;
  }
  if (open_live(&arguments, error) != 0) {
    (void)fprintf(stderr, "bench-pcap-live: %s: %s\n", arguments.interface, error);
    return 1;
  }
  struct sigaction action = {.sa_handler = on_end};
  (void)sigaction(SIGTERM, &action, NULL);
  (void)sigaction(SIGINT, &action, NULL);
  (void)pcap_loop(capture, -1, count_packet, (unsigned char *)(void *)&counts);
  (void)pcap_stats(capture, &drops);
  (void)printf("{\"seen\": %llu, \"bytes\": %llu, \"dropped\": %u}\n", counts.packets, counts.bytes,
               drops.ps_drop);
  pcap_close(capture);
  return 0;
}
