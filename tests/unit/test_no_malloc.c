/* SPDX-License-Identifier: Apache-2.0 */
/* The packet path takes no memory after its start: while frames go through a meter, every request
 * for memory that our own code makes fails (the linker's --wrap), and those that come from within
 * the C library are counted by the sanitizer's hook. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/hash.h"
#include "sensor/meter.h"
#include "tests/unit/sample_packets.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAS_HOOKS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_HOOKS 1
#endif
#endif

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);

static bool is_armed;
static unsigned refused;

void *__wrap_malloc(size_t size)
{
  refused += is_armed ? 1 : 0;
  return is_armed ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
  refused += is_armed ? 1 : 0;
  return is_armed ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
  refused += is_armed ? 1 : 0;
  return is_armed ? NULL : __real_realloc(block, size);
}

#ifdef HAS_HOOKS
int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
                                              void (*free_hook)(const volatile void *));

static unsigned taken, given;

static void on_malloc(const volatile void *block, size_t size)
{
  (void)block;
  (void)size;
  taken += is_armed ? 1 : 0;
}

static void on_free(const volatile void *block)
{
  given += is_armed && block != NULL ? 1 : 0;
}
#endif

static uint64_t summaries, frames, records;

static void on_summary(void *context, struct summary *s)
{
  (void)context;
  summaries++;
  frames += s->kind == SUMMARY_SECOND ? s->ledger.frames : 0;
}

static void on_record(void *context, const struct flow_record *record)
{
  (void)context;
  (void)record;
  records++;
}

/* Far more hosts, flows and seconds than there is room for, with a quiet span and a clock that is
 * set back. */
static uint64_t send_all(struct meter *meter)
{
  uint64_t sent = 0;
  int64_t time_ns = 1700000000 * NS_PER_S;
  for (unsigned i = 0; i < 300000; i++) {
    uint8_t bytes[SAMPLE_FRAME_MAX];
    struct sample_end from = {i * 7919U % 100000U, (uint16_t)(1024U + i % 50000U)};
    struct sample_end to = {i % 3000U, (uint16_t)(i % 17U == 0 ? i % 1024U : 443U)};
    uint8_t flags = i % 3 == 0 ? PACKET_TCP_SYN : PACKET_TCP_ACK;
    struct frame frame = sample_tcp_frame(time_ns, from, to, flags, 60 + i % 1400, bytes);
    meter_frame(meter, &frame);
    sent++;
    time_ns += NS_PER_S / 2000;
    if (i % 100000 == 99999) {
      time_ns += 200 * NS_PER_S;
      meter_advance(meter, time_ns);
    }
  }
  meter_advance(meter, time_ns - 60 * NS_PER_S);
  return sent;
}

static void a_meter_at_work_takes_no_memory(void **state)
{
  (void)state;
  struct meter_config config;
  meter_config_init(&config);
  config.flow_slots = 4096;
  const struct meter_sinks sinks = {.summary = on_summary, .flow = on_record};
  struct meter *meter = meter_new(&config, &sinks);
  assert_non_null(meter);
  assert_int_equal(meter_add_interface(meter, "eth0"), 0);
  is_armed = true;
  uint64_t sent = send_all(meter);
  meter_finish(meter);
  is_armed = false;
  assert_int_equal(frames, sent);
  assert_true(summaries > 300 && records > config.flow_slots);
  assert_int_equal(refused, 0);
#ifdef HAS_HOOKS
  assert_int_equal(taken, 0);
  assert_int_equal(given, 0);
#endif
  meter_free(meter);
}

/* The test's own net: what it watches for is seen. */
static void the_watch_sees_what_is_asked_for(void **state)
{
  (void)state;
  is_armed = true;
  void *volatile block = malloc(1);
  is_armed = false;
  assert_null(block);
  assert_int_equal(refused, 1);
  refused = 0;
}

int main(void)
{
  hash_set_seed(1);
#ifdef HAS_HOOKS
  if (__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) == 0) {
    (void)fprintf(stderr, "the sanitizer takes no hooks\n");
    return 1;
  }
#endif
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_watch_sees_what_is_asked_for),
      cmocka_unit_test(a_meter_at_work_takes_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
