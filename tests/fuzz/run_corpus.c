/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over every file of the folders named: the corpus as a regression test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    perror(path);
    return -1;
  }
  static uint8_t buffer[1 << 21];
  size_t length = fread(buffer, 1, sizeof(buffer), file);
  (void)fclose(file);
  /* A block of just this size, so that a sanitizer sees a read behind it. */
  uint8_t *exact = malloc(length > 0 ? length : 1);
  if (exact == NULL) {
    return -1;
  }
  for (size_t i = 0; i < length; i++) {
    exact[i] = buffer[i];
  }
  (void)LLVMFuzzerTestOneInput(exact, length);
  free(exact);
  return 0;
}

static int run_folder(const char *folder)
{
  DIR *dir = opendir(folder);
  if (dir == NULL) {
    perror(folder);
    return -1;
  }
  int files = 0;
  int failed = 0;
  for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
    if (entry->d_name[0] == '.') {
      continue;
    }
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
    failed |= run_file(path);
    files++;
  }
  (void)closedir(dir);
  printf("%s: %d files\n", folder, files);
  return failed != 0 || files == 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
  int failed = argc < 2 ? -1 : 0;
  for (int i = 1; i < argc; i++) {
    failed |= run_folder(argv[i]);
  }
  return failed != 0;
}
