/* SPDX-License-Identifier: Apache-2.0 */
/* The bare libpcap loop over a capture file: what reading alone costs, the measure for all else. */
#include <pcap/pcap.h>
#include <stdio.h>

static void count_packet(unsigned char *user, const struct pcap_pkthdr *header,
                         const unsigned char *bytes)
{
  unsigned long long *counts = (unsigned long long *)(void *)user;
  (void)bytes;
  counts[0]++;
  counts[1] += header->len;
}

int main(int argc, char **argv)
{
  char error[PCAP_ERRBUF_SIZE];
  unsigned long long counts[2] = {0, 0};
  pcap_t *file = argc == 2 ? pcap_open_offline(argv[1], error) : NULL;
  if (file == NULL) {
    (void)fprintf(stderr, "usage: pcap-loop CAPTURE%s%s\n", argc == 2 ? ": " : "",
                  argc == 2 ? error : "");
    return 2;
  }
  (void)pcap_loop(file, -1, count_packet, (unsigned char *)counts);
  pcap_close(file);
  (void)printf("%llu packets, %llu bytes\n", counts[0], counts[1]);
  return 0;
}
