/* SPDX-License-Identifier: Apache-2.0 */
/* A filter compiled for nothing, on captures that were never opened. */
#include "sensor/capture_filter.h"

#include <pcap/pcap.h>
#include <stddef.h>

/* As large as any: the program is thrown away. */
#define SNAP_BYTES 262144

/* What libpcap says of the filter on one link type. */
static int compile(const char *filter, int link_type, struct err_message *message)
{
  pcap_t *pcap = pcap_open_dead(link_type, SNAP_BYTES);
  if (pcap == NULL) {
    return err_set(message, ERR_NO_MEMORY, "%s", err_text(ERR_NO_MEMORY));
  }
  struct bpf_program program;
  int err = 0;
  if (pcap_compile(pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) == 0) {
    pcap_freecode(&program);
  } else {
    err = err_set(message, ERR_MALFORMED, "%s", pcap_geterr(pcap));
  }
  pcap_close(pcap);
  return err;
}

/* Ethernet first: nearly every interface is one, so its words are the ones told. */
int capture_filter_check(const char *filter, struct err_message *message)
{
  static const int others[] = {DLT_LINUX_SLL, DLT_RAW, DLT_IEEE802_11_RADIO};
  int err = compile(filter, DLT_EN10MB, message);
  for (size_t i = 0; err == ERR_MALFORMED && i < sizeof others / sizeof others[0]; i++) {
    struct err_message unused;
    err = compile(filter, others[i], &unused) == 0 ? 0 : err;
  }
  return err;
}
