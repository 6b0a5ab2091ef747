/* SPDX-License-Identifier: Apache-2.0 */
/* The formats: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. */
#include "capture_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static void put(struct image *image, uint32_t value, unsigned width)
{
  assert_true(image->length + width <= sizeof(image->bytes));
  for (unsigned i = 0; i < width; i++) {
    unsigned shift = 8 * (image->is_big_endian ? width - 1 - i : i);
    image->bytes[image->length++] = (uint8_t)(value >> shift);
  }
}

void image_put16(struct image *image, uint16_t value)
{
  put(image, value, 2);
}

void image_put32(struct image *image, uint32_t value)
{
  put(image, value, 4);
}

static void put_frame(struct image *image, uint8_t number)
{
  assert_true(image->length + IMAGE_FRAME_BYTES <= sizeof(image->bytes));
  memset(image->bytes + image->length, 0, IMAGE_FRAME_BYTES);
  image->bytes[image->length] = number;
  image->length += IMAGE_FRAME_BYTES;
}

void image_pcap(struct image *image, uint32_t magic, uint32_t link_type)
{
  image_put32(image, magic);
  image_put16(image, 2);
  image_put16(image, 4);
  image_put32(image, 0);
  image_put32(image, 0);
  image_put32(image, 65535);
  image_put32(image, link_type);
}

void image_pcap_record(struct image *image, uint32_t seconds, uint32_t fraction, uint8_t number)
{
  image_put32(image, seconds);
  image_put32(image, fraction);
  image_put32(image, IMAGE_FRAME_BYTES);
  image_put32(image, IMAGE_WIRE_BYTES);
  put_frame(image, number);
}

void image_pcapng(struct image *image)
{
  image_put32(image, 0x0a0d0d0a);
  image_put32(image, 28);
  image_put32(image, 0x1a2b3c4d);
  image_put16(image, 1);
  image_put16(image, 0);
  image_put32(image, UINT32_MAX); /* the section's length is not told */
  image_put32(image, UINT32_MAX);
  image_put32(image, 28);
}

void image_pcapng_interface(struct image *image, uint16_t link_type)
{
  image_put32(image, 1);
  image_put32(image, 20);
  image_put16(image, link_type);
  image_put16(image, 0);
  image_put32(image, 65535);
  image_put32(image, 20);
}

void image_pcapng_packet(struct image *image, uint32_t interface, uint64_t micros, uint8_t number)
{
  image_put32(image, 6);
  image_put32(image, 32 + IMAGE_FRAME_BYTES);
  image_put32(image, interface);
  image_put32(image, (uint32_t)(micros >> 32));
  image_put32(image, (uint32_t)micros);
  image_put32(image, IMAGE_FRAME_BYTES);
  image_put32(image, IMAGE_WIRE_BYTES);
  put_frame(image, number);
  image_put32(image, 32 + IMAGE_FRAME_BYTES);
}

void image_write(const struct image *image, size_t length, const char *path)
{
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(image->bytes, 1, length, file), length);
  assert_int_equal(fclose(file), 0);
}

void image_write_gzip(const struct image *image, const char *path)
{
  gzFile file = gzopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(gzwrite(file, image->bytes, (unsigned)image->length), image->length);
  assert_int_equal(gzclose(file), Z_OK);
}
