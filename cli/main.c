/* SPDX-License-Identifier: Apache-2.0 */
/* seine: the program. */
#include "cli/commands.h"

/* In commands.c, so that tests can call it. */
int main(int argc, char **argv)
{
  return commands_main(argc, argv);
}
