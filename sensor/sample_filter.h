/* SPDX-License-Identifier: Apache-2.0 */
/* Sampling of flows in the kernel: a classic BPF program that keeps one address pair in 2^shift.
 *
 * The choice is a hash of the two addresses, alike in both directions, with one published seed a
 * fleet: both sensors of a conversation keep it or leave it, together. What bears no IP header that
 * the program finds (ARP, MPLS, tags beyond two) is kept always. Of a tunnel the outer addresses
 * decide; all ports of a pair, and all its fragments, share its fate.
 *
 *   f(a) = mix((a ^ seed) * C)     hash = mix((f(source) + f(destination)) * C)     IPv6: words
 * folded keep when the highest `shift` bits of the hash are 0
 *
 * Sources: hash-based selection, RFC 5475 section 6.2.1; the multiplier is Knuth's golden ratio
 * (The Art of Computer Programming, vol. 3, 6.4). The program is set by SO_ATTACH_FILTER: given to
 * pcap_setfilter, libpcap would run it again in user space and lose what the ring holds. */
#ifndef SENSOR_SAMPLE_FILTER_H
#define SENSOR_SAMPLE_FILTER_H

#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>

#define SAMPLE_FILTER_MAX       256 /* instructions of the program, without what it is joined to */
#define SAMPLE_FILTER_SHIFT_MAX 16

struct sample_filter {
  size_t length;
  struct sock_filter *program;
};

/* Makes the program for a link type (Ethernet 1, raw IP 12, 101, 228, 229; Linux cooked 113 is seen
 * by the kernel's filter as its device's frames and not sampled), that accepts snap_bytes of each
 * packet kept. before: a program that must accept first (as libpcap's compiler makes it: the
 * capture filter), or NULL; its accepting returns go on into the sampling. out->program is on the
 * heap: free it. ERR_UNSUPPORTED (link type), ERR_LIMIT (longer than the kernel takes),
 * ERR_NO_MEMORY. */
int sample_filter_make(int link_type, unsigned shift, uint32_t seed, uint32_t snap_bytes,
                       const struct sock_filter *before, size_t before_length,
                       struct sample_filter *out);

#endif
