/* SPDX-License-Identifier: Apache-2.0 */
/* One value of a row's type: from text, to words, and its memory. Within conf*.c. */
#ifndef COMMON_CONF_VALUE_H
#define COMMON_CONF_VALUE_H

#include "common/conf_row.h"

#define CONF_EXPECTED_MAX 256

/* What the row wants, in words with its bounds: "a duration such as 90s, at least 1s". */
const char *conf_value_expected(const struct conf_row *row, char out[CONF_EXPECTED_MAX]);

/* Parses text into the member (replacing what it holds; a LIST gets this one item). On a mistake
 * the member is untouched and expected says what was wanted. ERR_MALFORMED, ERR_NO_MEMORY. */
int conf_value_set(const struct conf_row *row, void *member, const char *text,
                   char expected[CONF_EXPECTED_MAX]);
/* Zeroes base and sets every row's default, which needs to meet neither bounds nor check (-1 may
 * stand for "not set"). A default of the wrong form is a bug of ours. ERR_NO_MEMORY. */
int conf_defaults(const struct conf_row *rows, size_t size, void *base);
void *conf_member(const struct conf_row *row, void *base);
/* Appends one item to a list, checked as conf_value_set does. */
int conf_list_append(const struct conf_row *row, struct conf_list *list, const char *text,
                     char expected[CONF_EXPECTED_MAX]);
void conf_list_free(struct conf_list *list);
void conf_array_free(const struct conf_row *row, struct conf_array *array);
/* Frees all that the rows own within base, down into arrays: what conf_free does. */
void conf_values_free(const struct conf_row *rows, void *base);

#endif
