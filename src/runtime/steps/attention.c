/* SPDX-License-Identifier: Apache-2.0 */
/* Fused attention. A task takes a few queries of one head: their scores against all keys stand in
 * its scratch memory, go through masks and softmax there, and meet the values. The whole matrix of
 * scores is never made. Keys and values that meet many queries are packed once, by a step of their
 * own. */
#include "base/error.h"
#include "runtime/steps/steps.h"

#include <math.h>

enum { SCORES = 48 * 1024, QUERIES = 48 }; /* floats and rows of a task's scores, at most */

/* Packing: [batch][heads] products' right sides. */
typedef struct pack_params {
    hone_matmul_dims dims;
    hone_matmul_args args;
    size_t bytes; /* of one */
} pack_params;

static const float *head_of(const hone_step *step, hone_run *run, uint32_t slot, int64_t b,
                            int64_t head) {
    const hone_view *view = &step->slots[slot];
    return (const float *)hone__run_at(run, view) + b * view->stride[0] + head * view->stride[1];
}

static void run_pack(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    (void)worker;
    const pack_params *p = (const pack_params *)step->params;
    const hone_matmul_table *kernels = &run->program->kernels.matmul;
    int64_t heads = step->slots[1].dim[1];
    hone_matmul_args args = p->args;
    args.dims = &p->dims;
    args.b = head_of(step, run, 1, task / heads, task % heads);
    kernels->pack(kernels, &args, (char *)hone__run_at(run, &step->slots[0]) + task * p->bytes);
}

static hone_status add_pack(hone_program *program, const hone_label *label,
                            const hone_matmul_dims *dims, float alpha, const hone_view *from,
                            hone_view *packed, hone_error *error) {
    const hone_matmul_table *kernels = &program->kernels.matmul;
    hone_step *step = NULL;
    hone_label own = {.name = label->name, .op = "Pack"};
    pack_params p = {.dims = *dims, .bytes = kernels->packed_bytes(kernels, dims)};
    p.args = (hone_matmul_args){.b_stride = (size_t)from->stride[2], .alpha = alpha};
    hone_shape shape = {.rank = 2,
                        .dim = {from->dim[0] * from->dim[1], (int64_t)(p.bytes / sizeof(float))}};
    hone_buffer buffer = {
        .name = label->name, .dtype = HONE_F32, .bytes = (size_t)shape.dim[0] * p.bytes};
    uint32_t id = 0;
    HONE_TRY(hone__program_add_buffer(program, &buffer, &id, error));
    *packed = hone__view_dense(id, &shape);
    HONE_TRY(hone__program_add_step(program, &own, 1, 2, sizeof p, &step, error));
    *(pack_params *)step->params = p;
    step->slots[0] = *packed, step->slots[1] = *from;
    step->run = run_pack;
    step->kernel = kernels->name;
    step->tasks = (uint32_t)shape.dim[0];
    return HONE_OK;
}

/* Attention itself. Slots: output, queries, keys, values (as they are, or packed), mask. */
typedef struct attention_params {
    hone_matmul_dims score_dims, value_dims; /* of a whole block against all keys */
    float scale;
    bool causal, mask_bool;
    int64_t past;
    size_t key_bytes, value_bytes; /* of a packed head; 0: not packed */
    size_t key_stride, value_stride;
    int64_t share; /* query heads that use one head of keys */
    int64_t block, blocks;
    size_t product_scratch;
} attention_params;

/* One task: queries [first, first + rows) of a head. */
typedef struct block {
    int64_t b, head, first, rows, keys; /* keys: those that a causal mask leaves */
    float *scores;                      /* rows x keys */
    void *scratch;
} block;

static hone_matmul_args product(const hone_step *step, hone_run *run, const block *k, uint32_t slot,
                                size_t bytes, size_t stride) {
    const attention_params *p = (const attention_params *)step->params;
    int64_t head = k->head / p->share;
    hone_matmul_args args = {.alpha = 1, .lo = -INFINITY, .hi = INFINITY, .b_stride = stride};
    if (bytes) {
        int64_t heads = step->slots[1].dim[1] / p->share;
        const char *all = (const char *)hone__run_at(run, &step->slots[slot]);
        args.packed = all + (size_t)(k->b * heads + head) * bytes;
    } else {
        args.b = head_of(step, run, slot, k->b, head);
    }
    return args;
}

static void score(const hone_step *step, hone_run *run, const block *k) {
    const attention_params *p = (const attention_params *)step->params;
    const hone_matmul_table *kernels = &run->program->kernels.matmul;
    const hone_view *q = &step->slots[1];
    hone_matmul_dims dims = p->score_dims;
    dims.rows = (size_t)k->rows, dims.cols = (size_t)k->keys;
    hone_matmul_args args = product(step, run, k, 2, p->key_bytes, p->key_stride);
    args.dims = &dims;
    args.alpha = p->scale;
    args.packed_depth = p->score_dims.depth;
    args.a = head_of(step, run, 1, k->b, k->head) + k->first * q->stride[2];
    args.a_stride = (size_t)q->stride[2];
    args.output = k->scores, args.output_stride = (size_t)k->keys;
    hone__matmul_run(kernels, &args, k->scratch);
}

static void mask_row(const attention_params *p, const hone_view *view, const void *mask,
                     int64_t keys, float *row) {
    int64_t step = view->stride[3];
    if (p->mask_bool) {
        const uint8_t *keep = (const uint8_t *)mask;
        for (int64_t j = 0; j < keys; j++) row[j] = keep[j * step] ? row[j] : -INFINITY;
    } else {
        const float *add = (const float *)mask;
        for (int64_t j = 0; j < keys; j++) row[j] += add[j * step];
    }
}

