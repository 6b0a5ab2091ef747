/* SPDX-License-Identifier: Apache-2.0 */
/* Small capture files, built byte by byte for test_capture.c. */
#ifndef TESTS_UNIT_CAPTURE_IMAGE_H
#define TESTS_UNIT_CAPTURE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_FRAME_BYTES 20 /* each frame's captured length; its first byte is its number */
#define IMAGE_WIRE_BYTES  60
#define IMAGE_FILE_HEADER 24
#define IMAGE_PCAP_RECORD (16 + IMAGE_FRAME_BYTES)
#define IMAGE_MAGIC_MICRO 0xa1b2c3d4
#define IMAGE_MAGIC_NANO  0xa1b23c4d

struct image {
  bool is_big_endian;
  size_t length;
  uint8_t bytes[1024];
};

void image_put16(struct image *image, uint16_t value);
void image_put32(struct image *image, uint32_t value);

/* A pcap file: its header, then records. */
void image_pcap(struct image *image, uint32_t magic, uint32_t link_type);
void image_pcap_record(struct image *image, uint32_t seconds, uint32_t fraction, uint8_t number);

/* A pcapng file with microseconds: its section header, then interfaces and packets. */
void image_pcapng(struct image *image);
void image_pcapng_interface(struct image *image, uint16_t link_type);
void image_pcapng_packet(struct image *image, uint32_t interface, uint64_t micros, uint8_t number);

/* Write the image's first length bytes to path, plain or through gzip. */
void image_write(const struct image *image, size_t length, const char *path);
void image_write_gzip(const struct image *image, const char *path);

#endif
