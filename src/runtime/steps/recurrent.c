/* SPDX-License-Identifier: Apache-2.0 */
/* Recurrent operators. A task is a few sequences of one direction, the same few whatever the number
 * of threads: a kernel's sums may depend on how many rows it has. Sequences with lengths of their
 * own go one at a time. Each task keeps its state in scratch memory behind the kernel's. */
#include "base/error.h"
#include "runtime/steps/steps.h"

#include <string.h>

enum { OUTPUTS = 3, PROJECTED = OUTPUTS, STATE_H, STATE_C, LENGTHS, PORTS };

typedef struct recurrent_params {
    hone_recurrent_call call;
    const hone_recurrent_table *kernels;
    const void *packed[2];
    int slot[PORTS];       /* of the step, or -1 */
    int64_t block, blocks; /* sequences of a task, tasks of a direction */
    size_t kernel_scratch;
} recurrent_params;

/* Memory of one run. */
typedef struct recurrent_run {
    const recurrent_params *p;
    void *at[PORTS];
    void *scratch;
} recurrent_run;

static float *state_of(const recurrent_run *run, int port, int64_t direction, int64_t b) {
    const hone_recurrent_call *c = &run->p->call;
    int64_t row = c->batch_first ? b * c->directions + direction : direction * c->batch + b;
    return run->at[port] ? (float *)run->at[port] + row * (int64_t)c->dims[0].hidden : NULL;
}

static int64_t output_row(const hone_recurrent_call *c, int64_t direction, int64_t b, int64_t t) {
    if (c->batch_first) return (b * c->steps + t) * c->directions + direction;
    return (t * c->directions + direction) * c->batch + b;
}

static int64_t input_row(const hone_recurrent_call *c, int64_t b, int64_t t) {
    return c->batch_first ? b * c->steps + t : t * c->batch + b;
}

static void copy_or_clear(float *to, const float *from, size_t count) {
    if (from)
        memcpy(to, from, count * sizeof *to);
    else
        memset(to, 0, count * sizeof *to);
}

/* Where the first of the sequences' steps lies, and from there to the next step and sequence. */
static hone_recurrent_args place(const recurrent_run *run, int64_t direction, int64_t b,
                                 int64_t length) {
    const hone_recurrent_call *c = &run->p->call;
    const hone_recurrent_dims *dims = &c->dims[direction];
    int64_t n = (int64_t)dims->hidden, width = (int64_t)hone__cell_gates(dims->cell) * n;
    bool backwards = c->backwards || direction == 1;
    int64_t first = backwards && length > 0 ? length - 1 : 0, sign = backwards ? -1 : 1;
    hone_recurrent_args args = {.dims = dims, .packed = run->p->packed[direction]};
    args.input = (const float *)run->at[PROJECTED] +
                 (input_row(c, b, first) * c->directions + direction) * width;
    args.input_row = (input_row(c, 1, 0) - input_row(c, 0, 0)) * c->directions * width;
    args.input_step = sign * (input_row(c, 0, 1) - input_row(c, 0, 0)) * c->directions * width;
    args.output_row = (output_row(c, 0, 1, 0) - output_row(c, 0, 0, 0)) * n;
    args.output_step = sign * (output_row(c, 0, 0, 1) - output_row(c, 0, 0, 0)) * n;
    if (run->at[0]) args.output = (float *)run->at[0] + output_row(c, direction, b, first) * n;
    if (c->peephole) args.peephole = c->peephole + direction * 3 * n;
    if (c->recur_bias) args.recur_bias = c->recur_bias + direction * n;
    return args;
}

/* `rows` sequences from b on, all `length` steps long. */
static void run_rows(const recurrent_run *run, int64_t direction, int64_t b, int64_t rows,
                     int64_t length) {
    const hone_recurrent_call *c = &run->p->call;
    size_t n = c->dims[0].hidden;
    hone_recurrent_args args = place(run, direction, b, length);
    args.rows = (size_t)rows, args.steps = (size_t)length;
    args.h = (float *)(void *)((char *)run->scratch + run->p->kernel_scratch);
    args.state_row = (ptrdiff_t)n;
    if (c->dims[0].cell == HONE_CELL_LSTM) args.c = args.h + HONE_RECURRENT_ROWS * n;
    for (int64_t r = 0; r < rows; r++) {
        copy_or_clear(args.h + r * (int64_t)n, state_of(run, STATE_H, direction, b + r), n);
        if (args.c)
            copy_or_clear(args.c + r * (int64_t)n, state_of(run, STATE_C, direction, b + r), n);
    }
    run->p->kernels->run(&args, run->scratch);
    for (int64_t r = 0; r < rows; r++) {
        float *h = state_of(run, 1, direction, b + r), *state = state_of(run, 2, direction, b + r);
        if (h) memcpy(h, args.h + r * (int64_t)n, n * sizeof *h);
        if (state && args.c) memcpy(state, args.c + r * (int64_t)n, n * sizeof *state);
        for (int64_t t = length; run->at[0] && t < c->steps; t++)
            memset((float *)run->at[0] + output_row(c, direction, b + r, t) * (int64_t)n, 0,
                   n * sizeof(float));
    }
}

