/* SPDX-License-Identifier: Apache-2.0 */
/* The formats: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. */
#include "capture_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#define BLOCK_SECTION    0x0a0d0d0a
#define BLOCK_INTERFACE  1
#define BLOCK_OLD_PACKET 2
#define BLOCK_SIMPLE     3
#define BLOCK_PACKET     6

static void put_at(struct image *image, size_t at, uint64_t value, unsigned width)
{
  assert_true(at + width <= sizeof(image->bytes));
  for (unsigned i = 0; i < width; i++) {
    unsigned shift = 8 * (image->is_big_endian ? width - 1 - i : i);
    image->bytes[at + i] = (uint8_t)(value >> shift);
  }
}

static void put(struct image *image, uint64_t value, unsigned width)
{
  put_at(image, image->length, value, width);
  image->length += width;
}

void image_put8(struct image *image, uint8_t value)
{
  put(image, value, 1);
}

void image_put16(struct image *image, uint16_t value)
{
  put(image, value, 2);
}

void image_put32(struct image *image, uint32_t value)
{
  put(image, value, 4);
}

void image_put64(struct image *image, uint64_t value)
{
  put(image, value, 8);
}

static void put_frame(struct image *image, uint8_t number)
{
  assert_true(image->length + IMAGE_FRAME_BYTES <= sizeof(image->bytes));
  memset(image->bytes + image->length, 0, IMAGE_FRAME_BYTES);
  image->bytes[image->length] = number;
  image->length += IMAGE_FRAME_BYTES;
}

static void put_header(struct image *image, uint32_t magic, uint16_t major, uint16_t minor,
                       uint32_t link_type)
{
  image_put32(image, magic);
  image_put16(image, major);
  image_put16(image, minor);
  image_put32(image, 0);
  image_put32(image, 0);
  image_put32(image, 65535);
  image_put32(image, link_type);
}

void image_pcap(struct image *image, uint32_t magic, uint32_t link_type)
{
  put_header(image, magic, 2, 4, link_type);
}

void image_pcap_version(struct image *image, uint32_t magic, uint16_t major, uint16_t minor)
{
  put_header(image, magic, major, minor, 1);
}

void image_pcap_record(struct image *image, uint32_t seconds, uint32_t fraction, uint8_t number)
{
  image_put32(image, seconds);
  image_put32(image, fraction);
  image_put32(image, IMAGE_FRAME_BYTES);
  image_put32(image, IMAGE_WIRE_BYTES);
  put_frame(image, number);
}

void image_pcap_patched(struct image *image, uint32_t seconds, uint32_t fraction, uint8_t number)
{
  image_put32(image, seconds);
  image_put32(image, fraction);
  image_put32(image, IMAGE_FRAME_BYTES);
  image_put32(image, IMAGE_WIRE_BYTES);
  image_put32(image, 2);        /* interface */
  image_put32(image, 0x080000); /* protocol and packet type */
  put_frame(image, number);
}

void image_block_begin(struct image *image, uint32_t type)
{
  image->block = image->length;
  image_put32(image, type);
  image_put32(image, 0); /* its length, at the end */
}

void image_block_end(struct image *image)
{
  while (image->length % 4 != 0) {
    image_put8(image, 0);
  }
  size_t length = image->length + 4 - image->block;
  image_put32(image, (uint32_t)length);
  put_at(image, image->block + 4, length, 4);
}

void image_pcapng(struct image *image)
{
  image_block_begin(image, BLOCK_SECTION);
  image_put32(image, 0x1a2b3c4d);
  image_put16(image, 1);
  image_put16(image, 0);
  image_put64(image, UINT64_MAX); /* the section's length is not told */
  image_block_end(image);
}

void image_interface_begin(struct image *image, uint16_t link_type, uint32_t snap_bytes)
{
  image_block_begin(image, BLOCK_INTERFACE);
  image_put16(image, link_type);
  image_put16(image, 0);
  image_put32(image, snap_bytes);
}

void image_tsresol(struct image *image, uint8_t resolution)
{
  image_put16(image, 9);
  image_put16(image, 1);
  image_put8(image, resolution);
  image_put8(image, 0);
  image_put16(image, 0);
}

void image_tsoffset(struct image *image, int64_t offset_s)
{
  image_put16(image, 14);
  image_put16(image, 8);
  image_put64(image, (uint64_t)offset_s);
}

void image_pcapng_interface(struct image *image, uint16_t link_type)
{
  image_interface_begin(image, link_type, 65535);
  image_block_end(image);
}

static void put_packet(struct image *image, uint64_t units, uint8_t number)
{
  image_put32(image, (uint32_t)(units >> 32));
  image_put32(image, (uint32_t)units);
  image_put32(image, IMAGE_FRAME_BYTES);
  image_put32(image, IMAGE_WIRE_BYTES);
  put_frame(image, number);
  image_block_end(image);
}

void image_pcapng_packet(struct image *image, uint32_t interface, uint64_t units, uint8_t number)
{
  image_block_begin(image, BLOCK_PACKET);
  image_put32(image, interface);
  put_packet(image, units, number);
}

void image_pcapng_old_packet(struct image *image, uint16_t interface, uint64_t units,
                             uint8_t number)
{
  image_block_begin(image, BLOCK_OLD_PACKET);
  image_put16(image, interface);
  image_put16(image, UINT16_MAX); /* dropped before it: not known */
  put_packet(image, units, number);
}

void image_pcapng_simple(struct image *image, uint32_t wire_bytes, uint8_t number)
{
  image_block_begin(image, BLOCK_SIMPLE);
  image_put32(image, wire_bytes);
  put_frame(image, number);
  image_block_end(image);
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

/* With a checksum, as zstd(1) writes it. */
void image_write_zstd(const struct image *image, const char *path)
{
  struct image packed = {.length = 0};
  ZSTD_CCtx *context = ZSTD_createCCtx();
  assert_non_null(context);
  assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)));
  packed.length =
      ZSTD_compress2(context, packed.bytes, sizeof(packed.bytes), image->bytes, image->length);
  assert_false(ZSTD_isError(packed.length));
  (void)ZSTD_freeCCtx(context);
  image_write(&packed, packed.length, path);
}

void image_read(struct image *image, const char *path)
{
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  image->length = fread(image->bytes, 1, sizeof(image->bytes), file);
  (void)fclose(file);
}
