/* SPDX-License-Identifier: Apache-2.0 */
/* CURVE key files. A secret key lives in a file of mode 0600 (or stricter) as one line of Z85 text
 * (40 characters, RFC 32/Z85); its public half in a file beside it with the ending ".pub". A file
 * that group or others can read is refused. Keys are never logged. */
#ifndef COMMON_KEYS_H
#define COMMON_KEYS_H

#include <stdint.h>

#include "common/err.h"

#define KEYS_BYTES    32
#define KEYS_TEXT_MAX 41 /* Z85 with its NUL */
#define KEYS_NAME_MAX 64 /* a sensor's name with its NUL */

struct key_pair {
  uint8_t public_key[KEYS_BYTES];
  uint8_t secret_key[KEYS_BYTES];
};

/* Makes a new pair: path (0600) and path.pub (0644), each written whole or not at all; a file that
 * is there already is an error, never overwritten (ERR_CONFLICT). The public key's text goes to
 * public_text. */
int keys_make(const char *path, char public_text[KEYS_TEXT_MAX], struct err_message *message);
/* Reads the secret key of path and derives the public one. ERR_IO, ERR_DENIED (permissions; the
 * message names the mode and the owner), ERR_MALFORMED. */
int keys_load(const char *path, struct key_pair *out, struct err_message *message);
/* Reads a public key file (any mode): one line of Z85. */
int keys_load_public(const char *path, uint8_t out[KEYS_BYTES], struct err_message *message);
/* Z85 text -> 32 bytes. ERR_MALFORMED. */
int keys_parse(const char *text, uint8_t out[KEYS_BYTES]);
void keys_format(const uint8_t key[KEYS_BYTES], char out[KEYS_TEXT_MAX]);
/* 0 for 1..63 of [a-z0-9._-] (upper case too), not starting with '.' or '-'. ERR_MALFORMED. */
int keys_check_name(const char *name);

/* The authorised sensors: NAME.pub in a folder. */
struct key_ring;
/* Reads the folder. A file that cannot be used is named in a warning and left out; two names with
 * one key: both left out. ERR_IO when the folder cannot be read. The caller owns *out. */
int key_ring_load(const char *folder, struct key_ring **out, struct err_message *message);
void key_ring_free(struct key_ring *ring);
/* The name bound to a key, or NULL. Borrowed from the ring. */
const char *key_ring_name(const struct key_ring *ring, const uint8_t key[KEYS_BYTES]);
/* Whether a name is there at all. (Every message is judged by its key, with key_ring_name: a peer
 * that is connected goes on sending after its key was withdrawn.) */
int key_ring_has(const struct key_ring *ring, const char *name);
unsigned key_ring_count(const struct key_ring *ring);

#endif
