/* SPDX-License-Identifier: Apache-2.0 */
/* Our own reader over a capture file, and nothing else: to be set beside bench-pcap-loop. */
#include <stdio.h>

#include "sensor/capture.h"

#define BATCH 256

static void count_packet(void *context, const struct frame *frame)
{
  unsigned long long *counts = context;
  counts[0]++;
  counts[1] += frame->wire_bytes;
}

int main(int argc, char **argv)
{
  struct err_message message = {""};
  struct capture *capture = NULL;
  unsigned long long counts[2] = {0, 0};
  if (argc != 2 || capture_open_file(argv[1], &capture, &message) != 0) {
    (void)fprintf(stderr, "usage: capture-loop CAPTURE\n%s\n", message.text);
    return 2;
  }
  while (capture_read(capture, BATCH, 0, count_packet, counts, &message) > 0) {
  }
  capture_close(capture);
  (void)printf("%llu packets, %llu bytes: %s\n", counts[0], counts[1], message.text);
  return 0;
}
