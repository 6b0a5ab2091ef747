/* SPDX-License-Identifier: Apache-2.0 */
/* A live interface, by libpcap.
 *
 * Where frames enter: deliver hands each to the reader's callback, as libpcap's memory stands, and
 * the frame is gone when that returns. */
#include "sensor/capture_live.h"

#include <net/if.h>
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "sensor/capture_sample.h"

/* How far fetch_ahead looks, and what is in front of a frame in the ring. */
#define AHEAD_FRAMES     5
#define AHEAD_STRIDE_MAX 2048
#define RING_HEADER      82
#define AHEAD_BYTES      (RING_HEADER + 64)
#define LINE_BYTES       64

/* An end is kept with its message: frames that came before it are handed on first. */
struct capture_live {
  pcap_t *pcap;
  char *name;   /* the interface */
  char *filter; /* pcap-filter words, "" for none */
  int link_type;
  char link_name[32];
  uint64_t frames; /* handed on since the open */
  int end;         /* how the capture ended: 0 while it goes on */
  struct err_message end_message;
  /* libpcap's counters are 32 bits wide: the last ones seen, and their sums. */
  uint32_t seen_dropped, seen_interface_dropped;
  struct capture_drops drops;
};

/* What one capture_live_read hands to libpcap's callback. */
struct delivery {
  struct capture_live *capture;
  uint16_t index;
  capture_frame_fn *fn;
  void *context;
  const u_char *last; /* the frame before */
};

/* Both are copied: every later message has to tell the name, and sampling compiles the filter
 * again. */
static struct capture_live *capture_new(const char *name, const char *filter)
{
  struct capture_live *capture = calloc(1, sizeof(*capture));
  if (capture == NULL) {
    return NULL;
  }
  capture->name = strdup(name);
  capture->filter = strdup(filter != NULL ? filter : "");
  if (capture->name == NULL || capture->filter == NULL) {
    capture_live_close(capture);
    return NULL;
  }
  return capture;
}

/* The link type is fixed once the handle is open; a number without a name is shown as a number. */
static void note_link(struct capture_live *capture)
{
  capture->link_type = pcap_datalink(capture->pcap);
  const char *name = pcap_datalink_val_to_name(capture->link_type);
  if (name != NULL) {
    (void)snprintf(capture->link_name, sizeof(capture->link_name), "%s", name);
  } else {
    (void)snprintf(capture->link_name, sizeof(capture->link_name), "link type %d",
                   capture->link_type);
  }
}

/* Values out of range give libpcap's own error at activation; none of the setters can fail before
 * that. */
static void set_options(pcap_t *pcap, const struct capture_options *options)
{
  int snap = options->snap_bytes < INT32_MAX ? (int)options->snap_bytes : INT32_MAX;
  int ring = options->buffer_bytes < INT32_MAX ? (int)options->buffer_bytes : INT32_MAX;
  (void)pcap_set_snaplen(pcap, snap);
  (void)pcap_set_buffer_size(pcap, ring);
  /* 0 would keep a block until it is full. */
  (void)pcap_set_timeout(pcap, options->timeout_ms > 0 ? options->timeout_ms : 1);
  (void)pcap_set_promisc(pcap, options->is_promiscuous);
  (void)pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
}

/* Words instead of libpcap's numbers, with the capability that is missing. */
static int activate(struct capture_live *capture, struct err_message *message)
{
  int status = pcap_activate(capture->pcap);
  if (status >= 0) {
    return 0; /* positive: a warning, as that promiscuous mode cannot be had */
  }
  const char *name = capture->name;
  const char *why = pcap_geterr(capture->pcap);
  switch (status) {
  case PCAP_ERROR_NO_SUCH_DEVICE:
    return err_set(message, ERR_NOT_FOUND, "%s: no such interface", name);
  case PCAP_ERROR_PERM_DENIED:
  case PCAP_ERROR_PROMISC_PERM_DENIED:
    return err_set(message, ERR_DENIED, "%s: capturing needs the capability CAP_NET_RAW", name);
  case PCAP_ERROR_IFACE_NOT_UP:
    return err_set(message, ERR_IO, "%s: the interface is down", name);
  default:
    return err_set(message, ERR_IO, "%s: cannot be captured: %s", name,
                   why[0] != '\0' ? why : pcap_statustostr(status));
  }
}

