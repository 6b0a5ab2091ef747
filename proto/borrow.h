/* SPDX-License-Identifier: Apache-2.0 */
/* Protobuf-c's structures lack const where packing only reads. */
#ifndef PROTO_BORROW_H
#define PROTO_BORROW_H

/* The same address, for a wire structure that is packed and then dropped. */
static inline void *borrow(const void *bytes)
{
  union {
    const void *in;
    void *out;
  } pointer = {bytes};
  return pointer.out;
}

#endif
