/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic on dimensions that may be symbols: the result of an operation on a symbol is a symbol
 * named after the operation, so that equal computations give equal symbols. */
#include "graph/infer.h"
#include <stdarg.h>
#include <stdio.h>

/* Names grow with every layer they pass; one longer than this gives up and is named after its
 * value, which costs only the knowledge that two such sizes are equal. */
#define LONGEST_NAME 160

static hone_status symbol(hone_infer *in, int64_t *dim, const char *format, ...) HONE_PRINTF(3, 4);
static hone_status symbol(hone_infer *in, int64_t *dim, const char *format, ...) {
    char name[LONGEST_NAME];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    bool fits = length > 0 && (size_t)length < sizeof name;
    return hone_graph_symbol(in->graph, fits ? name : NULL, dim, in->error);
}

static const char *name_of(const hone_infer *in, int64_t dim) {
    return hone_graph_symbol_name(in->graph, dim);
}

hone_status hone__dim_unknown(hone_infer *in, uint32_t index, int32_t axis, int64_t *dim) {
    const hone_value *value = index < in->node->output_count ? in->node->outputs[index] : NULL;
    const char *name = value != NULL ? value->name : in->node->name;
    return symbol(in, dim, "%s.%d", name, (int)axis);
}

hone_status hone__dim_affine(hone_infer *in, int64_t dim, int64_t add, int64_t divide,
                             int64_t *out) {
    if (dim >= 0) {
        if (dim + add < 0)
            return hone__infer_fail(in, "a dimension of %lld becomes negative", (long long)dim);
        *out = (dim + add) / divide;
        return HONE_OK;
    }
    *out = dim;
    if (add == 0 && divide == 1) return HONE_OK;
    if (divide == 1) return symbol(in, out, "%s%+lld", name_of(in, dim), (long long)add);
    if (add == 0) return symbol(in, out, "(%s)/%lld", name_of(in, dim), (long long)divide);
    return symbol(in, out, "(%s%+lld)/%lld", name_of(in, dim), (long long)add, (long long)divide);
}

hone_status hone__dim_sum(hone_infer *in, int64_t a, int64_t b, int64_t *out) {
    if (a >= 0) return hone__dim_affine(in, b, a, 1, out);
    if (b >= 0) return hone__dim_affine(in, a, b, 1, out);
    int64_t first = a > b ? a : b, second = a > b ? b : a;
    return symbol(in, out, "%s+%s", name_of(in, first), name_of(in, second));
}

hone_status hone__dim_product(hone_infer *in, int64_t a, int64_t b, int64_t *out) {
    if (a >= 0 && b >= 0) {
        if (a > 0 && b > HONE_DIM_MAX / a)
            return hone__infer_fail(in, "a dimension of %lld x %lld is too large", (long long)a,
                                    (long long)b);
        *out = a * b;
        return HONE_OK;
    }
    int64_t first = a > b ? a : b, second = a > b ? b : a; /* a number comes before a symbol */
    *out = first == 1 ? second : 0;
    if (first == 0 || first == 1) return HONE_OK;
    if (first > 0) return symbol(in, out, "%lld*(%s)", (long long)first, name_of(in, second));
    return symbol(in, out, "(%s)*(%s)", name_of(in, first), name_of(in, second));
}

hone_status hone__dim_same(const hone_infer *in, int64_t a, int64_t b, const char *what,
                           int64_t *out) {
    if (a >= 0 && b >= 0 && a != b)
        return hone__infer_fail(in, "%s: %lld and %lld should be equal", what, (long long)a,
                                (long long)b);
    *out = a > b ? a : b; /* a number, else the older symbol */
    return HONE_OK;
}

hone_status hone__dim_broadcast(hone_infer *in, int64_t a, int64_t b, int64_t *out) {
    *out = a == 1 ? b : a;
    if (a == b || a == 1 || b == 1) return HONE_OK;
    if (a >= 0 && b >= 0)
        return hone__infer_fail(in, "dimensions %lld and %lld do not broadcast", (long long)a,
                                (long long)b);
    *out = a > b ? a : b; /* the symbol must be that number or 1 */
    if (*out >= 0) return HONE_OK;
    return symbol(in, out, "max(%s,%s)", name_of(in, a > b ? a : b), name_of(in, a > b ? b : a));
}

hone_status hone__infer_broadcast(hone_infer *in, const hone_shape *a, const hone_shape *b,
                                  hone_shape *out) {
    hone_shape result = {.rank = a->rank > b->rank ? a->rank : b->rank};
    for (int32_t i = 1; i <= result.rank; ++i) {
        int64_t left = i <= a->rank ? a->dim[a->rank - i] : 1;
        int64_t right = i <= b->rank ? b->dim[b->rank - i] : 1;
        HONE_TRY(hone__dim_broadcast(in, left, right, &result.dim[result.rank - i]));
    }
    *out = result;
    return HONE_OK;
}