/* libpcap's own compiler and setter: a hand-made program given to pcap_setfilter would be run again
 * in user space, and lose what the ring holds. */
static int set_filter(struct capture_live *capture, struct err_message *message)
{
  const char *filter = capture->filter;
  struct bpf_program program;
  if (pcap_compile(capture->pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) != 0) {
    return err_set(message, ERR_MALFORMED, "%s: capture filter \"%s\": %s", capture->name, filter,
                   pcap_geterr(capture->pcap));
  }
  int status = pcap_setfilter(capture->pcap, &program);
  pcap_freecode(&program);
  if (status != 0) {
    return err_set(message, ERR_IO, "%s: capture filter \"%s\" cannot be set: %s", capture->name,
                   filter, pcap_geterr(capture->pcap));
  }
  return 0;
}

/* Options, activation, link type, filter, then non-blocking: libpcap wants this order. */
static int start_live(struct capture_live *capture, const struct capture_options *options,
                      struct err_message *message)
{
  char why[PCAP_ERRBUF_SIZE] = "";
  capture->pcap = pcap_create(capture->name, why);
  if (capture->pcap == NULL) {
    return err_set(message, ERR_IO, "%s: cannot be captured: %s", capture->name, why);
  }
  set_options(capture->pcap, options);
  int result = activate(capture, message);
  if (result != 0) {
    return result;
  }
  note_link(capture);
  /* An empty filter too: it is the kernel's filter that cuts packets to the snap length, and whole
   * ones fill the ring in no time. */
  result = set_filter(capture, message);
  if (result != 0) {
    return result;
  }
  if (pcap_setnonblock(capture->pcap, 1, why) != 0) {
    return err_set(message, ERR_IO, "%s: cannot be read without blocking: %s", capture->name, why);
  }
  return 0;
}

int capture_live_open(const char *interface, const struct capture_options *options,
                      struct capture_live **out, struct err_message *message)
{
  /* Asked first: without privilege libpcap would refuse before it has looked for the name. */
  if (strcmp(interface, "any") != 0 && if_nametoindex(interface) == 0) {
    return err_set(message, ERR_NOT_FOUND, "%s: no such interface", interface);
  }
  struct capture_live *capture = capture_new(interface, options->filter);
  if (capture == NULL) {
    return err_set(message, ERR_NO_MEMORY, "%s: out of memory", interface);
  }
  int result = start_live(capture, options, message);
  if (result != 0) {
    capture_live_close(capture);
    return result;
  }
  *out = capture;
  return 0;
}

/* Also for half-made captures. */
void capture_live_close(struct capture_live *capture)
{
  if (capture == NULL) {
    return;
  }
  if (capture->pcap != NULL) {
    pcap_close(capture->pcap);
  }
  free(capture->name);
  free(capture->filter);
  free(capture);
}

int capture_live_set_sampling(struct capture_live *capture, unsigned shift,
                              struct err_message *message)
{
  return capture_sample_set(capture->pcap, capture->name, capture->filter, shift, message);
}

/* tv_usec holds nanoseconds. The seconds of a pcap file are 32 bits without a sign, which libpcap
 * reads with one: below zero means 2038 to 2106. Times of pcapng that no int64_t holds end at its
 * bounds, and a fraction beyond its second (a damaged file) stays within it. */
