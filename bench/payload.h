/* SPDX-License-Identifier: Apache-2.0 */
/* First bytes of payloads that a reader may want to understand: DNS, HTTP, TLS, QUIC, RTP. Each
 * sets step->start, start_length and length. */
#ifndef BENCH_PAYLOAD_H
#define BENCH_PAYLOAD_H

#include "bench/script.h"

/* An HTTP request for a path with number i. */
void payload_http(const struct traffic_flow *flow, uint32_t i, struct script_step *step);
/* A TLS 1.3 ClientHello with a server name; hash gives its random bytes. */
void payload_tls(const struct traffic_flow *flow, uint64_t hash, struct script_step *step);
/* Question i/2 of the flow or, when step->is_answer, its answer: two addresses, or for one name in
 * some thirty that there is none. */
void payload_dns(const struct traffic_flow *flow, uint32_t i, struct script_step *step);
/* The long header of an Initial packet; the length stays as it is. */
void payload_quic(struct script_step *step);
/* An RTP header, 160 samples a packet; the length stays as it is. */
void payload_rtp(const struct traffic_flow *flow, uint32_t i, struct script_step *step);

#endif
