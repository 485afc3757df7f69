/* SPDX-License-Identifier: Apache-2.0 */
/* A growing string; see text.h. */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

void hone__text_init(hone_text *text, const hone_allocator *allocator) {
    *text = (hone_text){.allocator = allocator};
}

void hone__text_release(hone_text *text) {
    hone__free(text->allocator, text->data, text->capacity);
    hone__text_init(text, text->allocator);
}

static bool reserve(hone_text *text, size_t more) {
    size_t wanted;
    if (text->failed || !hone__add_size(text->length, more, &wanted) || wanted == SIZE_MAX)
        return !(text->failed = true);
    if (++wanted <= text->capacity) return true;
    size_t grown = text->capacity > SIZE_MAX / 2 ? SIZE_MAX : text->capacity * 2;
    if (grown < wanted) grown = wanted < 128 ? 128 : wanted;
    char *data = hone__grow(text->allocator, text->data, text->capacity, grown);
    if (!data) return !(text->failed = true);
    text->data = data;
    text->capacity = grown;
    return true;
}

void hone__text_add(hone_text *text, const char *bytes, size_t count) {
    if (!reserve(text, count)) return;
    if (count) memcpy(text->data + text->length, bytes, count);
    text->data[text->length += count] = 0;
}

void hone__text_format(hone_text *text, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int count = vsnprintf(NULL, 0, format, args);
    if (count >= 0 && reserve(text, (size_t)count)) {
        vsnprintf(text->data + text->length, (size_t)count + 1, format, again);
        text->length += (size_t)count;
    } else {
        text->failed = true;
    }
    va_end(again);
    va_end(args);
}
