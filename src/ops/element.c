/* SPDX-License-Identifier: Apache-2.0 */
/* Element access in two steps: the bits of an element (4, 8, 16, 32 or 64 of them), and what the
 * bits mean. float8 and float4 are one generic format (OCP 8-bit Floating Point Specification;
 * ONNX "Float stored in 8 bits") described by a row of a table. */
#include "ops/element.h"

#include "base/bytes.h"
#include <math.h>

hone__kind hone__kind_of(hone_dtype dtype) {
    static const uint8_t kinds[HONE_DTYPE_COUNT] = {
        [HONE_F32] = HONE__REAL,     [HONE_F64] = HONE__REAL,        [HONE_F16] = HONE__REAL,
        [HONE_BF16] = HONE__REAL,    [HONE_F8E4M3FN] = HONE__REAL,   [HONE_F8E4M3FNUZ] = HONE__REAL,
        [HONE_F8E5M2] = HONE__REAL,  [HONE_F8E5M2FNUZ] = HONE__REAL, [HONE_F4E2M1] = HONE__REAL,
        [HONE_F8E8M0] = HONE__REAL,  [HONE_S2] = HONE__SIGNED,       [HONE_U2] = HONE__UNSIGNED,
        [HONE_S4] = HONE__SIGNED,    [HONE_S8] = HONE__SIGNED,       [HONE_S16] = HONE__SIGNED,
        [HONE_S32] = HONE__SIGNED,   [HONE_S64] = HONE__SIGNED,      [HONE_U4] = HONE__UNSIGNED,
        [HONE_U8] = HONE__UNSIGNED,  [HONE_U16] = HONE__UNSIGNED,    [HONE_U32] = HONE__UNSIGNED,
        [HONE_U64] = HONE__UNSIGNED, [HONE_BOOL] = HONE__UNSIGNED,
    };
    return (unsigned)dtype < HONE_DTYPE_COUNT ? (hone__kind)kinds[dtype] : HONE__NOT_A_NUMBER;
}

size_t hone__element_bytes(hone_dtype dtype) {
    unsigned bits = hone_dtype_bits(dtype);
    return bits % 8 == 0 ? bits / 8 : 0;
}

void hone__integer_range(hone_dtype dtype, int64_t *least, int64_t *most) {
    unsigned bits = dtype == HONE_BOOL ? 1 : hone_dtype_bits(dtype);
    if (hone__kind_of(dtype) == HONE__SIGNED) {
        *most = (int64_t)(UINT64_MAX >> (65 - bits));
        *least = -*most - 1;
        return;
    }
    *least = 0;
    *most = bits >= 64 ? INT64_MAX : (int64_t)((UINT64_C(1) << bits) - 1);
}

int64_t hone__truncate(double value) {
    if (isnan(value)) return 0;
    if (value >= 9223372036854775808.0) return INT64_MAX;
    if (value <= -9223372036854775808.0) return INT64_MIN;
    return (int64_t)value;
}

/* The bits. */

/* Elements narrower than a byte are packed, the first in the low bits. */
static uint64_t packed_at(unsigned bits, const uint8_t *bytes, int64_t index) {
    uint64_t at = (uint64_t)index * bits;
    return (uint64_t)(bytes[at >> 3] >> (at & 7)) & ((1u << bits) - 1);
}

static void packed_put(unsigned bits, uint8_t *bytes, int64_t index, uint64_t value) {
    uint64_t at = (uint64_t)index * bits;
    unsigned mask = ((1u << bits) - 1) << (at & 7);
    unsigned kept = bytes[at >> 3] & ~mask;
    bytes[at >> 3] = (uint8_t)(kept | ((unsigned)(value << (at & 7)) & mask));
}

static uint64_t bits_at(unsigned bits, const void *data, int64_t index) {
    const uint8_t *bytes = (const uint8_t *)data;
    switch (bits) {
    case 2:
    case 4:
        return packed_at(bits, bytes, index);
    case 8:
        return bytes[index];
    case 16:
        return hone__load16(bytes + 2 * index);
    case 32:
        return hone__load32(bytes + 4 * index);
    default:
        return hone__load64(bytes + 8 * index);
    }
}

static void bits_put(unsigned bits, void *data, int64_t index, uint64_t value) {
    uint8_t *bytes = (uint8_t *)data;
    switch (bits) {
    case 2:
    case 4:
        packed_put(bits, bytes, index, value);
        break;
    case 8:
        bytes[index] = (uint8_t)value;
        break;
    case 16:
        bytes[2 * index] = (uint8_t)value, bytes[2 * index + 1] = (uint8_t)(value >> 8);
        break;
    case 32:
        hone__store32(bytes + 4 * index, (uint32_t)value);
        break;
    default:
        hone__store64(bytes + 8 * index, value);
        break;
    }
}

/* Narrow floats. */