static int64_t packet_time(const struct timeval *time)
{
  int64_t seconds = time->tv_sec;
  int64_t fraction = time->tv_usec;
  if (seconds < 0 && seconds >= INT32_MIN) {
    seconds += INT64_C(1) << 32;
  }
  if (seconds >= INT64_MAX / NS_PER_S) {
    return INT64_MAX;
  }
  if (seconds <= INT64_MIN / NS_PER_S) {
    return INT64_MIN;
  }
  if (fraction < 0) {
    fraction = 0;
  }
  return seconds * NS_PER_S + (fraction < NS_PER_S ? fraction : NS_PER_S - 1);
}

/* Frames stand in the ring one behind the other, in lines that another core wrote: those some
 * frames ahead are on their way while this one is looked at, if they are about as long as it.
 *
 *   | header of the ring, 82 bytes | Ethernet ... transport | ...        the lines that are read
 *                                  ^ bytes
 *
 * An address beyond the ring does no harm: nothing is read. */
static void fetch_ahead(struct delivery *delivery, const u_char *bytes)
{
  uintptr_t stride = (uintptr_t)bytes - (uintptr_t)delivery->last;
  delivery->last = bytes;
  if (stride > AHEAD_STRIDE_MAX) {
    return;
  }
  for (size_t at = 0; at < AHEAD_BYTES; at += LINE_BYTES) {
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): a pointer may not be moved beyond its ring */
    __builtin_prefetch((const void *)((uintptr_t)bytes + AHEAD_FRAMES * stride - RING_HEADER + at));
  }
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libpcap's */
static void deliver(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
  struct delivery *delivery = (struct delivery *)(void *)user;
  struct capture_live *capture = delivery->capture;
  const struct frame frame = {
      .time_ns = packet_time(&header->ts),
      .wire_bytes = header->len,
      .captured_bytes = header->caplen,
      .data = bytes,
      .link_type = capture->link_type,
      .interface = delivery->index,
  };
  fetch_ahead(delivery, bytes);
  capture->frames++;
  delivery->fn(delivery->context, &frame);
}

/* libpcap returns the number of packets, but hands them on one by one: ours are counted, so that an
 * error behind good packets does not hide them. The end is told after the frames before it were. */
int capture_live_read(struct capture_live *capture, int budget, uint16_t index,
                      capture_frame_fn *fn, void *context, struct err_message *message)
{
  uint64_t before = capture->frames;
  if (capture->end == 0) {
    struct delivery delivery = {capture, index, fn, context, NULL};
    /* 0 is "nothing now". */
    if (pcap_dispatch(capture->pcap, budget, deliver, (u_char *)&delivery) < 0) {
      capture->end = err_set(&capture->end_message, ERR_IO, "%s: the capture ended: %s",
                             capture->name, pcap_geterr(capture->pcap));
    }
  }
  uint64_t count = capture->frames - before;
  if (capture->end != 0 && count == 0) {
    return err_set(message, capture->end, "%s", capture->end_message.text);
  }
  return (int)count;
}

int capture_live_fd(const struct capture_live *capture)
{
  return pcap_get_selectable_fd(capture->pcap);
}

int capture_live_link_type(const struct capture_live *capture)
{
  return capture->link_type;
}

const char *capture_live_link_name(const struct capture_live *capture)
{
  return capture->link_name;
}

/* Unsigned subtraction of 32 bits is right over one wrap; at a million drops a second that is more
 * than an hour, and a sample is taken each second. */
int capture_live_drops(struct capture_live *capture, struct capture_drops *out)
{
  struct pcap_stat stats;
  if (pcap_stats(capture->pcap, &stats) != 0) {
    return ERR_IO;
  }
  capture->drops.capture_dropped += stats.ps_drop - capture->seen_dropped;
  capture->drops.interface_dropped += stats.ps_ifdrop - capture->seen_interface_dropped;
  capture->seen_dropped = stats.ps_drop;
  capture->seen_interface_dropped = stats.ps_ifdrop;
  *out = capture->drops;
  return 0;
}