static recurrent_run open_run(const hone_step *step, const hone_run *run, uint32_t worker) {
    recurrent_run made = {.p = (const recurrent_params *)step->params,
                          .scratch = hone__run_scratch(run, step, worker)};
    for (int port = 0; port < PORTS; port++)
        if (made.p->slot[port] >= 0)
            made.at[port] = hone__run_at(run, &step->slots[made.p->slot[port]]);
    return made;
}

static void run_block(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    recurrent_run r = open_run(step, run, worker);
    const hone_recurrent_call *c = &r.p->call;
    int64_t direction = task / r.p->blocks, b = task % r.p->blocks * r.p->block;
    int64_t rows = c->batch - b < r.p->block ? c->batch - b : r.p->block;
    run_rows(&r, direction, b, rows, c->steps);
}

/* With lengths: one task, which may fail. */
static void run_lengths(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    (void)task;
    recurrent_run r = open_run(step, run, worker);
    const hone_recurrent_call *c = &r.p->call;
    const int32_t *lengths = (const int32_t *)r.at[LENGTHS];
    for (int64_t b = 0; b < c->batch; b++) {
        if (lengths[b] < 0 || lengths[b] > c->steps) {
            run->status = hone_fail(run->error, HONE_SHAPE, HONE_NO_OFFSET,
                                    "node '%s': a sequence of length %d among %lld steps",
                                    step->name, (int)lengths[b], (long long)c->steps);
            return;
        }
        for (int64_t d = 0; d < c->directions; d++) run_rows(&r, d, b, 1, lengths[b]);
    }
}

/* The weights of one direction. */
typedef struct recurrent_recipe {
    const hone_recurrent_table *kernels;
    hone_recurrent_dims dims;
    const void *weights;
} recurrent_recipe;

static void make_panels(const void *recipe, void *packed) {
    const recurrent_recipe *r = (const recurrent_recipe *)recipe;
    r->kernels->pack(&r->dims, r->weights, packed);
}

/* Of dims the cell and the hidden size matter. */
static hone_status pack(hone_program *program, recurrent_params *p, hone_error *error) {
    const hone_recurrent_call *c = &p->call;
    const hone_recurrent_dims *dims = &c->dims[0];
    size_t bytes = hone__cell_gates(dims->cell) * dims->hidden * dims->hidden * sizeof(float);
    for (int64_t d = 0; d < c->directions; d++) {
        recurrent_recipe *recipe = NULL;
        HONE_TRY(hone__program_alloc(program, 1, sizeof *recipe, (void **)&recipe, error));
        *recipe = (recurrent_recipe){.kernels = p->kernels,
                                     .dims = *dims,
                                     .weights = (const char *)c->weights + (size_t)d * bytes};
        hone_pack wanted = {.layout = p->kernels->name,
                            .bytes = p->kernels->pack_bytes(dims),
                            .numbers = {dims->cell, dims->hidden},
                            .pieces = {{recipe->weights, bytes}},
                            .make = make_panels,
                            .recipe = recipe};
        HONE_TRY(hone__program_pack(program, &wanted, &p->packed[d], error));
    }
    return HONE_OK;
}

/* The views that are there become slots, in the order of the ports. */
static uint32_t list_slots(recurrent_params *p, const hone_view **views, uint32_t *outputs) {
    const hone_recurrent_call *c = &p->call;
    const hone_view *all[PORTS] = {c->outputs[0], c->outputs[1], c->outputs[2], c->projected,
                                   c->h,          c->c,          c->lengths};
    uint32_t count = 0;
    for (int port = 0; port < PORTS; port++) {
        if (port == OUTPUTS) *outputs = count;
        p->slot[port] = all[port] ? (int)count : -1;
        if (all[port]) views[count++] = all[port];
    }
    return count;
}

hone_status hone__step_recurrent(hone_program *program, const hone_label *label,
                                 const hone_recurrent_call *call, hone_error *error) {
    hone_step *step = NULL;
    recurrent_params made = {.call = *call, .kernels = &program->kernels.recurrent};
    const hone_view *views[PORTS];
    uint32_t outputs = 0, slots = list_slots(&made, views, &outputs);
    HONE_TRY(hone__program_add_step(program, label, outputs, slots, sizeof(recurrent_params), &step,
                                    error));
    for (uint32_t i = 0; i < slots; i++) step->slots[i] = *views[i];
    made.blocks = (call->batch + HONE_RECURRENT_ROWS - 1) / HONE_RECURRENT_ROWS;
    made.block = (call->batch + made.blocks - 1) / made.blocks;
    made.kernel_scratch = (made.kernels->scratch_bytes(&call->dims[0]) + 63) / 64 * 64;
    *(recurrent_params *)step->params = made;
    HONE_TRY(pack(program, (recurrent_params *)step->params, error));
    step->run = call->lengths ? run_lengths : run_block;
    step->tasks = call->lengths ? 1 : (uint32_t)(call->directions * made.blocks);
    step->kernel = made.kernels->name;
    step->scratch_bytes =
        made.kernel_scratch + 2 * HONE_RECURRENT_ROWS * call->dims[0].hidden * sizeof(float);
    return HONE_OK;
}
