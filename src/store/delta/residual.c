/* SPDX-License-Identifier: Apache-2.0 */
#include "store/delta/residual.h"

#include <stdlib.h>
#include <string.h>

enum {
    RUN = 256,       /* elements that share a "nothing changed" where rows are unknown or longer */
    TOP_BITS = 2,    /* below the leading one that are modelled; the rest is noise */
    LEVEL = 256,     /* one bit of size, in units of the running mean */
    MEAN_SHIFT = 3,  /* the mean follows the last eight or so */
    FACTOR_ONE = 512 /* of a row: 1 + factor / FACTOR_ONE, factor from -128 to 127 */
};

/* bits: of the element; tree: levels that hold 0 ... bits, and bits + 1 for a weight that became
 * zero (pruned); mantissa, exponent: of a float. */
static const struct {
    uint8_t bytes, tree, mantissa, exponent;
} kinds[HONE_ELEMENTS] = {
    [HONE_ELEMENT_BYTES] = {1, 4, 0, 0},    [HONE_ELEMENT_INT8] = {1, 4, 0, 0},
    [HONE_ELEMENT_INT16] = {2, 5, 0, 0},    [HONE_ELEMENT_INT32] = {4, 6, 0, 0},
    [HONE_ELEMENT_FLOAT16] = {2, 5, 10, 5}, [HONE_ELEMENT_BFLOAT16] = {2, 5, 7, 8},
    [HONE_ELEMENT_FLOAT32] = {4, 6, 23, 8}, [HONE_ELEMENT_FLOAT64] = {8, 7, 52, 11},
};

size_t hone__residual_width(hone_element element) {
    return kinds[element].bytes;
}

/* What coding an element needs besides the models. */
typedef struct walk {
    hone_residual *models;
    hone_element element;
    uint32_t bytes, bits, tree;
    uint64_t mask, top_bit;
    int64_t mean; /* of the sizes' levels */
    int32_t factor;
} walk;

static walk walk_begin(hone_residual *models, hone_element element) {
    uint32_t bits = 8u * kinds[element].bytes;
    memset(models, 0, sizeof *models);
    hone__bit_models_init(&models->size[0][0], HONE_RESIDUAL_CONTEXTS * HONE_RESIDUAL_TREE);
    hone__bit_models_init(models->sign, HONE_RESIDUAL_SIZES);
    hone__bit_models_init(&models->top[0][0], HONE_RESIDUAL_SIZES * 4);
    hone__bit_models_init(models->same, 2);
    hone__bit_models_init(models->factor, 256);
    return (walk){.models = models,
                  .element = element,
                  .bytes = kinds[element].bytes,
                  .bits = bits,
                  .tree = kinds[element].tree,
                  .mask = bits == 64 ? UINT64_MAX : (1ull << bits) - 1,
                  .top_bit = 1ull << (bits - 1)};
}

static uint64_t load(const walk *w, const uint8_t *at) {
    uint64_t value = 0;
    for (uint32_t i = w->bytes; i-- > 0;) value = value << 8 | at[i];
    return value;
}

static void store(const walk *w, uint8_t *at, uint64_t value) {
    for (uint32_t i = 0; i < w->bytes; i++) at[i] = (uint8_t)(value >> (8 * i));
}

/* Floats become integers of the same order, and back. */
static uint64_t ordered(const walk *w, uint64_t value) {
    if (!kinds[w->element].exponent) return value;
    return value & w->top_bit ? ~value & w->mask : value | w->top_bit;
}

static uint64_t unordered(const walk *w, uint64_t value) {
    if (!kinds[w->element].exponent) return value;
    return value & w->top_bit ? value & ~w->top_bit : ~value & w->mask;
}

static int64_t exponent(const walk *w, uint64_t old) {
    uint32_t bits = kinds[w->element].exponent;
    return bits ? (int64_t)(old >> kinds[w->element].mantissa & ((1u << bits) - 1)) : 0;
}

