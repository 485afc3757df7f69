/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of mobile networks as one step: [1 x 1 convolution,] depthwise convolution[, 1 x 1
 * convolution with its residual], whose wide values in between never leave the cache.
 *
 * The step goes down the image in bands of output rows. For each it makes the rows of the widened
 * value that are not there yet, behind those that the last band left (a depthwise kernel of 3 rows
 * needs two of them again), runs the depthwise kernel over them, and the last product over what
 * came out. Every part is a call of the kernel that the part's own step had, on an image of a few
 * rows; the memory in between is scratch memory of a worker. Tasks are parts of the image, and
 * make the rows that they share twice. */
#include "base/error.h"
#include "runtime/steps/conv_params.h"

#include <string.h>

enum {
    WIDE_ATLEAST = 384 * 1024, /* bytes of a value in between that the cache does not keep anyway */
    WEIGHTS_ATMOST = 128 * 1024, /* bytes that are read again for every band */
    BAND_BYTES = 192 * 1024      /* of the widened rows under a band */
};

typedef struct block_params {
    const conv_params *expand; /* may be NULL: the depthwise kernel reads the input */
    const dwconv_params *depthwise;
    const conv_params *project; /* may be NULL: it writes the output */
    size_t band;                /* output rows */
    size_t parts;               /* tasks an image */
    size_t wide, narrow, rest;  /* scratch: where each begins in bytes, the last for kernels */
} block_params;

/* One part of an image on its way down. */
typedef struct block_run {
    const block_params *p;
    const float *input, *residual;
    float *output;
    size_t image;
    float *wide, *narrow;
    size_t begin, end; /* rows of the widened value that are there */
    void *scratch;
} block_run;

static hone_conv_dims matrix(const hone_conv_dims *dims, size_t pixels) {
    hone_conv_dims d = *dims;
    d.n = d.in_h = d.out_h = 1;
    d.in_w = d.out_w = (uint32_t)pixels;
    return d;
}

/* `pixels` pixels through a 1 x 1 convolution. */
static void run_product(const conv_params *p, hone_conv_args args, size_t pixels, void *scratch) {
    hone_conv_dims dims = matrix(&p->dims, pixels);
    args.dims = &dims;
    uint32_t tasks = p->kernel->task_count(p->kernel, &dims);
    for (uint32_t t = 0; t < tasks; t++) p->kernel->run_task(p->kernel, &args, t, scratch);
}

/* Makes the widened rows [begin, end), keeping those that are there already. */
static void widen(block_run *r, size_t begin, size_t end) {
    const conv_params *expand = r->p->expand;
    size_t width = expand->dims.out_w, line = width * expand->dims.out_c;
    size_t kept = r->end > begin ? r->end - begin : 0;
    if (kept) memmove(r->wide, r->wide + (begin - r->begin) * line, kept * line * sizeof(float));
    r->begin = begin, r->end = end;
    if (begin + kept == end) return;
    size_t pixel = (r->image * expand->dims.out_h + begin + kept) * width;
    hone_conv_args args = expand->args;
    args.input = r->input + pixel * args.input_stride;
    args.output = r->wide + kept * line;
    args.output_stride = expand->dims.out_c;
    run_product(expand, args, (end - begin - kept) * width, r->scratch);
}

/* Output rows [row, row + rows) of the depthwise kernel, from input rows [begin, end). */
static void run_depthwise(const block_run *r, size_t row, size_t rows, size_t begin, size_t end) {
    const dwconv_params *p = r->p->depthwise;
    hone_conv_dims d = p->dims;
    hone_dwconv_args args = p->args;
    size_t top = row * d.stride_h, image = r->image * d.in_h;
    d.pad_top = top < d.pad_top ? d.pad_top - (uint32_t)top : 0;
    d.n = 1, d.in_h = (uint32_t)(end - begin), d.out_h = (uint32_t)rows;
    args.dims = &d;
    args.input = r->input + (image + begin) * d.in_w * args.input_stride;
    if (r->p->expand) args.input = r->wide, args.input_stride = d.in_c;
    args.output = r->output + (r->image * p->dims.out_h + row) * d.out_w * args.output_stride;
    if (r->p->project) args.output = r->narrow, args.output_stride = d.out_c;
    uint32_t tasks = p->kernel->task_count(p->kernel, &d);
    for (uint32_t t = 0; t < tasks; t++) p->kernel->run_task(p->kernel, &args, t, r->scratch);
}

