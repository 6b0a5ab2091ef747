/* SPDX-License-Identifier: Apache-2.0 */
/* The sampling program, instruction by instruction. Scratch memory: M[0] offset of the IP header,
 * M[1] sum of the addresses' hashes, M[2] the value being mixed. */
#include "sensor/sample_filter.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"

#define GOLDEN UINT32_C(0x9e3779b1)
#define MIX    15
/* BPF_K, the kind of operand, is 0 as BPF_ADD is: only one of them is written. */
#define ADD_NUMBER (BPF_ALU | BPF_ADD)

enum scratch { SCRATCH_IP, SCRATCH_SUM, SCRATCH_VALUE };

/* Jumps forward by name: where each lands is known when the whole is written. */
enum label { LABEL_NEXT, LABEL_KEEP, LABEL_IPV4, LABEL_IPV6, LABEL_HASH, LABELS };

/* A conditional jump whose ends are labels yet. */
struct patch {
  size_t at;
  enum label if_true, if_false;
};

#define PATCHES_MAX 32

struct writer {
  struct sock_filter code[SAMPLE_FILTER_MAX];
  size_t length;
  struct patch patch[PATCHES_MAX];
  size_t patch_count;
  size_t place[LABELS];
};

static void emit(struct writer *w, unsigned code, uint32_t k)
{
  assert(w->length < SAMPLE_FILTER_MAX);
  w->code[w->length++] = (struct sock_filter){.code = (uint16_t)code, .k = k};
}

/* Goes on to LABEL_NEXT when that is what a side says. */
static void emit_jump(struct writer *w, unsigned how, uint32_t k, enum label if_true,
                      enum label if_false)
{
  assert(w->patch_count < PATCHES_MAX);
  w->patch[w->patch_count++] = (struct patch){w->length, if_true, if_false};
  emit(w, BPF_JMP | how | BPF_K, k);
}

static void put_label(struct writer *w, enum label label)
{
  w->place[label] = w->length;
}

/* A := mix(A * GOLDEN): a product alone leaves the low bits weak. Uses SCRATCH_VALUE. */
static void emit_mix(struct writer *w)
{
  emit(w, BPF_ALU | BPF_MUL | BPF_K, GOLDEN);
  emit(w, BPF_ST, SCRATCH_VALUE);
  emit(w, BPF_ALU | BPF_RSH | BPF_K, MIX);
  emit(w, BPF_MISC | BPF_TAX, 0);
  emit(w, BPF_LD | BPF_MEM, SCRATCH_VALUE);
  emit(w, BPF_ALU | BPF_XOR | BPF_X, 0);
}

/* SCRATCH_SUM += f(address of `words` words at `offset` within the IP header). The words of IPv6
 * are mixed one after the other, so that their order counts. */
static void emit_address(struct writer *w, uint32_t offset, unsigned words, uint32_t seed)
{
  for (unsigned i = 0; i < words; i++) {
    emit(w, BPF_LDX | BPF_MEM, SCRATCH_IP);
    emit(w, BPF_LD | BPF_W | BPF_IND, offset + 4 * i);
    if (i == 0) {
      emit(w, BPF_ALU | BPF_XOR | BPF_K, seed);
    } else {
      emit(w, BPF_LDX | BPF_MEM, SCRATCH_VALUE);
      emit(w, BPF_ALU | BPF_XOR | BPF_X, 0);
    }
    emit_mix(w);
    emit(w, BPF_ST, SCRATCH_VALUE);
  }
  emit(w, BPF_LDX | BPF_MEM, SCRATCH_SUM);
  emit(w, BPF_ALU | BPF_ADD | BPF_X, 0);
  emit(w, BPF_ST, SCRATCH_SUM);
}

/* Both addresses into SCRATCH_SUM; a sum does not know which was first. */
static void emit_addresses(struct writer *w, uint32_t offset, unsigned words, uint32_t seed)
{
  emit(w, BPF_LD | BPF_IMM, 0);
  emit(w, BPF_ST, SCRATCH_SUM);
  emit_address(w, offset, words, seed);
  emit_address(w, offset + 4 * words, words, seed);
}

/* One tag: X steps over it when the type in A is a tag's. */
static void emit_tag(struct writer *w)
{
  /* A: EtherType at X + 12. Tagged: X += 4 and read again. */
  w->code[w->length] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x8100, 1, 0);
  w->length++;
  w->code[w->length] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x88a8, 0, 4);
  w->length++;
  emit(w, BPF_MISC | BPF_TXA, 0);
  emit(w, ADD_NUMBER, 4);
  emit(w, BPF_MISC | BPF_TAX, 0);
  emit(w, BPF_LD | BPF_H | BPF_IND, 12);
}