typedef struct narrow_float {
    int mantissa, bias; /* bits; exponent bias */
    uint8_t sign, most; /* sign bit, code of the largest finite number */
    uint8_t nan, inf;   /* codes without the sign; 0: has none */
    bool only_plus;     /* FNUZ: no negative zero, NaN is the code of it */
} narrow_float;

static const narrow_float *narrow(hone_dtype dtype) {
    static const narrow_float rows[] = {
        {3, 7, 0x80, 0x7e, 0x7f, 0, false},     {3, 8, 0x80, 0x7f, 0x80, 0, true},
        {2, 15, 0x80, 0x7b, 0x7e, 0x7c, false}, {2, 16, 0x80, 0x7f, 0x80, 0, true},
        {1, 1, 0x08, 0x07, 0, 0, false},
    };
    switch (dtype) {
    case HONE_F8E4M3FN:
        return &rows[0];
    case HONE_F8E4M3FNUZ:
        return &rows[1];
    case HONE_F8E5M2:
        return &rows[2];
    case HONE_F8E5M2FNUZ:
        return &rows[3];
    default:
        return &rows[4];
    }
}

/* A code without its sign. */
static double narrow_magnitude(const narrow_float *format, unsigned code) {
    int exponent = (int)(code >> format->mantissa);
    int fraction = (int)(code & ((1u << format->mantissa) - 1));
    if (exponent == 0) return ldexp(fraction, 1 - format->bias - format->mantissa);
    return ldexp((1 << format->mantissa) + fraction, exponent - format->bias - format->mantissa);
}

static double narrow_decode(const narrow_float *format, unsigned code) {
    unsigned magnitude = code & (unsigned)(format->sign - 1);
    if (format->only_plus && code == format->nan) return (double)NAN;
    if (format->inf && magnitude == format->inf)
        return code & format->sign ? -(double)INFINITY : (double)INFINITY;
    if (!format->only_plus && format->nan && magnitude > format->most) return (double)NAN;
    double value = narrow_magnitude(format, magnitude);
    return code & format->sign ? -value : value;
}

static unsigned narrow_overflow(const narrow_float *format, unsigned sign, bool saturate) {
    if (saturate || format->nan == 0) return sign | format->most;
    if (format->inf) return sign | format->inf;
    return format->only_plus ? format->nan : sign | format->nan;
}

static unsigned narrow_encode(const narrow_float *format, double value, bool saturate) {
    unsigned sign = signbit(value) ? format->sign : 0;
    double size = fabs(value);
    if (isnan(value)) {
        if (format->nan == 0) return 0;
        return format->only_plus ? format->nan : sign | format->nan;
    }
    if (isinf(size)) return narrow_overflow(format, sign, saturate);
    int least = 1 - format->bias, exponent = size == 0.0 ? least : ilogb(size);
    if (exponent < least) exponent = least;
    double steps = nearbyint(ldexp(size, format->mantissa - exponent));
    if (ldexp(steps, exponent - format->mantissa) > narrow_magnitude(format, format->most))
        return narrow_overflow(format, sign, saturate);
    /* steps carries the hidden bit, so that adding it to the exponent field rounds up by itself */
    unsigned code = ((unsigned)(exponent - least) << format->mantissa) + (unsigned)steps;
    return code == 0 && format->only_plus ? 0 : sign | code;
}

/* float8e8m0 is a bare power of two: 2 ^ (code - 127), 255 is NaN. Rounded away from zero, as ONNX
 * has it; there is no sign and no zero. */
static unsigned power_encode(double value, bool saturate) {
    int exponent;
    if (isnan(value)) return 255;
    if (value == 0.0) return saturate ? 0 : 255;
    if (isinf(value)) return saturate ? 254 : 255;
    bool exact = frexp(fabs(value), &exponent) == 0.5;
    int code = exponent - (exact ? 1 : 0) + 127;
    if (code < 0) return saturate ? 0 : 255;
    return code <= 254 ? (unsigned)code : saturate ? 254 : 255;
}

static double power_decode(unsigned code) {
    return code == 255 ? (double)NAN : ldexp(1.0, (int)code - 127);
}

/* A float that is odd in its last place wherever it is not exact: rounding it once more to a
 * narrower type then gives what rounding `value` itself would (Boldo, Melquiond 2008). */
static float round_to_odd(double value) {
    float near = (float)value;
    if ((double)near == value || isnan(near)) return near;
    uint32_t code;
    memcpy(&code, &near, sizeof code);
    if (fabs((double)near) > fabs(value)) code--;
    code |= 1;
    memcpy(&near, &code, sizeof near);
    return near;
}

static uint64_t real_bits(hone_dtype dtype, double value, bool saturate) {
    uint32_t word;
    uint64_t wide;
    float single;
    switch (dtype) {
    case HONE_F32:
        single = (float)value;
        memcpy(&word, &single, sizeof word);
        return word;
    case HONE_F64:
        memcpy(&wide, &value, sizeof wide);
        return wide;
    case HONE_F16:
        return hone__f32_to_f16(round_to_odd(value));
    case HONE_BF16:
        return hone__f32_to_bf16(round_to_odd(value));
    case HONE_F8E8M0:
        return power_encode(value, saturate);
    default:
        return narrow_encode(narrow(dtype), value, saturate);
    }
}

