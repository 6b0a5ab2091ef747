/* SPDX-License-Identifier: Apache-2.0 */
/* From the capture filter's words and a shift to one program in the kernel. */
#include "sensor/capture_sample.h"

#include <assert.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/hash.h"
#include "sensor/sample_filter.h"

static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter), "one instruction, two names");

/* SO_ATTACH_FILTER replaces the program in one step: no packet passes without one. */
static int attach(pcap_t *pcap, const char *interface, struct sock_filter *program, size_t length,
                  struct err_message *message)
{
  struct sock_fprog set = {(unsigned short)length, program};
  if (setsockopt(pcap_fileno(pcap), SOL_SOCKET, SO_ATTACH_FILTER, &set, sizeof(set)) != 0) {
    return err_set(message, ERR_IO, "%s: sampling: the kernel refuses the filter: %s", interface,
                   strerror(errno));
  }
  return 0;
}

/* libpcap's instructions are the kernel's; copied, since its memory is of another type. */
static struct sock_filter *copy_program(const struct bpf_program *compiled)
{
  size_t bytes = compiled->bf_len * sizeof(struct sock_filter);
  struct sock_filter *copy = malloc(bytes);
  if (copy != NULL) {
    memcpy(copy, compiled->bf_insns, bytes);
  }
  return copy;
}

/* words -> program of libpcap -> (joined with the sampling) -> kernel
 *
 * What cannot be sampled is not touched at all, also not to take it back: of a cooked capture
 * libpcap has changed the program on its way to the kernel. */
static int set_joined(pcap_t *pcap, const char *interface, struct sock_filter *before,
                      size_t before_length, unsigned shift, struct err_message *message)
{
  struct sample_filter joined;
  int err = sample_filter_make(pcap_datalink(pcap), shift, (uint32_t)HASH_FLEET_SEED,
                               (uint32_t)pcap_snapshot(pcap), before, before_length, &joined);
  if (err != 0) {
    return err_set(message, err, "%s: its packets (link type %d) cannot be sampled: %s", interface,
                   pcap_datalink(pcap), err_text(err));
  }
  /* All flows again: the capture filter's own program, as it was at the open. */
  err = shift == 0 ? attach(pcap, interface, before, before_length, message)
                   : attach(pcap, interface, joined.program, joined.length, message);
  free(joined.program);
  return err;
}

int capture_sample_set(pcap_t *pcap, const char *interface, const char *filter, unsigned shift,
                       struct err_message *message)
{
  struct bpf_program compiled;
  if (pcap_compile(pcap, &compiled, filter, 1, PCAP_NETMASK_UNKNOWN) != 0) {
    return err_set(message, ERR_MALFORMED, "%s: capture filter \"%s\": %s", interface, filter,
                   pcap_geterr(pcap));
  }
  struct sock_filter *before = copy_program(&compiled);
  int err = ERR_NO_MEMORY;
  if (before != NULL) {
    err = set_joined(pcap, interface, before, compiled.bf_len, shift, message);
    free(before);
  } else {
    (void)err_set(message, err, "%s: sampling: %s", interface, err_text(err));
  }
  pcap_freecode(&compiled);
  return err;
}
