/* SPDX-License-Identifier: Apache-2.0 */
/* float16 and bfloat16, IEEE 754 round to nearest even, subnormals and NaN payloads kept. */
#include "tensor/tensor.h"

#include <string.h>

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float hone__f16_to_f32(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31;
    uint32_t fraction = half & 0x3ff;
    if (exponent == 31) return from_bits(sign | 0x7f800000 | fraction << 13);
    if (exponent) return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float magnitude = (float)fraction * 0x1p-24f; /* zero or subnormal: exact */
    return from_bits(sign | bits_of(magnitude));
}

/* v >> shift, rounded to nearest even. 0 < shift < 32 */
static uint32_t shift_rounded(uint32_t v, unsigned shift) {
    uint32_t half = 1u << (shift - 1), rest = v & ((half << 1) - 1), out = v >> shift;
    return out + (rest > half || (rest == half && (out & 1)));
}

uint16_t hone__f32_to_f16(float value) {
    uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x1ff));
    if (magnitude >= 0x477ff000) return (uint16_t)(sign | 0x7c00); /* 65520 and above */
    if (magnitude >= 0x38800000)                                   /* 2^-14: normal */
        return (uint16_t)(sign | (shift_rounded(magnitude, 13) - (112u << 10)));
    unsigned shift = 126 - (magnitude >> 23);
    if (shift > 24 || magnitude >> 23 == 0) return (uint16_t)sign; /* below half the smallest */
    return (uint16_t)(sign | shift_rounded((magnitude & 0x7fffff) | 0x800000, shift));
}

float hone__bf16_to_f32(uint16_t value) {
    return from_bits((uint32_t)value << 16);
}

uint16_t hone__f32_to_bf16(float value) {
    uint32_t bits = bits_of(value);
    if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40); /* stays a NaN */
    return (uint16_t)shift_rounded(bits, 16);
}
