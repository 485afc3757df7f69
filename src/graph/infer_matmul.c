/* SPDX-License-Identifier: Apache-2.0 */
/* Shape rules of products of matrices. */
#include "graph/infer.h"
#include <string.h>

hone_status hone__rule_gemm(hone_infer *in) {
    const hone_shape *a = hone__in_shape(in, 0), *b = hone__in_shape(in, 1);
    const hone_shape *c = hone__in_shape(in, 2);
    bool flip_a = hone_node_int(in->node, "transA", 0) != 0;
    bool flip_b = hone_node_int(in->node, "transB", 0) != 0;
    int64_t ignored;
    hone_dtype dtype;
    HONE_TRY(hone__infer_common_dtype(in, 0, &dtype));
    if (a == NULL || b == NULL) return hone__infer_set_rank(in, 0, dtype, 2);
    if (a->rank != 2 || b->rank != 2)
        return hone__infer_fail(in, "wants matrices; the ranks are %d and %d", (int)a->rank,
                                (int)b->rank);
    HONE_TRY(hone__dim_same(in, a->dim[!flip_a], b->dim[flip_b], "inner dimensions", &ignored));
    hone_shape out = {.rank = 2, .dim = {a->dim[flip_a], b->dim[!flip_b]}}, both;
    if (c != NULL) {
        HONE_TRY(hone__infer_broadcast(in, &out, c, &both));
        if (c->rank > 2 || (hone__shape_known(&out) && !hone_shape_equal(&both, &out)))
            return hone__infer_fail(in, "the addend does not broadcast to the product");
    }
    return hone__infer_set(in, 0, dtype, &out);
}