static void project(const block_run *r, size_t row, size_t rows) {
    const conv_params *p = r->p->project;
    size_t width = p->dims.out_w, pixel = (r->image * p->dims.out_h + row) * width;
    hone_conv_args args = p->args;
    args.input = r->narrow;
    args.input_stride = p->dims.in_c;
    args.output = r->output + pixel * args.output_stride;
    if (r->residual) args.residual = r->residual + pixel * args.residual_stride;
    run_product(p, args, rows * width, r->scratch);
}

static void run_band(block_run *r, size_t row, size_t rows) {
    const hone_conv_dims *d = &r->p->depthwise->dims;
    size_t begin = row * d->stride_h, end = (row + rows - 1) * d->stride_h + d->kernel_h;
    begin = begin > d->pad_top ? begin - d->pad_top : 0;
    end = end > d->pad_top ? end - d->pad_top : 0;
    if (end > d->in_h) end = d->in_h;
    if (begin > end) begin = end;
    if (r->p->expand) widen(r, begin, end);
    run_depthwise(r, row, rows, begin, end);
    if (r->p->project) project(r, row, rows);
}

static void run_block(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    const block_params *p = (const block_params *)step->params;
    char *scratch = (char *)hone__run_scratch(run, step, worker);
    block_run r = {.p = p,
                   .input = (const float *)hone__run_at(run, &step->slots[1]),
                   .output = (float *)hone__run_at(run, &step->slots[0]),
                   .image = task / p->parts,
                   .wide = (float *)(void *)(scratch + p->wide),
                   .narrow = (float *)(void *)(scratch + p->narrow),
                   .scratch = scratch + p->rest};
    if (step->slot_count > 2) r.residual = (const float *)hone__run_at(run, &step->slots[2]);
    size_t row, end;
    hone__task_range(p->depthwise->dims.out_h, (uint32_t)p->parts, task % (uint32_t)p->parts, &row,
                     &end);
    for (size_t rows; row < end; row += rows) {
        rows = end - row < p->band ? end - row : p->band;
        run_band(&r, row, rows);
    }
}

/* --- finding them ------------------------------------------------------------------------------
 */

static bool is_product(const hone_conv_dims *d) {
    return d->kernel_h == 1 && d->kernel_w == 1 && d->stride_h == 1 && d->stride_w == 1 &&
           d->pad_top == 0 && d->pad_left == 0 && d->groups == 1 && d->in_h == d->out_h &&
           d->in_w == d->out_w;
}

static size_t weight_bytes(const conv_params *p) {
    return p ? (size_t)p->dims.in_c * p->dims.out_c * sizeof(float) : 0;
}

/* Whether all that `a` makes goes to `b` and nowhere else. */
static bool only_feeds(const hone_program *program, const hone_step *a, const hone_step *b) {
    uint32_t buffer = a->slots[0].buffer, seen = 0;
    const hone_buffer *between = &program->buffers[buffer];
    if (between->pinned || between->place != HONE_PLACE_ARENA) return false;
    if (b->slots[1].buffer != buffer || a->slots[0].offset != b->slots[1].offset) return false;
    for (uint32_t i = 0; i < program->step_count; i++)
        for (uint32_t s = 0; program->steps[i] && s < program->steps[i]->slot_count; s++)
            seen += program->steps[i]->slots[s].buffer == buffer;
    return seen == 2;
}

static size_t value_bytes(size_t h, size_t w, size_t c) {
    return h * w * c * sizeof(float);
}

/* The product before or behind the depthwise step, where making the value between in bands pays. */
static const conv_params *product_of(const hone_program *program, const hone_step *step,
                                     const hone_step *from, const hone_step *to, size_t between) {
    const conv_params *p = step ? hone__step_conv_params(step) : NULL;
    if (!p || !is_product(&p->dims) || between < WIDE_ATLEAST) return NULL;
    if (weight_bytes(p) > WEIGHTS_ATMOST || !only_feeds(program, from, to)) return NULL;
    return p;
}

