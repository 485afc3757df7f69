/* SPDX-License-Identifier: Apache-2.0 */
/* RotaryEmbedding (ONNX 23): pairs of numbers of every head are turned by the angle of their
 * position; pairs are neighbours (interleaved) or lie half the rotated size apart. */
#include "ops/family.h"

typedef struct rotary {
    int64_t batch, length, heads, size, half; /* half: pairs of one head */
    bool flat, interleaved;
    const hone_tensor *cosines, *sines, *positions;
} rotary;

static bool read_layout(const hone_op_call *call, rotary *r) {
    const hone_shape *x = &call->inputs[0].shape;
    r->flat = x->rank == 3;
    if (r->flat) {
        r->heads = hone_node_int(call->node, "num_heads", 0);
        if (r->heads < 1 || x->dim[2] % r->heads != 0) return false;
        r->length = x->dim[1];
        r->size = x->dim[2] / r->heads;
    } else if (x->rank == 4) {
        r->heads = x->dim[1], r->length = x->dim[2], r->size = x->dim[3];
    } else {
        return false;
    }
    int64_t turned = hone_node_int(call->node, "rotary_embedding_dim", 0);
    if (turned == 0) turned = r->size;
    r->batch = x->dim[0];
    r->half = turned / 2;
    r->interleaved = hone_node_int(call->node, "interleaved", 0) != 0;
    return turned > 0 && turned <= r->size;
}

static bool caches_fit(const rotary *r) {
    const hone_shape *c = &r->cosines->shape;
    if (!hone_shape_equal(c, &r->sines->shape) || c->rank != (r->positions ? 2 : 3) ||
        c->dim[c->rank - 1] != r->half)
        return false;
    if (!r->positions) return c->dim[0] == r->batch && c->dim[1] == r->length;
    return hone__elements(&r->positions->shape) == r->batch * r->length;
}

static void turn_head(const hone_op_call *call, const rotary *r, int64_t first, int64_t angle) {
    const hone_tensor *in = &call->inputs[0], *out = &call->outputs[0];
    for (int64_t d = 2 * r->half; d < r->size; d++)
        hone__copy_element(in, first + d, &call->outputs[0], first + d);
    for (int64_t i = 0; i < r->half; i++) {
        int64_t a = first + (r->interleaved ? 2 * i : i);
        int64_t b = first + (r->interleaved ? 2 * i + 1 : i + r->half);
        double x = hone__real_at(in->dtype, in->data, a), y = hone__real_at(in->dtype, in->data, b);
        double c = hone__real_at(r->cosines->dtype, r->cosines->data, angle + i);
        double s = hone__real_at(r->sines->dtype, r->sines->data, angle + i);
        hone__real_put(out->dtype, out->data, a, c * x - s * y);
        hone__real_put(out->dtype, out->data, b, s * x + c * y);
    }
}

static hone_status run_rotary(const hone_op_call *call, hone_error *error) {
    rotary r = {.cosines = &call->inputs[1], .sines = &call->inputs[2]};
    r.positions = hone__input(call, 3);
    if (!read_layout(call, &r) || !caches_fit(&r))
        return hone__mismatch(call->node, error, "input and caches do not fit together");
    for (int64_t i = 0; i < r.batch * r.length; i++) {
        int64_t b = i / r.length, t = i % r.length, place = i;
        if (r.positions) {
            place = hone__int_at(r.positions->dtype, r.positions->data, i);
            if (place < 0 || place >= r.cosines->shape.dim[0])
                return hone__mismatch(call->node, error, "position %lld is not in the cache",
                                      (long long)place);
        }
        for (int64_t h = 0; h < r.heads; h++) {
            int64_t row = r.flat ? i * r.heads + h : (b * r.heads + h) * r.length + t;
            turn_head(call, &r, row * r.size, place * r.half);
        }
    }
    return HONE_OK;
}

static hone_status check_rotary(const hone_node *node, hone_error *error) {
    HONE_TRY(hone__check_input(node, 1, HONE__TAKES_REAL, error));
    HONE_TRY(hone__check_input(node, 2, HONE__TAKES_REAL, error));
    return hone__check_input(node, 3, HONE__TAKES_INTEGER, error);
}

const hone_op_family hone__family_rotary = {run_rotary, HONE__TAKES_REAL, check_rotary, NULL};
