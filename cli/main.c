/* SPDX-License-Identifier: Apache-2.0 */
/* seine: the program. */
#include "cli/commands.h"

int main(int argc, char **argv)
{
  return commands_main(argc, argv);
}
