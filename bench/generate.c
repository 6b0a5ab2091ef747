/* SPDX-License-Identifier: Apache-2.0 */
/* bench-generate: a capture file of made traffic, the same bytes for the same arguments. Prints
 * what is in it as one line of JSON. */
#include <argp.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/argument.h"
#include "bench/craft.h"
#include "bench/traffic.h"

#define START_S 1700000000

/* Above all characters: these have no short form. */
enum option_key {
  OPTION_STORM = 256,
  OPTION_STORM_SECONDS,
};

struct arguments {
  const char *output;
  uint32_t snap;
  struct traffic_options traffic;
};

static const struct argp_option option_rows[] = {
    {"packets", 'n', "N", 0, "Packets beside a storm's, such as 3M (default 1M)", 0},
    {"flows", 'f', "N", 0, "Flows beside a storm's, such as 20k (default 10k)", 0},
    {"seconds", 'T', "S", 0, "Packet time from first to last (default 100)", 0},
    {"snap", 's', "BYTES", 0, "Bytes kept of each packet (default 128)", 0},
    {"seed", 'S', "N", 0, "Another seed, other traffic (default 1)", 0},
    {"zipf", 'z', "X", 0, "Exponent of the flows' sizes (default 1.1)", 0},
    {"storm", OPTION_STORM, "N", 0, "Add N new flows of one SYN each, half flood, half scan", 0},
    {"storm-seconds", OPTION_STORM_SECONDS, "S", 0,
     "They come within so long, in the middle (default 10)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static const char *const kind_names[TRAFFIC_KINDS] = {
    "tcp_down", "tcp_up", "tcp_interactive", "syn_alone", "syn_refused", "dns",  "udp_alone",
    "quic",     "voice",  "fragments",       "icmp",      "arp",         "storm"};

/* A whole number with k or M behind it; argp_error ends the program on anything else. */
static uint64_t count_of(const char *text, uint64_t max, struct argp_state *state)
{
  char *end = NULL;
  uint64_t value = strtoull(text, &end, 10), unit = 1;
  if (*end == 'k' || *end == 'M') {
    unit = *end == 'k' ? 1000 : 1000000;
    end++;
  }
  if (end == text || *end != '\0' || text[0] == '-' || value > max / unit) {
    argp_error(state, "'%s' is not a number up to %" PRIu64 ", such as 500, 20k or 3M", text, max);
  }
  return value * unit;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
  struct arguments *arguments = state->input;
  struct traffic_options *traffic = &arguments->traffic;
  switch (key) {
  case 'n':
    traffic->packets = count_of(text, 1000000000, state);
    return 0;
  case 'f':
    traffic->flows = (uint32_t)count_of(text, 100000000, state);
    return 0;
  case 'T':
    traffic->seconds = argument_number(text, 1, TRAFFIC_SECONDS_MAX, state);
    return 0;
  case 's':
    arguments->snap = (uint32_t)count_of(text, CRAFT_FRAME_MAX, state);
    return 0;
  case 'S':
    traffic->seed = count_of(text, UINT64_MAX, state);
    return 0;
  case 'z':
    traffic->zipf = argument_number(text, 0, 4, state);
    return 0;
  case OPTION_STORM:
    traffic->storm_flows = (uint32_t)count_of(text, 100000000, state);
    return 0;
  case OPTION_STORM_SECONDS:
    traffic->storm_seconds = argument_number(text, 0.001, TRAFFIC_SECONDS_MAX, state);
    return 0;
  case ARGP_KEY_ARG:
    if (arguments->output != NULL) {
      argp_error(state, "'%s' is one file too many", text);
    }
    arguments->output = text;
    return 0;
  case ARGP_KEY_NO_ARGS:
    argp_error(state, "no file named to write to");
    return EINVAL;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

/* What the plan refuses, in words; options alone were in range. */
static int check_options(const struct traffic_options *options)
{
  uint64_t least = traffic_packets_min(options);
  if (options->flows < 2 || options->packets < least) {
    (void)fprintf(stderr,
                  "bench-generate: %" PRIu32 " flows need at least 2 flows and %" PRIu64
                  " packets: --packets %" PRIu64 " is too few\n",
                  options->flows, least, options->packets);
    return 2;
  }
  if (options->storm_flows > 0 && options->storm_seconds > options->seconds) {
    (void)fprintf(stderr, "bench-generate: --storm-seconds %g is longer than --seconds %g\n",
                  options->storm_seconds, options->seconds);
    return 2;
  }
  return 0;
}

struct written {
  uint64_t kind[TRAFFIC_KINDS];
  uint64_t wire_bytes;
};

static void write_packets(struct traffic *traffic, uint32_t snap, pcap_dumper_t *dumper,
                          struct written *written)
{
  struct craft craft;
  craft_init(&craft);
  for (uint64_t k = 0; k < traffic->event_count; k++) {
    uint32_t now_us = (uint32_t)(traffic->event[k] >> 32), number = (uint32_t)traffic->event[k];
    struct traffic_flow *flow = traffic->flow + number;
    struct pcap_pkthdr header;
    header.len = craft_next(&craft, flow, number, now_us);
    header.caplen = header.len < snap ? header.len : snap;
    header.ts.tv_sec = START_S + now_us / 1000000;
    header.ts.tv_usec = now_us % 1000000;
    pcap_dump((unsigned char *)dumper, &header, craft.frame);
    written->kind[flow->kind]++;
    written->wire_bytes += header.len;
  }
}

static void print_written(const struct traffic *traffic, const struct written *written)
{
  (void)printf("{\"packets\": %" PRIu64 ", \"flows\": %" PRIu32 ", \"wire_bytes\": %" PRIu64,
               traffic->event_count, traffic->flow_count, written->wire_bytes);
  for (unsigned i = 0; i < TRAFFIC_KINDS; i++) {
    (void)printf(", \"%s\": %" PRIu64, kind_names[i], written->kind[i]);
  }
  (void)printf("}\n");
}

/* A full disk is found at the flush at the latest. */
static int write_file(struct traffic *traffic, const struct arguments *arguments)
{
  struct written written = {{0}, 0};
  pcap_t *dead = pcap_open_dead(DLT_EN10MB, (int)arguments->snap);
  pcap_dumper_t *dumper = dead != NULL ? pcap_dump_open(dead, arguments->output) : NULL;
  if (dumper == NULL) {
    (void)fprintf(stderr, "bench-generate: %s\n",
                  dead != NULL ? pcap_geterr(dead) : "out of memory");
    if (dead != NULL) {
      pcap_close(dead);
    }
    return 1;
  }
  write_packets(traffic, arguments->snap, dumper, &written);
  bool is_good = pcap_dump_flush(dumper) == 0 && ferror(pcap_dump_file(dumper)) == 0;
  pcap_dump_close(dumper);
  pcap_close(dead);
  if (!is_good) {
    (void)fprintf(stderr, "bench-generate: %s: cannot be written\n", arguments->output);
    return 1;
  }
  print_written(traffic, &written);
  return 0;
}

int main(int argc, char **argv)
{
  static const struct argp parser = {
      .options = option_rows,
      .parser = parse_option,
      .args_doc = "FILE",
      .doc = "Writes a capture file of made traffic: TCP with handshakes, DNS, QUIC, voice, ICMP, "
             "ARP, VLAN, IPv6 and fragments, flow sizes after Zipf. The same arguments give the "
             "same bytes.",
  };
  struct arguments arguments = {NULL,
                                128,
                                {.packets = 1000000,
                                 .flows = 10000,
                                 .seconds = 100,
                                 .zipf = 1.1,
                                 .seed = 1,
                                 .storm_seconds = 10}};
  struct traffic traffic;
  argp_program_version = "bench-generate " SEINE_VERSION;
  argp_err_exit_status = 2;
  if (argp_parse(&parser, argc, argv, 0, NULL, &arguments) != 0 ||
      check_options(&arguments.traffic) != 0) {
    return 2;
  }
  if (traffic_init(&traffic, &arguments.traffic) != 0) {
    (void)fprintf(stderr, "bench-generate: not enough memory for the plan\n");
    return 1;
  }
  int code = write_file(&traffic, &arguments);
  traffic_fini(&traffic);
  return code;
}
