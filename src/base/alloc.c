/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation through the caller's allocator, malloc by default. */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

bool hone__mul_size(size_t a, size_t b, size_t *product) {
    if (b && a > SIZE_MAX / b) return false;
    *product = a * b;
    return true;
}

bool hone__add_size(size_t a, size_t b, size_t *sum) {
    if (a > SIZE_MAX - b) return false;
    *sum = a + b;
    return true;
}

size_t hone__round_up(size_t value, size_t multiple) {
    if (value > SIZE_MAX - (multiple - 1)) return SIZE_MAX;
    return (value + multiple - 1) & ~(multiple - 1);
}

static void *take(const hone_allocator *allocator, size_t bytes) {
    if (!allocator) return malloc(bytes);
    return allocator->resize(allocator->user, NULL, 0, bytes);
}

void *hone__alloc(const hone_allocator *allocator, size_t count, size_t size) {
    size_t bytes;
    if (!hone__mul_size(count, size, &bytes)) return NULL;
    return take(allocator, bytes ? bytes : 1);
}

void *hone__calloc(const hone_allocator *allocator, size_t count, size_t size) {
    if (!allocator) return calloc(count ? count : 1, size ? size : 1);
    void *p = hone__alloc(allocator, count, size);
    if (p) memset(p, 0, count * size);
    return p;
}

void *hone__grow(const hone_allocator *allocator, void *old, size_t old_bytes, size_t new_bytes) {
    if (!new_bytes) new_bytes = 1;
    if (!allocator) return realloc(old, new_bytes);
    return allocator->resize(allocator->user, old, old ? (old_bytes ? old_bytes : 1) : 0,
                             new_bytes);
}

void hone__free(const hone_allocator *allocator, void *ptr, size_t bytes) {
    if (!ptr) return;
    if (!allocator)
        free(ptr);
    else
        allocator->resize(allocator->user, ptr, bytes ? bytes : 1, 0);
}

/* The block that was really taken lies up to HONE_ALIGN bytes below; its address is kept just
 * before the data. */
void *hone__alloc_aligned(const hone_allocator *allocator, size_t bytes) {
    size_t total;
    if (!hone__add_size(bytes, HONE_ALIGN + sizeof(void *), &total)) return NULL;
    uint8_t *raw = take(allocator, total);
    if (!raw) return NULL;
    uintptr_t at =
        ((uintptr_t)raw + sizeof(void *) + HONE_ALIGN - 1) & ~(uintptr_t)(HONE_ALIGN - 1);
    uint8_t *data = raw + (at - (uintptr_t)raw);
    memcpy(data - sizeof raw, &raw, sizeof raw);
    return data;
}

void hone__free_aligned(const hone_allocator *allocator, void *ptr, size_t bytes) {
    if (!ptr) return;
    void *raw;
    memcpy(&raw, (uint8_t *)ptr - sizeof raw, sizeof raw);
    hone__free(allocator, raw, bytes + HONE_ALIGN + sizeof(void *));
}
