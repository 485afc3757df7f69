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

/* What these return is never HONE_OK. The compiler is told so here: else it would fear, behind
 * every HONE_TRY, for out-parameters that only a success fills. */
static inline hone_status hone__not_ok(hone_status status) {
    return status == HONE_OK ? HONE_USAGE : status;
}
#define hone_fail(...)                 hone__not_ok(hone_fail(__VA_ARGS__))
#define hone_fail_memory(error, bytes) hone__not_ok(hone_fail_memory(error, bytes))

#define HONE_TRY(expression)                                                                       \
    do {                                                                                           \
        hone_status hone_try_status = (expression);                                                \
        if (hone_try_status != HONE_OK) return hone_try_status;                                    \
    } while (0)

#endif
