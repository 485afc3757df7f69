/* SPDX-License-Identifier: Apache-2.0 */
/* What every test includes: cmocka with its prerequisites, assets, and an allocator that fails on
 * demand. */
#ifndef HONE_TESTS_TESTING_H
#define HONE_TESTS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>

#include <hone/base.h>

#define assert_ok(expression)                                                                      \
    do {                                                                                           \
        hone_status assert_status = (expression);                                                  \
        if (assert_status != HONE_OK)                                                              \
            fail_msg("%s: %s", #expression, hone_status_text(assert_status));                      \
    } while (0)

/* A call with an error to show. */
#define assert_ok_or(expression, error)                                                            \
    do {                                                                                           \
        if ((expression) != HONE_OK) fail_msg("%s: %s", #expression, (error).message);             \
    } while (0)

/* Path of a file of the assets folder, or skips the test, saying why. Where CI=true and the folder
 * is there, a missing file is a failure. */
static inline const char *asset(const char *name) {
    static char path[4][1024];
    static unsigned turn;
    const char *root = getenv("HONE_ASSETS") ? getenv("HONE_ASSETS") : HONE_ASSETS_DEFAULT;
    const char *ci = getenv("CI");
    struct stat facts;
    char *out = path[turn++ % 4];
    snprintf(out, sizeof path[0], "%s/%s", root, name);
    if (!stat(out, &facts)) return out;
    if (ci && !strcmp(ci, "true") && !stat(root, &facts)) fail_msg("asset %s is missing", out);
    print_message("skipped: asset %s is not there (set HONE_ASSETS)\n", out);
    skip();
    return NULL;
}

/* An allocator that counts what is taken and fails the n-th request (0: none). */
typedef struct failing_allocator {
    hone_allocator allocator;
    size_t requests, fail_at, live_bytes;
} failing_allocator;

static inline void *failing_resize(void *user, void *old, size_t old_bytes, size_t new_bytes) {
    failing_allocator *f = (failing_allocator *)user;
    if (new_bytes && ++f->requests == f->fail_at) return NULL;
    f->live_bytes += new_bytes;
    f->live_bytes -= old_bytes;
    if (new_bytes) return realloc(old, new_bytes);
    free(old);
    return NULL;
}

static inline void failing_allocator_init(failing_allocator *f, size_t fail_at) {
    memset(f, 0, sizeof *f);
    f->allocator.resize = failing_resize;
    f->allocator.user = f;
    f->fail_at = fail_at;
}

#endif
