/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers: www.tcpdump.org/linktypes.html. Names: libpcap's. */
#include "sensor/capture_link.h"

#include <pcap/pcap.h>
#include <stdio.h>

/* The systems differed in these before LINKTYPE_ numbers were given; all others are the same. */
static const struct {
  uint32_t link_type;
  int dlt;
} old_links[] = {
    {100, DLT_ATM_RFC1483}, {101, DLT_RAW},      {102, DLT_SLIP_BSDOS},
    {103, DLT_PPP_BSDOS},   {106, DLT_ATM_CLIP},
};

int capture_link_dlt(uint32_t link_type)
{
  for (size_t i = 0; i < sizeof(old_links) / sizeof(old_links[0]); i++) {
    if (old_links[i].link_type == link_type) {
      return old_links[i].dlt;
    }
  }
  return (int)link_type;
}

void capture_link_text(int dlt, char *text, size_t size)
{
  const char *name = pcap_datalink_val_to_name(dlt);
  if (name != NULL) {
    (void)snprintf(text, size, "%s", name);
  } else {
    (void)snprintf(text, size, "link type %d", dlt);
  }
}
