/* SPDX-License-Identifier: Apache-2.0 */
/* Making errors: an error is made where it is understood, once, and passed up untouched. */
#ifndef HONE_BASE_ERROR_H
#define HONE_BASE_ERROR_H

#include <hone/base.h>

/* Fills *error (may be NULL) and returns `status`, so that `return hone_fail(...)` is the whole
 * failure path. */
hone_status hone_fail(hone_error *error, hone_status status, uint64_t offset, const char *format,
                      ...) HONE_PRINTF(4, 5);
/* The commonest one. */
hone_status hone_fail_memory(hone_error *error, size_t bytes);
/* Puts "prefix: " before the message (a file name, say), cutting its end if it grows too long.
 * Returns its status. */
hone_status hone_error_prefix(hone_error *error, const char *format, ...) HONE_PRINTF(2, 3);

#define HONE_TRY(expression)                                                                       \
    do {                                                                                           \
        hone_status hone_try_status = (expression);                                                \
        if (hone_try_status != HONE_OK) return hone_try_status;                                    \
    } while (0)

#endif
