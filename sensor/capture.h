/* SPDX-License-Identifier: Apache-2.0 */
/* Frames from an interface or a file. */
#ifndef SENSOR_CAPTURE_H
#define SENSOR_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "sensor/capture_shared.h"

struct capture;

/* pcap or pcapng, plain, gzip or zstd; "-": standard input. Times in ns; the seconds of pcap are
 * read without a sign (until 2106), a simple packet of pcapng has the time of the packet before it.
 * message names the path and what is wrong: ERR_MALFORMED not a capture, ERR_TRUNCATED empty or a
 * cut header, ERR_NOT_FOUND, ERR_DENIED, ERR_IO. A link type that decode does not know is no error
 * here: ask decode_knows_link(capture_link_type()).
 * Memory: 0.6 MiB, more only for a packet above 512 KiB (to 16 MiB) and for zstd, whose window may
 * have 8 MiB. */
int capture_open_file(const char *path, struct capture **out, struct err_message *message);
/* Non-blocking live capture of one interface. message names the interface; ERR_NOT_FOUND when it
 * does not exist, ERR_DENIED without privilege. Frames from before the open are not delivered. */
int capture_open_live(const char *interface, const struct capture_options *options,
                      struct capture **out, struct err_message *message);
void capture_close(struct capture *capture);

/* Hands at most budget frames to fn, with frame->interface = index. A length on the wire above
 * 2^31-1 is handed on as that. Returns how many (0: none now, live), ERR_END at the end of a file,
 * ERR_TRUNCATED when a file breaks off within a packet or is damaged behind good packets (message
 * says what, after how many packets and at which byte of the unpacked file), ERR_IO (the interface
 * is gone, the file cannot be read on). The end is told again when asked again. */
int capture_read(struct capture *capture, int budget, uint16_t index, capture_frame_fn *fn,
                 void *context, struct err_message *message);
int capture_fd(const struct capture *capture); /* live: to wait on; a file: -1 */
/* DLT_*; each frame has its own: a pcapng file may have several, of which this is the first. */
int capture_link_type(const struct capture *capture);
/* Its name, or "several link types" from when another was met; borrowed until the close. */
const char *capture_link_name(const struct capture *capture);
bool capture_has_several_links(const struct capture *capture);
/* Live: keeps one address pair in 2^shift from the next packet on; 0: all again. ERR_UNSUPPORTED: a
 * file, or a link type that cannot be sampled; ERR_IO, ERR_NO_MEMORY: as it was before. */
int capture_set_sampling(struct capture *capture, unsigned shift, struct err_message *message);
/* Since the open. ERR_UNSUPPORTED on a file, ERR_IO. */
int capture_drops(struct capture *capture, struct capture_drops *out);

#endif