static size_t round_up(size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

static size_t most(size_t a, size_t b) {
    return a > b ? a : b;
}

/* Bands and scratch memory. */
static size_t plan_block(block_params *p) {
    const hone_conv_dims *d = &p->depthwise->dims;
    size_t line = value_bytes(1, d->in_w, d->in_c), fit = BAND_BYTES / line;
    p->band = fit > d->kernel_h ? (fit - d->kernel_h) / d->stride_h + 1 : 1;
    if (p->band > d->out_h) p->band = d->out_h;
    size_t rows = (p->band - 1) * d->stride_h + d->kernel_h;
    hone_conv_dims band = *d;
    band.n = 1, band.in_h = (uint32_t)rows, band.out_h = (uint32_t)p->band;
    size_t need = p->depthwise->kernel->scratch_bytes(p->depthwise->kernel, &band);
    const conv_params *products[2] = {p->expand, p->project};
    for (int i = 0; i < 2; i++) {
        if (!products[i]) continue;
        size_t pixels = i ? p->band * d->out_w : rows * d->in_w;
        hone_conv_dims dims = matrix(&products[i]->dims, pixels);
        need = most(need, products[i]->kernel->scratch_bytes(products[i]->kernel, &dims));
    }
    p->narrow = p->wide + (p->expand ? round_up(rows * line) : 0);
    p->rest = p->narrow + (p->project ? round_up(value_bytes(p->band, d->out_w, d->out_c)) : 0);
    return p->rest + need;
}

static const char *op_of(const block_params *p) {
    if (!p->project) return "Conv+Depthwise";
    return p->expand ? "Conv+Depthwise+Conv" : "Depthwise+Conv";
}

/* Turns `depthwise` into the step of the whole block, which has the last one's name and outputs. */
static hone_status merge(hone_program *program, block_params *found, hone_step *before,
                         hone_step *depthwise, hone_step *behind, hone_error *error) {
    hone_step *first = found->expand ? before : depthwise;
    hone_step *last = found->project ? behind : depthwise;
    uint32_t slots = found->project ? last->slot_count : 2;
    hone_view *views = NULL;
    block_params *p = NULL;
    HONE_TRY(hone__program_alloc(program, slots, sizeof *views, (void **)&views, error));
    HONE_TRY(hone__program_alloc(program, 1, sizeof *p, (void **)&p, error));
    found->parts = program->threads < found->depthwise->dims.out_h ? program->threads
                                                                   : found->depthwise->dims.out_h;
    depthwise->scratch_bytes = plan_block(found);
    *p = *found;
    for (uint32_t i = 0; i < slots; i++) views[i] = last->slots[i];
    views[1] = first->slots[1];
    depthwise->multiply_adds +=
        (found->expand ? before->multiply_adds : 0) + (found->project ? behind->multiply_adds : 0);
    depthwise->name = last->name, depthwise->op = op_of(p);
    depthwise->slots = views, depthwise->slot_count = slots, depthwise->in_place = -1;
    depthwise->params = p, depthwise->run = run_block;
    depthwise->tasks = (uint32_t)(p->parts * p->depthwise->dims.n);
    return HONE_OK;
}

/* Joins what stands round step i, whose neighbours are *before and *behind; those that went into it
 * become NULL. */
static hone_status join(hone_program *program, hone_step *step, hone_step **before,
                        hone_step **behind, hone_error *error) {
    block_params found = {.depthwise = hone__step_dwconv_params(step)};
    if (!found.depthwise) return HONE_OK;
    const hone_conv_dims *d = &found.depthwise->dims;
    size_t wide = value_bytes(d->in_h, d->in_w, d->in_c);
    size_t narrow = value_bytes(d->out_h, d->out_w, d->out_c);
    if (before) found.expand = product_of(program, *before, *before, step, wide);
    if (behind) found.project = product_of(program, *behind, step, *behind, narrow);
    if (!found.expand && !found.project) return HONE_OK;
    HONE_TRY(merge(program, &found, before ? *before : NULL, step, behind ? *behind : NULL, error));
    if (found.expand) *before = NULL;
    if (found.project) *behind = NULL;
    return HONE_OK;
}

hone_status hone__steps_join_blocks(hone_program *program, hone_error *error) {
    uint32_t kept = 0, count = program->step_count;
    hone_step **steps = program->steps;
    for (uint32_t i = 0; i < count; i++) {
        hone_step **before = i > 0 && steps[i - 1] ? &steps[i - 1] : NULL;
        hone_step **behind = i + 1 < count ? &steps[i + 1] : NULL;
        if (steps[i]) HONE_TRY(join(program, steps[i], before, behind, error));
    }
    for (uint32_t i = 0; i < count; i++)
        if (steps[i]) steps[kept++] = steps[i];
    program->step_count = kept;
    return HONE_OK;
}
