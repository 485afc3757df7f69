/* SPDX-License-Identifier: Apache-2.0 */
/* A growing string. A failed allocation is remembered, so that a caller checks once, at the end. */
#ifndef HONE_BASE_TEXT_H
#define HONE_BASE_TEXT_H

#include "base/alloc.h"
#include <stdarg.h>

typedef struct hone_text {
    const hone_allocator *allocator;
    char *data; /* NUL-terminated once anything was added */
    size_t length, capacity;
    bool failed;
} hone_text;

void hone__text_init(hone_text *text, const hone_allocator *allocator);
void hone__text_add(hone_text *text, const char *bytes, size_t count);
void hone__text_format(hone_text *text, const char *format, ...) HONE_PRINTF(2, 3);
void hone__text_release(hone_text *text);

#endif