/* To the IP header of an Ethernet frame, with at most two tags that the kernel left in it. */
static void emit_ethernet(struct writer *w)
{
  emit(w, BPF_LDX | BPF_IMM, 0);
  emit(w, BPF_LD | BPF_H | BPF_IND, 12);
  emit_tag(w);
  emit_tag(w);
  emit(w, BPF_ST, SCRATCH_VALUE);
  emit(w, BPF_MISC | BPF_TXA, 0);
  emit(w, ADD_NUMBER, 14);
  emit(w, BPF_ST, SCRATCH_IP);
  emit(w, BPF_LD | BPF_MEM, SCRATCH_VALUE);
  emit_jump(w, BPF_JEQ, 0x0800, LABEL_IPV4, LABEL_NEXT);
  emit_jump(w, BPF_JEQ, 0x86dd, LABEL_IPV6, LABEL_KEEP);
}

/* The version in the first four bits tells. */
static void emit_raw(struct writer *w)
{
  emit(w, BPF_LD | BPF_IMM, 0);
  emit(w, BPF_ST, SCRATCH_IP);
  emit(w, BPF_LD | BPF_B | BPF_ABS, 0);
  emit(w, BPF_ALU | BPF_RSH | BPF_K, 4);
  emit_jump(w, BPF_JEQ, 4, LABEL_IPV4, LABEL_NEXT);
  emit_jump(w, BPF_JEQ, 6, LABEL_IPV6, LABEL_KEEP);
}

/* A load beyond the packet ends a BPF program with 0: cut headers are dropped, as a packet without
 * addresses has no flow. */
static void emit_sampling(struct writer *w, unsigned shift, uint32_t seed, uint32_t snap_bytes)
{
  put_label(w, LABEL_IPV6);
  emit_addresses(w, 8, 4, seed);
  emit_jump(w, BPF_JA, 0, LABEL_HASH, LABEL_HASH);
  put_label(w, LABEL_IPV4);
  emit_addresses(w, 12, 1, seed);
  put_label(w, LABEL_HASH);
  emit(w, BPF_LD | BPF_MEM, SCRATCH_SUM);
  emit_mix(w);
  /* Once more: the sum of two products is a poor hash in its high bits. */
  emit_mix(w);
  if (shift > 0) {
    emit(w, BPF_ALU | BPF_RSH | BPF_K, 32 - shift);
    w->code[w->length] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
    w->length++;
    emit(w, BPF_RET | BPF_K, 0);
  }
  put_label(w, LABEL_KEEP);
  emit(w, BPF_RET | BPF_K, snap_bytes);
}

/* From labels to distances. */
static void settle(struct writer *w)
{
  for (size_t i = 0; i < w->patch_count; i++) {
    const struct patch *patch = &w->patch[i];
    struct sock_filter *jump = &w->code[patch->at];
    size_t next = patch->at + 1;
    size_t to_true = patch->if_true == LABEL_NEXT ? next : w->place[patch->if_true];
    size_t to_false = patch->if_false == LABEL_NEXT ? next : w->place[patch->if_false];
    if (BPF_OP(jump->code) == BPF_JA) {
      jump->code = BPF_JMP | BPF_JA;
      jump->k = (uint32_t)(to_true - next);
    } else {
      assert(to_true - next <= UINT8_MAX && to_false - next <= UINT8_MAX);
      jump->jt = (uint8_t)(to_true - next);
      jump->jf = (uint8_t)(to_false - next);
    }
  }
}

/* Returns that accept become jumps to what follows; those that refuse stay. */
static void join(struct sock_filter *code, size_t length)
{
  for (size_t i = 0; i < length; i++) {
    bool is_accept = code[i].code == (BPF_RET | BPF_K) && code[i].k != 0;
    if (is_accept) {
      code[i] = (struct sock_filter){.code = BPF_JMP | BPF_JA, .k = (uint32_t)(length - i - 1)};
    }
  }
}

/* before | sampling, in one block of their own. */
int sample_filter_make(int link_type, unsigned shift, uint32_t seed, uint32_t snap_bytes,
                       const struct sock_filter *before, size_t before_length,
                       struct sample_filter *out)
{
  struct writer w = {.length = 0};
  switch (link_type) {
  case 1:
    emit_ethernet(&w);
    break;
  case 12:
  case 101:
  case 228:
  case 229:
    emit_raw(&w);
    break;
  default:
    return ERR_UNSUPPORTED;
  }
  emit_sampling(&w, shift < SAMPLE_FILTER_SHIFT_MAX ? shift : SAMPLE_FILTER_SHIFT_MAX, seed,
                snap_bytes);
  settle(&w);
  size_t length = before_length + w.length;
  if (length > BPF_MAXINSNS) {
    return ERR_LIMIT;
  }
  struct sock_filter *program = malloc(length * sizeof(*program));
  if (program == NULL) {
    return ERR_NO_MEMORY;
  }
  if (before_length > 0) {
    memcpy(program, before, before_length * sizeof(*program));
    join(program, before_length);
  }
  memcpy(program + before_length, w.code, w.length * sizeof(*program));
  *out = (struct sample_filter){length, program};
  return 0;
}
