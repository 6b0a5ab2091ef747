/* SPDX-License-Identifier: Apache-2.0 */
/* What the process asks the system about itself. */
#include "sensor/self.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"

/* User and system time of all threads, ZeroMQ's among them. */
int64_t self_cpu_ns(void)
{
  struct rusage usage;
  if (getrusage(RUSAGE_SELF, &usage) != 0) {
    return 0;
  }
  return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NS_PER_S +
         (int64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

/* statm's second number is the resident pages: cheaper than parsing status. */
uint64_t self_resident_bytes(void)
{
  FILE *file = fopen("/proc/self/statm", "re");
  if (file == NULL) {
    return 0;
  }
  char line[128] = "";
  char *got = fgets(line, sizeof(line), file);
  (void)fclose(file);
  char *second = got != NULL ? strchr(line, ' ') : NULL;
  if (second == NULL) {
    return 0;
  }
  return strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Never 0, which means "none" for a boot id; without getrandom the clock must do. */
uint64_t self_random(void)
{
  uint64_t value = 0;
  while (value == 0) {
    if (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value)) {
      value = (uint64_t)clock_now_ns();
    }
  }
  return value;
}
