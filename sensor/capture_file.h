/* SPDX-License-Identifier: Apache-2.0 */
/* zlib's home in the sensor: a capture file as a stream, unzipped on the way. For capture.c alone.
 */
#ifndef SENSOR_CAPTURE_FILE_H
#define SENSOR_CAPTURE_FILE_H

#include <stdio.h>

#include "common/err.h"

/* Opens path for reading, plain or gzip ("-": standard input, which stays open). Gives the stream
 * to the caller, who closes it by fclose. A gzip file that is cut or damaged reads as an error, not
 * as an end. message names the path; ERR_TRUNCATED (empty, or a gzip header that is),
 * ERR_NOT_FOUND, ERR_DENIED, ERR_IO, ERR_NO_MEMORY. */
int capture_file_open(const char *path, FILE **out, struct err_message *message);

#endif
