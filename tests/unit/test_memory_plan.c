/* SPDX-License-Identifier: Apache-2.0 */
/* What gives way, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "sensor/memory_plan.h"

#define MIB (UINT64_C(1) << 20)

struct sample {
  uint64_t limit_mib;
  uint64_t slots, queue_mib;         /* wished for */
  uint64_t got_slots, got_queue_mib; /* planned */
  int result;
};

/* 10 MiB for the program and 256 bytes a slot: 65,536 slots are 16 MiB. */
static const struct sample samples[] = {
    {128, 65536, 64, 65536, 64, 0},   {90, 65536, 64, 65536, 64, 0}, {64, 65536, 64, 65536, 38, 1},
    {30, 65536, 64, 65536, 4, 1},     {22, 65536, 64, 32768, 4, 1},  {16, 65536, 64, 8192, 4, 1},
    {14, 65536, 64, 0, 0, ERR_LIMIT}, {128, 512, 1, 512, 1, 0},      {12, 512, 1, 512, 1, 0},
    {0, 1024, 4, 0, 0, ERR_LIMIT},
};

static void the_queue_gives_way_before_the_table(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
    const struct sample *sample = &samples[i];
    struct memory_plan plan = {.limit_bytes = sample->limit_mib * MIB,
                               .fixed_bytes = 10 * MIB,
                               .flow_slot_bytes = 256,
                               .flow_slots = sample->slots,
                               .queue_bytes = sample->queue_mib * MIB};
    struct err_message message = {""};
    assert_int_equal(memory_plan_fit(&plan, &message), sample->result);
    if (sample->result >= 0) {
      assert_int_equal(plan.flow_slots, sample->got_slots);
      assert_int_equal(plan.queue_bytes, sample->got_queue_mib * MIB);
    } else {
      assert_non_null(strstr(message.text, "limits.memory"));
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_queue_gives_way_before_the_table)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
