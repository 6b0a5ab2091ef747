/* SPDX-License-Identifier: Apache-2.0 */
/* The judge of handshakes: never blocks, so that it can share the collector's thread. */
#include "common/bus_zap.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <zmq.h>

#include "common/bus_socket.h"
#include "common/err.h"

/* The frames of a request (RFC 27/ZAP), in order. ZAP_KEY is the first and, for CURVE, the only
 * credential: the client's public key, 32 bytes. */
enum zap_frame {
  ZAP_VERSION,
  ZAP_REQUEST_ID,
  ZAP_DOMAIN,
  ZAP_ADDRESS,
  ZAP_IDENTITY,
  ZAP_MECHANISM,
  ZAP_KEY,
  ZAP_FRAMES,
};

/* One property: name length (1 byte), name, value length (4 bytes, big-endian), value. */
#define ZAP_METADATA_BYTES (1 + sizeof(BUS_ZAP_KEY_PROPERTY) - 1 + 4 + KEYS_TEXT_MAX - 1)

int bus_zap_open(const struct bus *bus, void **zap, struct err_message *message)
{
  const struct bus_option no_linger = {ZMQ_LINGER, 0};
  *zap = zmq_socket(bus->context, ZMQ_REP);
  if (*zap == NULL || bus_socket_set(*zap, &no_linger, 1) != 0 ||
      zmq_bind(*zap, BUS_ZAP_ENDPOINT) != 0) {
    return err_set(message, ERR_IO, "cannot bind the handshake judge %s: %s", BUS_ZAP_ENDPOINT,
                   bus_socket_error());
  }
  return 0;
}

/* Frames have no NUL: length and bytes are compared. */
static bool zap_frame_is(zmq_msg_t *frame, const char *text)
{
  return zmq_msg_size(frame) == strlen(text) &&
         memcmp(zmq_msg_data(frame), text, strlen(text)) == 0;
}

/* The server listens on IPv6 sockets for both families, so the kernel tells IPv4 peers as mapped.
 */
void bus_zap_address(const char *text, char out[BUS_ZAP_ADDRESS_MAX])
{
  const char *mapped = "::ffff:";
  if (text != NULL && strncmp(text, mapped, strlen(mapped)) == 0 && strchr(text, '.') != NULL) {
    text += strlen(mapped);
  }
  (void)snprintf(out, BUS_ZAP_ADDRESS_MAX, "%s", text != NULL ? text : "");
}

/* The key rides on every later message of the connection, so that a withdrawn one is noticed. */
static void zap_metadata(const char key_text[KEYS_TEXT_MAX], uint8_t out[ZAP_METADATA_BYTES])
{
  uint8_t *at = out;
  *at++ = sizeof(BUS_ZAP_KEY_PROPERTY) - 1;
  for (const char *c = BUS_ZAP_KEY_PROPERTY; *c != '\0'; c++) {
    *at++ = (uint8_t)*c;
  }
  memset(at, 0, 3);
  at[3] = KEYS_TEXT_MAX - 1;
  memcpy(at + 4, key_text, KEYS_TEXT_MAX - 1);
}

/* NULL: no CURVE handshake, or a key that nobody enrolled. */
static const char *zap_find(zmq_msg_t frames[ZAP_FRAMES], size_t taken, const struct key_ring *ring,
                            struct bus_zap_verdict *verdict)
{
  if (taken != ZAP_FRAMES || !zap_frame_is(&frames[ZAP_VERSION], "1.0") ||
      !zap_frame_is(&frames[ZAP_MECHANISM], "CURVE") ||
      zmq_msg_size(&frames[ZAP_KEY]) != KEYS_BYTES) {
    return NULL;
  }
  const uint8_t *key = zmq_msg_data(&frames[ZAP_KEY]);
  keys_format(key, verdict->key_text);
  return key_ring_name(ring, key);
}

static void zap_send(void *zap, const void *bytes, size_t length, int more)
{
  /* A REP socket drops an answer that nobody waits for any longer: nothing can be done here. */
  (void)zmq_send(zap, bytes, length, ZMQ_DONTWAIT | more);
}

/* version | request id | status | text | user id | metadata
 *
 * The user id becomes the User-Id property of every message of that connection. */
static void zap_reply(void *zap, zmq_msg_t *request_id, const char *name,
                      const struct bus_zap_verdict *verdict)
{
  uint8_t metadata[ZAP_METADATA_BYTES];
  size_t metadata_length = 0;
  if (name != NULL) {
    zap_metadata(verdict->key_text, metadata);
    metadata_length = sizeof(metadata);
  }
  const char *status = name != NULL ? "200" : "400";
  const char *text = name != NULL ? "OK" : "this key is not authorised";
  const char *user = name != NULL ? name : "";
  zap_send(zap, "1.0", 3, ZMQ_SNDMORE);
  zap_send(zap, zmq_msg_data(request_id), zmq_msg_size(request_id), ZMQ_SNDMORE);
  zap_send(zap, status, strlen(status), ZMQ_SNDMORE);
  zap_send(zap, text, strlen(text), ZMQ_SNDMORE);
  zap_send(zap, user, strlen(user), ZMQ_SNDMORE);
  zap_send(zap, metadata, metadata_length, 0);
}

/* Text in a frame has no NUL: it is copied up to the frame's length, cut to the buffer. */
static void zap_copy_address(zmq_msg_t *frame, char out[BUS_ZAP_ADDRESS_MAX])
{
  char text[BUS_ZAP_ADDRESS_MAX];
  (void)snprintf(text, sizeof(text), "%.*s", (int)zmq_msg_size(frame),
                 (const char *)zmq_msg_data(frame));
  bus_zap_address(text, out);
}

/* A REP socket must answer what it received before it can receive again: a malformed request is
 * answered too, with a refusal. */
int bus_zap_judge(void *zap, const struct key_ring *ring, struct bus_zap_verdict *verdict)
{
  zmq_msg_t frames[ZAP_FRAMES];
  for (size_t i = 0; i < ZAP_FRAMES; i++) {
    (void)zmq_msg_init(&frames[i]);
  }
  size_t taken = 0;
  int err = bus_socket_receive(zap, frames, ZAP_FRAMES, &taken);
  if (err == 0) {
    *verdict = (struct bus_zap_verdict){.is_accepted = false};
    const char *name = zap_find(frames, taken, ring, verdict);
    verdict->is_accepted = name != NULL;
    zap_copy_address(&frames[ZAP_ADDRESS], verdict->address);
    zap_reply(zap, &frames[ZAP_REQUEST_ID], name, verdict);
  }
  for (size_t i = 0; i < ZAP_FRAMES; i++) {
    (void)zmq_msg_close(&frames[i]);
  }
  return err;
}
