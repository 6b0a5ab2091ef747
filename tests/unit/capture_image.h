/* SPDX-License-Identifier: Apache-2.0 */
/* Small capture files, built byte by byte for the tests of the reader. */
#ifndef TESTS_UNIT_CAPTURE_IMAGE_H
#define TESTS_UNIT_CAPTURE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_FRAME_BYTES   20 /* each frame's captured length; its first byte is its number */
#define IMAGE_WIRE_BYTES    60
#define IMAGE_FILE_HEADER   24
#define IMAGE_PCAP_RECORD   (16 + IMAGE_FRAME_BYTES)
#define IMAGE_MAGIC_MICRO   0xa1b2c3d4
#define IMAGE_MAGIC_NANO    0xa1b23c4d
#define IMAGE_MAGIC_PATCHED 0xa1b2cd34

struct image {
  bool is_big_endian;
  size_t length;
  size_t block; /* where the block that is open began */
  uint8_t bytes[4096];
};

void image_put8(struct image *image, uint8_t value);
void image_put16(struct image *image, uint16_t value);
void image_put32(struct image *image, uint32_t value);
void image_put64(struct image *image, uint64_t value);

/* A pcap file: its header, then records. */
void image_pcap(struct image *image, uint32_t magic, uint32_t link_type);
void image_pcap_version(struct image *image, uint32_t magic, uint16_t major, uint16_t minor);
void image_pcap_record(struct image *image, uint32_t seconds, uint32_t fraction, uint8_t number);
/* With the patched headers, of 24 bytes. */
void image_pcap_patched(struct image *image, uint32_t seconds, uint32_t fraction, uint8_t number);

/* A pcapng file with microseconds: its section header, then interfaces and packets. */
void image_pcapng(struct image *image);
void image_pcapng_interface(struct image *image, uint16_t link_type);
void image_pcapng_packet(struct image *image, uint32_t interface, uint64_t units, uint8_t number);
/* The obsolete and the simple packet block. */
void image_pcapng_old_packet(struct image *image, uint16_t interface, uint64_t units,
                             uint8_t number);
void image_pcapng_simple(struct image *image, uint32_t wire_bytes, uint8_t number);

/* Any block: its body is put between; the end pads it and puts its length on both sides. */
void image_block_begin(struct image *image, uint32_t type);
void image_block_end(struct image *image);
/* Within an interface's block, behind what image_interface_begin puts. */
void image_interface_begin(struct image *image, uint16_t link_type, uint32_t snap_bytes);
void image_tsresol(struct image *image, uint8_t resolution);
void image_tsoffset(struct image *image, int64_t offset_s);

/* Write the image's first length bytes to path, plain or packed. */
void image_write(const struct image *image, size_t length, const char *path);
void image_write_gzip(const struct image *image, const char *path);
void image_write_zstd(const struct image *image, const char *path);
/* Reads a whole file back, a packed one as it stands. */
void image_read(struct image *image, const char *path);

#endif
