/* SPDX-License-Identifier: Apache-2.0 */
/* IEEE 802.11 data frames and the radiotap header before them (radiotap.org). Frames that are
 * encrypted, fragmented or aggregated on the air are not IP to us. */
#include "sensor/decode_layers.h"

#define FRAME_TYPE      0x0c /* in the first byte; 0x08: data */
#define FRAME_DATA      0x08
#define FRAME_NO_DATA   0x40
#define FRAME_QOS       0x80
#define FRAME_TO_DS     0x01 /* in the second byte */
#define FRAME_FROM_DS   0x02
#define FRAME_PROTECTED 0x40
#define FRAME_ORDER     0x80
#define QOS_AGGREGATED  0x80
#define RADIOTAP_MORE   0x80 /* in the last byte of a word */
#define RADIOTAP_TSFT   0x01
#define RADIOTAP_FLAGS  0x02
#define RADIOTAP_PADDED 0x20

/* | control 2 | duration 2 | three addresses 18 | sequence 2 | address 6 | QoS 2 | HT 4 | LLC ... |
 * the last three as the control bytes say; padding to four before LLC if the radio did so. */
static enum layer read_frame(struct decode *d, bool is_padded)
{
  uint8_t control = rd_u8(&d->r);
  uint8_t flags = rd_u8(&d->r);
  (void)rd_skip(&d->r, 20);
  uint16_t sequence = rd_u16(&d->r); /* little-endian: the fragment's number is in the first byte */
  size_t header = 24;
  if ((flags & FRAME_TO_DS) != 0 && (flags & FRAME_FROM_DS) != 0) {
    header += 6;
    (void)rd_skip(&d->r, 6);
  }
  uint8_t qos = 0;
  if ((control & FRAME_QOS) != 0) {
    size_t more = (flags & FRAME_ORDER) != 0 ? 4 : 0;
    header += 2 + more;
    qos = rd_u8(&d->r);
    (void)rd_skip(&d->r, 1 + more);
  }
  if (d->r.has_failed) {
    return decode_stop(d, SUMMARY_TRUNCATED_LINK);
  }
  bool is_plain_data = (control & FRAME_TYPE) == FRAME_DATA && (control & FRAME_NO_DATA) == 0 &&
                       (flags & FRAME_PROTECTED) == 0 && (qos & QOS_AGGREGATED) == 0 &&
                       (sequence & 0x0f00) == 0;
  if (!is_plain_data) {
    return decode_not_ip(d);
  }
  if (is_padded && header % 4 != 0) {
    (void)rd_skip(&d->r, 4 - header % 4);
  }
  return LAYER_LLC;
}

enum layer decode_wifi(struct decode *d)
{
  return read_frame(d, false);
}

/* | version 8 | pad 8 | length 16 | present 32 | more such while bit 31 is set | fields |. The
 * first fields are the time (8 bytes, aligned to 8) and the flags. */
static bool is_padded(struct rd header)
{
  const uint8_t *start = header.next;
  (void)rd_skip(&header, 4);
  const uint8_t *present = rd_take(&header, 4);
  if (present == NULL) {
    return false;
  }
  const uint8_t *word = present;
  while (word != NULL && (word[3] & RADIOTAP_MORE) != 0) {
    word = rd_take(&header, 4);
  }
  if ((present[0] & RADIOTAP_TSFT) != 0) {
    size_t at = (size_t)(header.next - start);
    (void)rd_skip(&header, (8 - at % 8) % 8 + 8);
  }
  return (present[0] & RADIOTAP_FLAGS) != 0 && (rd_u8(&header) & RADIOTAP_PADDED) != 0;
}

enum layer decode_radiotap(struct decode *d)
{
  struct rd header = d->r;
  uint8_t version = rd_u8(&d->r);
  (void)rd_skip(&d->r, 1);
  size_t length = rd_u8(&d->r);
  length |= (size_t)rd_u8(&d->r) << 8;
  if (d->r.has_failed) {
    return decode_stop(d, SUMMARY_TRUNCATED_LINK);
  }
  if (version != 0 || length < 8) {
    return decode_not_ip(d);
  }
  if (!rd_skip(&d->r, length - 4)) {
    return decode_stop(d, SUMMARY_TRUNCATED_LINK);
  }
  rd_limit(&header, length);
  return read_frame(d, is_padded(header));
}
