/* SPDX-License-Identifier: Apache-2.0 */
/* The bare libpcap loop over a capture file: what reading alone costs, the measure for all else.
 * With a filter it tells how many packets are of a kind, for checking what others have counted. */
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

/* Said with the reason, or the bare usage when nothing was tried. */
static int refuse(const char *why)
{
  (void)fprintf(stderr, "usage: bench-pcap-loop CAPTURE [FILTER]%s%s\n", why != NULL ? ": " : "",
                why != NULL ? why : "");
  return 2;
}

static int set_filter(pcap_t *file, const char *filter)
{
  struct bpf_program program;
  if (pcap_compile(file, &program, filter, 1, PCAP_NETMASK_UNKNOWN) != 0) {
    return -1;
  }
  int status = pcap_setfilter(file, &program);
  pcap_freecode(&program);
  return status;
}

int main(int argc, char **argv)
{
  char error[PCAP_ERRBUF_SIZE];
  unsigned long long counts[2] = {0, 0};
  if (argc != 2 && argc != 3) {
    return refuse(NULL);
  }
  pcap_t *file = pcap_open_offline(argv[1], error);
  if (file == NULL) {
    return refuse(error);
  }
  if (argc == 3 && set_filter(file, argv[2]) != 0) {
    (void)refuse(pcap_geterr(file));
    pcap_close(file);
    return 2;
  }
  (void)pcap_loop(file, -1, count_packet, (unsigned char *)counts);
  pcap_close(file);
  (void)printf("%llu packets, %llu bytes\n", counts[0], counts[1]);
  return 0;
}
