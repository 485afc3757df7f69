/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CLI_UNITS_H
#define HONE_CLI_UNITS_H

#include "cli.h"

/* Each reads the whole of `text` or returns false. */
bool cli_read_bytes(const char *text, uint64_t *bytes);
bool cli_read_ms(const char *text, double *ms);
bool cli_read_number(const char *text, double *value);
bool cli_read_count(const char *text, uint64_t *count);

#endif
