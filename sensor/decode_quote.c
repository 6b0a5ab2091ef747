/* SPDX-License-Identifier: Apache-2.0 */
/* What an ICMP error quotes is payload to everything else; whether it quotes a fragment is asked
 * here, since a flood of fragments comes back as such errors. Reads on a cursor of its own. */
#include "sensor/decode_layers.h"

/* Behind the fixed header of IPv6: | next 8 | length in eights, less one | ... |. */
static bool quotes_fragment_v6(struct rd quote)
{
  (void)rd_skip(&quote, 6);
  uint8_t next = rd_u8(&quote);
  (void)rd_skip(&quote, 33);
  for (unsigned i = 0; i < DECODE_EXTENSIONS_MAX && !quote.has_failed; i++) {
    bool is_extension = next == 0 || next == 43 || next == 60;
    if (next != 44 && !is_extension) {
      return false;
    }
    uint8_t kind = next;
    next = rd_u8(&quote);
    uint8_t length = rd_u8(&quote);
    if (kind == 44) {
      return (rd_u16(&quote) & 0xfff9) != 0;
    }
    (void)rd_skip(&quote, ((size_t)length + 1) * 8 - 2);
  }
  return false;
}

bool decode_quotes_fragment(struct rd quote)
{
  struct rd ahead = quote;
  unsigned version = rd_u8(&ahead) >> 4;
  if (version == 6) {
    return quotes_fragment_v6(quote);
  }
  (void)rd_skip(&ahead, 5);
  return version == 4 && (rd_u16(&ahead) & 0x3fff) != 0;
}
