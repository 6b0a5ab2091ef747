/* SPDX-License-Identifier: Apache-2.0 */
/* What of a daemon stays in memory. */
#ifndef COMMON_RUN_RESIDENT_H
#define COMMON_RUN_RESIDENT_H

/* Lets go of the pages of program and libraries that only the start needed: the kernel keeps them
 * as a part of the file, and maps those that are used again at their next use. To be called once,
 * when all is set up. Nothing is lost, and failure has no effect. */
void resident_trim(void);

#endif