static void mask(const hone_step *step, hone_run *run, const block *k) {
    const attention_params *p = (const attention_params *)step->params;
    for (int64_t r = 0; r < k->rows; r++) {
        int64_t i = k->first + r;
        float *row = k->scores + r * k->keys;
        if (step->slot_count > 4) {
            const hone_view *view = &step->slots[4];
            const char *at = (const char *)hone__run_at(run, view);
            int64_t offset =
                k->b * view->stride[0] + k->head * view->stride[1] + i * view->stride[2];
            mask_row(p, view, at + offset * (int64_t)(p->mask_bool ? 1 : sizeof(float)), k->keys,
                     row);
        }
        for (int64_t j = i + p->past + 1; p->causal && j < k->keys; j++) row[j] = -INFINITY;
    }
}

static void attend(const hone_step *step, hone_run *run, const block *k) {
    const attention_params *p = (const attention_params *)step->params;
    const hone_matmul_table *kernels = &run->program->kernels.matmul;
    const hone_view *y = &step->slots[0];
    hone_matmul_dims dims = p->value_dims;
    dims.rows = (size_t)k->rows, dims.depth = (size_t)k->keys;
    hone_matmul_args args = product(step, run, k, 3, p->value_bytes, p->value_stride);
    args.dims = &dims;
    args.packed_depth = p->value_dims.depth;
    args.a = k->scores, args.a_stride = (size_t)k->keys;
    args.output = (float *)hone__run_at(run, y) + k->b * y->stride[0] + k->head * y->stride[1] +
                  k->first * y->stride[2];
    args.output_stride = (size_t)y->stride[2];
    hone__matmul_run(kernels, &args, k->scratch);
}

static void run_attention(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    const attention_params *p = (const attention_params *)step->params;
    const hone_view *q = &step->slots[1];
    int64_t of_head = task / p->blocks, total = (int64_t)p->score_dims.cols;
    block k = {.b = of_head / q->dim[1],
               .head = of_head % q->dim[1],
               .first = task % p->blocks * p->block,
               .keys = total,
               .scratch = hone__run_scratch(run, step, worker)};
    k.rows = q->dim[2] - k.first < p->block ? q->dim[2] - k.first : p->block;
    k.scores = (float *)(void *)((char *)k.scratch + p->product_scratch);
    int64_t seen = k.first + k.rows + p->past;
    if (p->causal && seen < total) k.keys = seen;
    score(step, run, &k);
    mask(step, run, &k);
    size_t keys = (size_t)k.keys;
    run->program->kernels.norm.soft_rows(&(hone_soft_args){.rows = (size_t)k.rows,
                                                           .cols = keys,
                                                           .input = k.scores,
                                                           .input_stride = keys,
                                                           .output = k.scores,
                                                           .output_stride = keys});
    attend(step, run, &k);
}

static attention_params params_of(const hone_program *program, const hone_attention_call *call) {
    const hone_matmul_table *kernels = &program->kernels.matmul;
    int64_t queries = call->q->dim[2], keys = call->k->dim[2];
    attention_params p = {.scale = call->scale,
                          .causal = call->causal,
                          .mask_bool = call->mask_bool,
                          .past = call->past,
                          .share = call->q->dim[1] / call->k->dim[1],
                          .key_stride = (size_t)call->k->stride[2],
                          .value_stride = (size_t)call->v->stride[2]};
    p.block = SCORES / keys < QUERIES ? SCORES / keys : QUERIES;
    if (p.block < 12) p.block = 12; /* a tile of rows */
    p.blocks = (queries + p.block - 1) / p.block;
    p.block = (queries + p.blocks - 1) / p.blocks;
    size_t rows = (size_t)p.block, size = (size_t)call->q->dim[3];
    p.score_dims =
        (hone_matmul_dims){.rows = rows, .depth = size, .cols = (size_t)keys, .b_turned = true};
    p.value_dims =
        (hone_matmul_dims){.rows = rows, .depth = (size_t)keys, .cols = (size_t)call->v->dim[3]};
    p.key_bytes = kernels->packed_bytes(kernels, &p.score_dims);
    p.value_bytes = kernels->packed_bytes(kernels, &p.value_dims);
    size_t a = kernels->scratch_bytes(kernels, &p.score_dims);
    size_t b = kernels->scratch_bytes(kernels, &p.value_dims);
    p.product_scratch = ((a > b ? a : b) + 63) / 64 * 64;
    return p;
}

hone_status hone__step_attention(hone_program *program, const hone_label *label,
                                 const hone_attention_call *call, hone_error *error) {
    hone_step *step = NULL;
    attention_params p = params_of(program, call);
    hone_view keys = *call->k, values = *call->v;
    if (p.key_bytes)
        HONE_TRY(add_pack(program, label, &p.score_dims, p.scale, call->k, &keys, error));
    if (p.value_bytes)
        HONE_TRY(add_pack(program, label, &p.value_dims, 1, call->v, &values, error));
    uint32_t slots = call->mask ? 5 : 4;
    HONE_TRY(hone__program_add_step(program, label, 1, slots, sizeof p, &step, error));
    *(attention_params *)step->params = p;
    step->slots[0] = *call->out, step->slots[1] = *call->q;
    step->slots[2] = keys, step->slots[3] = values;
    if (call->mask) step->slots[4] = *call->mask;
    step->run = run_attention;
    step->kernel = program->kernels.matmul.name;
    step->tasks = (uint32_t)(call->q->dim[0] * call->q->dim[1] * p.blocks);
    step->scratch_bytes = p.product_scratch + (size_t)p.block * p.score_dims.cols * sizeof(float);
    return HONE_OK;
}
