/* SPDX-License-Identifier: Apache-2.0 */
/* Reading elements at addresses of any alignment (weights in a mapped model file), and small
 * arithmetic on sizes. */
#ifndef HONE_KERNELS_ELEMENT_H
#define HONE_KERNELS_ELEMENT_H

#include <hone/base.h>
#include <string.h>

static inline float hone__element_f32(const void *data, size_t index) {
    float value;
    memcpy(&value, (const char *)data + index * sizeof value, sizeof value);
    return value;
}

static inline int32_t hone__element_s32(const void *data, size_t index) {
    int32_t value;
    memcpy(&value, (const char *)data + index * sizeof value, sizeof value);
    return value;
}

static inline size_t hone__min_size(size_t a, size_t b) {
    return a < b ? a : b;
}
static inline size_t hone__max_size(size_t a, size_t b) {
    return a > b ? a : b;
}
static inline size_t hone__divide_up(size_t a, size_t b) {
    return (a + b - 1) / b;
}

#endif
