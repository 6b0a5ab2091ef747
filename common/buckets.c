/* SPDX-License-Identifier: Apache-2.0 */
/* Counts in an array: sums and the encoded form. */
#include "common/buckets.h"

#define FORM_DENSE  0
#define FORM_SPARSE 1

uint64_t buckets_total(const uint64_t *bucket, unsigned buckets)
{
  uint64_t total = 0;
  for (unsigned i = 0; i < buckets; i++) {
    total = buckets_sum(total, bucket[i]);
  }
  return total;
}

void buckets_merge(uint64_t *into, const uint64_t *from, unsigned buckets)
{
  for (unsigned i = 0; i < buckets; i++) {
    into[i] = buckets_sum(into[i], from[i]);
  }
}

/* An empty bucket costs a byte when dense, a used one a byte more when sparse: the shorter form
 * follows from how many are used, so bytes compare. */
static unsigned form_for(const uint64_t *bucket, unsigned buckets, unsigned *used)
{
  *used = 0;
  for (unsigned i = 0; i < buckets; i++) {
    *used += bucket[i] != 0 ? 1 : 0;
  }
  return 1 + 2 * *used < buckets ? FORM_SPARSE : FORM_DENSE;
}

size_t buckets_encode(const uint64_t *bucket, unsigned buckets, uint8_t *out)
{
  unsigned used = 0;
  unsigned form = form_for(bucket, buckets, &used);
  size_t length = 0;
  out[length++] = (uint8_t)form;
  if (form == FORM_SPARSE) {
    out[length++] = (uint8_t)used;
  }
  for (unsigned i = 0; i < buckets; i++) {
    if (form == FORM_SPARSE && bucket[i] == 0) {
      continue;
    }
    if (form == FORM_SPARSE) {
      out[length++] = (uint8_t)i;
    }
    length += le_put_varint(out + length, bucket[i]);
  }
  return length;
}

static int decode_dense(struct rd *r, unsigned buckets, uint64_t *bucket)
{
  int err = 0;
  for (unsigned i = 0; i < buckets && err == 0; i++) {
    err = le_varint(r, &bucket[i]);
  }
  return err;
}

/* Ascending numbers make the form unique and a bucket twice impossible; an empty bucket is one that
 * the form leaves out. */
static int decode_sparse(struct rd *r, unsigned buckets, uint64_t *bucket)
{
  unsigned used = rd_u8(r);
  unsigned least = 0; /* the smallest number that may come next */
  for (unsigned n = 0; n < used; n++) {
    unsigned number = rd_u8(r);
    if (r->has_failed) {
      break;
    }
    if (number < least || number >= buckets) {
      return ERR_MALFORMED;
    }
    int err = le_varint(r, &bucket[number]);
    if (err != 0) {
      return err;
    }
    if (bucket[number] == 0) {
      return ERR_MALFORMED;
    }
    least = number + 1;
  }
  return r->has_failed ? ERR_TRUNCATED : 0;
}

/* The form that the encoder would not have chosen is refused: one array, one encoding. */
int buckets_decode(struct rd *r, unsigned buckets, uint64_t *bucket)
{
  unsigned form = rd_u8(r);
  if (r->has_failed) {
    return ERR_TRUNCATED;
  }
  if (form > FORM_SPARSE) {
    return ERR_MALFORMED;
  }
  int err =
      form == FORM_SPARSE ? decode_sparse(r, buckets, bucket) : decode_dense(r, buckets, bucket);
  if (err != 0) {
    return err;
  }
  unsigned used = 0;
  if (rd_left(r) != 0 || form != form_for(bucket, buckets, &used)) {
    return ERR_MALFORMED;
  }
  return 0;
}