/* numpy's matmul: vectors lose their added dimension again, what is in front broadcasts. */
static hone_status product_shape(hone_infer *in, hone_dtype dtype, uint32_t second) {
    const hone_shape *x = hone__in_shape(in, 0), *y = hone__in_shape(in, second);
    int64_t ignored;
    if (x == NULL || y == NULL) return hone__infer_set(in, 0, dtype, NULL);
    if (x->rank == 0 || y->rank == 0) return hone__infer_fail(in, "does not multiply scalars");
    hone_shape a = *x, b = *y, lead_a, lead_b, out;
    if (x->rank == 1) a = hone__shape(2, (const int64_t[]){1, x->dim[0]});
    if (y->rank == 1) b = hone__shape(2, (const int64_t[]){y->dim[0], 1});
    HONE_TRY(
        hone__dim_same(in, a.dim[a.rank - 1], b.dim[b.rank - 2], "inner dimensions", &ignored));
    lead_a = hone__shape(a.rank - 2, a.dim);
    lead_b = hone__shape(b.rank - 2, b.dim);
    HONE_TRY(hone__infer_broadcast(in, &lead_a, &lead_b, &out));
    if (x->rank > 1) out.dim[out.rank++] = a.dim[a.rank - 2];
    if (y->rank > 1) out.dim[out.rank++] = b.dim[b.rank - 1];
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_matmul(hone_infer *in) {
    hone_dtype dtype;
    HONE_TRY(hone__infer_common_dtype(in, 0, &dtype));
    return product_shape(in, dtype, 1);
}

hone_status hone__rule_matmul_integer(hone_infer *in) {
    return product_shape(in, HONE_S32, 1);
}

/* a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point */
hone_status hone__rule_qlinear_matmul(hone_infer *in) {
    return product_shape(in, hone__in_dtype(in, 7), 3);
}

hone_status hone__rule_det(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    int64_t ignored;
    HONE_TRY(hone__infer_least_rank(in, 0, 2));
    if (x == NULL) return hone__infer_set(in, 0, hone__in_dtype(in, 0), NULL);
    HONE_TRY(
        hone__dim_same(in, x->dim[x->rank - 2], x->dim[x->rank - 1], "a square matrix", &ignored));
    hone_shape out = hone__shape(x->rank - 2, x->dim);
    return hone__infer_set(in, 0, hone__in_dtype(in, 0), &out);
}

/* --- Einsum -------------------------------------------------------------------------------- */

/* Sizes found so far: one a letter, and those that "..." stands for. */
typedef struct einsum {
    bool seen[128];
    int64_t size[128];
    uint32_t uses[128];
    hone_shape ellipsis;
} einsum;

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Reads one operand's subscripts [term, end) against its shape. */
static hone_status einsum_operand(hone_infer *in, einsum *sum, const char *term, const char *end,
                                  const hone_shape *shape) {
    int32_t letters = 0, axis = 0;
    for (const char *p = term; p < end; ++p) letters += is_letter(*p);
    for (const char *p = term; p < end; ++p) {
        if (*p == ' ') continue;
        if (*p == '.') {
            int32_t many = shape->rank - letters;
            if (end - p < 3 || p[1] != '.' || p[2] != '.' || many < 0) break;
            hone_shape own = hone__shape(many, shape->dim + axis);
            HONE_TRY(hone__infer_broadcast(in, &sum->ellipsis, &own, &sum->ellipsis));
            axis += many;
            p += 2;
            continue;
        }
        if (!is_letter(*p) || axis >= shape->rank) break;
        int64_t size = shape->dim[axis++], *known = &sum->size[(int)*p];
        if (sum->seen[(int)*p]) HONE_TRY(hone__dim_broadcast(in, *known, size, &size));
        sum->seen[(int)*p] = true;
        sum->uses[(int)*p]++;
        *known = size;
    }
    if (axis != shape->rank) return hone__infer_fail(in, "the equation does not fit the inputs");
    return HONE_OK;
}

static hone_status einsum_push(hone_infer *in, hone_shape *out, int64_t size) {
    if (out->rank == HONE_MAX_RANK) return hone__infer_fail(in, "the output's rank is too high");
    out->dim[out->rank++] = size;
    return HONE_OK;
}

static hone_status einsum_output(hone_infer *in, const einsum *sum, const char *arrow,
                                 hone_shape *out) {
    bool implicit = arrow == NULL;
    *out = (hone_shape){.rank = 0};
    if (implicit) *out = sum->ellipsis;
    /* Without an arrow: letters used once, in alphabetical order. */
    for (int c = 'A'; implicit && c <= 'z'; ++c) {
        if (sum->uses[c] == 1) HONE_TRY(einsum_push(in, out, sum->size[c]));
    }
    for (const char *p = implicit ? "" : arrow + 2; *p != 0; ++p) {
        if (*p == ' ') continue;
        if (*p == '.' && p[1] == '.' && p[2] == '.') {
            for (int32_t i = 0; i < sum->ellipsis.rank; ++i)
                HONE_TRY(einsum_push(in, out, sum->ellipsis.dim[i]));
            p += 2;
            continue;
        }
        if (!is_letter(*p) || !sum->seen[(int)*p])
            return hone__infer_fail(in, "the equation's output is not understood");
        HONE_TRY(einsum_push(in, out, sum->size[(int)*p]));
    }
    return HONE_OK;
}

hone_status hone__rule_einsum(hone_infer *in) {
    const char *equation = hone_node_string(in->node, "equation", "");
    const char *arrow = strstr(equation, "->"), *at = equation;
    const char *end = arrow != NULL ? arrow : equation + strlen(equation);
    einsum sum;
    hone_shape out;
    hone_dtype dtype;
    memset(&sum, 0, sizeof sum);
    HONE_TRY(hone__infer_common_dtype(in, 0, &dtype));
    for (uint32_t i = 0; i < in->node->input_count; ++i) {
        const hone_shape *shape = hone__in_shape(in, i);
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma != NULL ? comma : end;
        if (shape == NULL) return hone__infer_set(in, 0, dtype, NULL);
        if ((comma == NULL) != (i + 1 == in->node->input_count))
            return hone__infer_fail(in, "the equation does not fit the number of inputs");
        HONE_TRY(einsum_operand(in, &sum, at, stop, shape));
        at = stop + (comma != NULL);
    }
    HONE_TRY(einsum_output(in, &sum, arrow, &out));
    return hone__infer_set(in, 0, dtype, &out);
}