static double bits_real(hone_dtype dtype, uint64_t bits) {
    uint32_t word = (uint32_t)bits;
    float single;
    double value;
    switch (dtype) {
    case HONE_F32:
        memcpy(&single, &word, sizeof single);
        return (double)single;
    case HONE_F64:
        memcpy(&value, &bits, sizeof value);
        return value;
    case HONE_F16:
        return (double)hone__f16_to_f32((uint16_t)bits);
    case HONE_BF16:
        return (double)hone__bf16_to_f32((uint16_t)bits);
    case HONE_F8E8M0:
        return power_decode((unsigned)bits);
    default:
        return narrow_decode(narrow(dtype), (unsigned)bits);
    }
}

/* One element. */

static int64_t sign_extend(uint64_t bits, unsigned width) {
    uint64_t top = UINT64_C(1) << (width - 1);
    uint64_t wide = (bits ^ top) - top;
    int64_t value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

int64_t hone__int_at(hone_dtype dtype, const void *data, int64_t index) {
    hone__kind kind = hone__kind_of(dtype);
    if (kind == HONE__REAL) return hone__truncate(hone__real_at(dtype, data, index));
    unsigned width = hone_dtype_bits(dtype);
    uint64_t bits = bits_at(width, data, index);
    return sign_extend(bits, kind == HONE__SIGNED ? width : 64);
}

double hone__real_at(hone_dtype dtype, const void *data, int64_t index) {
    uint64_t bits = bits_at(hone_dtype_bits(dtype), data, index);
    switch (hone__kind_of(dtype)) {
    case HONE__REAL:
        return bits_real(dtype, bits);
    case HONE__SIGNED:
        return (double)sign_extend(bits, hone_dtype_bits(dtype));
    default:
        return (double)bits;
    }
}

static uint64_t integer_bits(hone_dtype dtype, double value) {
    if (dtype == HONE_BOOL) return value != 0.0;
    if (dtype == HONE_U64 && value >= 9223372036854775808.0)
        return value >= 18446744073709551616.0 ? UINT64_MAX : (uint64_t)value;
    return (uint64_t)hone__truncate(value);
}

static void real_put(hone_dtype dtype, void *data, int64_t index, double value, bool saturate) {
    uint64_t bits = hone__kind_of(dtype) == HONE__REAL ? real_bits(dtype, value, saturate)
                                                       : integer_bits(dtype, value);
    bits_put(hone_dtype_bits(dtype), data, index, bits);
}

void hone__real_put(hone_dtype dtype, void *data, int64_t index, double value) {
    real_put(dtype, data, index, value, true);
}

void hone__real_put_unsaturated(hone_dtype dtype, void *data, int64_t index, double value) {
    real_put(dtype, data, index, value, false);
}

void hone__int_put(hone_dtype dtype, void *data, int64_t index, int64_t value) {
    if (hone__kind_of(dtype) == HONE__REAL) {
        real_put(dtype, data, index, (double)value, true);
        return;
    }
    uint64_t bits = dtype == HONE_BOOL ? value != 0 : (uint64_t)value;
    bits_put(hone_dtype_bits(dtype), data, index, bits);
}

/* Blocks. float32 and int64 are what models are made of: they have a loop of their own. */

void hone__reals_load(hone_dtype dtype, const void *data, int64_t first, int64_t step,
                      int64_t count, double *out) {
    if (dtype == HONE_F32) {
        const uint8_t *from = (const uint8_t *)data + 4 * first;
        for (int64_t i = 0; i < count; i++) {
            float value;
            memcpy(&value, from + 4 * i * step, sizeof value);
            out[i] = (double)value;
        }
        return;
    }
    for (int64_t i = 0; i < count; i++) out[i] = hone__real_at(dtype, data, first + i * step);
}

void hone__reals_store(hone_dtype dtype, void *data, int64_t first, int64_t step, int64_t count,
                       const double *in) {
    if (dtype == HONE_F32) {
        uint8_t *to = (uint8_t *)data + 4 * first;
        for (int64_t i = 0; i < count; i++) {
            float value = (float)in[i];
            memcpy(to + 4 * i * step, &value, sizeof value);
        }
        return;
    }
    for (int64_t i = 0; i < count; i++) hone__real_put(dtype, data, first + i * step, in[i]);
}

void hone__ints_load(hone_dtype dtype, const void *data, int64_t first, int64_t step, int64_t count,
                     int64_t *out) {
    for (int64_t i = 0; i < count; i++) out[i] = hone__int_at(dtype, data, first + i * step);
}

void hone__ints_store(hone_dtype dtype, void *data, int64_t first, int64_t step, int64_t count,
                      const int64_t *in) {
    for (int64_t i = 0; i < count; i++) hone__int_put(dtype, data, first + i * step, in[i]);
}
