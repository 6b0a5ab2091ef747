/* SPDX-License-Identifier: Apache-2.0 */
/* The start of a daemon runs through a dozen libraries, of which its work needs a third; the kernel
 * maps sixteen pages for each that is touched, and leaves all mapped while memory is not short. */
#include "common/run/resident.h"

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* An object whose read-only parts were written to when it was loaded has no copy of them in its
 * file. */
static bool is_as_its_file(const struct dl_phdr_info *object)
{
  for (size_t i = 0; i < object->dlpi_phnum; i++) {
    if (object->dlpi_phdr[i].p_type != PT_DYNAMIC) {
      continue;
    }
    uintptr_t at = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): addresses are numbers in the program's headers */
    for (const ElfW(Dyn) *entry = (const ElfW(Dyn) *)at; entry->d_tag != DT_NULL; entry++) {
      if (entry->d_tag == DT_TEXTREL ||
          (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL) != 0)) {
        return false;
      }
    }
  }
  return true;
}

/* Whole pages of parts that nobody can have written to. */
static int trim_object(struct dl_phdr_info *object, size_t size, void *context)
{
  (void)size;
  uintptr_t page_bytes = *(const uintptr_t *)context;
  bool is_clean = is_as_its_file(object);
  for (size_t i = 0; is_clean && i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[i];
    if (part->p_type != PT_LOAD || (part->p_flags & PF_W) != 0) {
      continue;
    }
    uintptr_t from = (object->dlpi_addr + part->p_vaddr + page_bytes - 1) / page_bytes * page_bytes;
    uintptr_t to = (object->dlpi_addr + part->p_vaddr + part->p_filesz) / page_bytes * page_bytes;
    if (from < to) {
      /* NOLINTNEXTLINE(performance-no-int-to-ptr): see above */
      (void)madvise((void *)from, to - from, MADV_DONTNEED);
    }
  }
  return 0;
}

void resident_trim(void)
{
  uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
  (void)dl_iterate_phdr(trim_object, &page_bytes);
}