/* What the new element would be if only the row's scale had moved. */
static uint64_t expected(const walk *w, uint64_t old) {
    if (!w->factor) return ordered(w, old);
    int32_t value = (int8_t)(uint8_t)old;
    value += (value * w->factor + (value < 0 ? -FACTOR_ONE / 2 : FACTOR_ONE / 2)) / FACTOR_ONE;
    return (uint64_t)(uint8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}

static hone_bit_model *size_models(walk *w, uint64_t old) {
    int64_t level = w->mean - LEVEL * exponent(w, old);
    int64_t context = 2 + level * (HONE_RESIDUAL_CONTEXTS - 4) / (LEVEL * (int64_t)(w->bits + 1));
    if (context < 0) context = 0;
    if (context >= HONE_RESIDUAL_CONTEXTS) context = HONE_RESIDUAL_CONTEXTS - 1;
    return w->models->size[context];
}

static void learn_size(walk *w, uint64_t old, uint32_t size) {
    int64_t level = LEVEL * ((int64_t)size + exponent(w, old));
    w->mean += (level - w->mean) / (1 << MEAN_SHIFT);
}

static size_t run_length(const hone_residual_span *span, size_t done) {
    size_t run = span->row && span->row <= 16 * RUN ? span->row : RUN;
    return run < span->elements - done ? run : span->elements - done;
}

/* ---- encoding ---- */

static uint32_t size_of(uint64_t magnitude) {
    return magnitude ? 64u - (uint32_t)__builtin_clzll(magnitude) : 0;
}

static void encode_element(walk *w, hone_range_encoder *e, uint64_t old, uint64_t value) {
    uint64_t difference = (ordered(w, value) - expected(w, old)) & w->mask;
    uint32_t negative = difference & w->top_bit ? 1 : 0;
    uint64_t magnitude = negative ? (0 - difference) & w->mask : difference;
    uint32_t size = size_of(magnitude), low = size ? size - 1 : 0;
    bool zeroed = !value && size;
    hone__range_encode_tree(e, size_models(w, old), w->tree, zeroed ? w->bits + 1 : size);
    if (zeroed) return;
    learn_size(w, old, size);
    if (!size) return;
    hone__range_encode(e, &w->models->sign[size], negative);
    uint32_t top = low < TOP_BITS ? low : TOP_BITS;
    hone__range_encode_tree(e, w->models->top[size], top,
                            (uint32_t)(magnitude >> (low - top)) & ((1u << top) - 1));
    hone__range_encode_raw(e, magnitude, low - top);
}

/* The least-squares factor of an int8 row; 0 unless it makes the differences a good deal smaller.
 */
static int32_t best_factor(const uint8_t *old_bytes, const uint8_t *new_bytes, size_t count) {
    int64_t products = 0, squares = 0, before = 0, after = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t o = (int8_t)old_bytes[i], n = (int8_t)new_bytes[i];
        products += o * (n - o);
        squares += o * o;
    }
    if (!squares) return 0;
    int64_t factor = products * FACTOR_ONE / squares;
    if (factor < -128 || factor > 127 || !factor) return 0;
    for (size_t i = 0; i < count; i++) {
        walk w = {.factor = (int32_t)factor};
        int32_t n = (int8_t)new_bytes[i];
        before += abs(n - (int8_t)old_bytes[i]);
        after += abs(n - (int8_t)(uint8_t)expected(&w, old_bytes[i]));
    }
    return before - after > 8 ? (int32_t)factor : 0;
}

static void encode_run(walk *w, hone_range_encoder *e, const uint8_t *old_bytes,
                       const uint8_t *new_bytes, size_t count, uint32_t *same) {
    uint32_t before = *same;
    *same = !memcmp(old_bytes, new_bytes, count * w->bytes);
    hone__range_encode(e, &w->models->same[before], *same);
    if (*same) return;
    if (w->element == HONE_ELEMENT_INT8) {
        w->factor = best_factor(old_bytes, new_bytes, count);
        hone__range_encode_tree(e, w->models->factor, 8, (uint32_t)(w->factor + 128));
    }
    for (size_t i = 0; i < count && !e->full; i++)
        encode_element(w, e, load(w, old_bytes + i * w->bytes), load(w, new_bytes + i * w->bytes));
}

size_t hone__residual_encode(hone_residual *models, const hone_residual_span *span,
                             const uint8_t *old_bytes, const uint8_t *new_bytes, uint8_t *out,
                             size_t room) {
    walk w = walk_begin(models, span->element);
    hone_range_encoder e;
    uint32_t same = 0;
    hone__range_encode_begin(&e, out, room);
    for (size_t done = 0; done < span->elements && !e.full;) {
        size_t run = run_length(span, done);
        encode_run(&w, &e, old_bytes + done * w.bytes, new_bytes + done * w.bytes, run, &same);
        done += run;
    }
    size_t used = hone__range_encode_end(&e);
    return e.full ? SIZE_MAX : used;
}

/* ---- decoding ---- */

static uint64_t decode_element(walk *w, hone_range_decoder *d, uint64_t old) {
    uint32_t size = hone__range_decode_tree(d, size_models(w, old), w->tree);
    if (size > w->bits) return 0; /* more than one beyond: only where the bytes are damaged */
    learn_size(w, old, size);
    if (!size) return unordered(w, expected(w, old));
    uint32_t low = size - 1, top = low < TOP_BITS ? low : TOP_BITS;
    uint32_t negative = hone__range_decode(d, &w->models->sign[size]);
    uint64_t magnitude = 1ull << top | hone__range_decode_tree(d, w->models->top[size], top);
    magnitude = magnitude << (low - top) | hone__range_decode_raw(d, low - top);
    uint64_t difference = negative ? 0 - magnitude : magnitude;
    return unordered(w, (expected(w, old) + difference) & w->mask);
}

static void decode_run(walk *w, hone_range_decoder *d, const uint8_t *old_bytes, uint8_t *new_bytes,
                       size_t count, uint32_t *same) {
    *same = hone__range_decode(d, &w->models->same[*same]);
    if (*same) {
        memmove(new_bytes, old_bytes, count * w->bytes);
        return;
    }
    if (w->element == HONE_ELEMENT_INT8)
        w->factor = (int32_t)hone__range_decode_tree(d, w->models->factor, 8) - 128;
    for (size_t i = 0; i < count; i++)
        store(w, new_bytes + i * w->bytes, decode_element(w, d, load(w, old_bytes + i * w->bytes)));
}

void hone__residual_decode(hone_residual *models, const hone_residual_span *span,
                           const uint8_t *old_bytes, uint8_t *new_bytes, const uint8_t *in,
                           size_t size) {
    walk w = walk_begin(models, span->element);
    hone_range_decoder d;
    uint32_t same = 0;
    hone__range_decode_begin(&d, in, size);
    for (size_t done = 0; done < span->elements;) {
        size_t run = run_length(span, done);
        decode_run(&w, &d, old_bytes + done * w.bytes, new_bytes + done * w.bytes, run, &same);
        done += run;
    }
}
