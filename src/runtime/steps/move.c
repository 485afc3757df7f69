/* SPDX-License-Identifier: Apache-2.0 */
/* One strided copy for everything that only moves elements: slices, transpositions, parts of
 * concatenations, changes of layout.
 *
 * If both sides have stride 1 in the last dimension of the walk, a plane is a copy of rows; if the
 * input has its stride 1 elsewhere, a 2-D transposition of that dimension and the last; else
 * elements go one by one. */
#include "base/error.h"
#include "runtime/steps/steps.h"
#include "runtime/steps/walk.h"

#include <string.h>

typedef enum move_kind { MOVE_ROWS, MOVE_TRANSPOSE, MOVE_ELEMENTS } move_kind;

typedef struct move_plan {
    hone_walk walk; /* [0] output, [1] input */
    move_kind kind;
    size_t element;
} move_plan;

/* Brings the input's stride-1 dimension next to the last, if the kernel can take the two. */
static bool make_transposition(hone_walk *walk) {
    const int64_t *in = walk->stride[1], *out = walk->stride[0];
    int32_t last = walk->rank - 1, row = last - 1;
    for (int32_t i = 0; i < last; i++) {
        if (in[i] != 1 || walk->dim[i] == 1) continue;
        hone__walk_swap(walk, i, row);
        return in[last] >= walk->dim[row] && out[row] >= walk->dim[last];
    }
    return false;
}

static move_kind choose_kind(move_plan *plan) {
    if (hone__walk_has_runs(&plan->walk, false)) return MOVE_ROWS;
    if (plan->walk.stride[0][plan->walk.rank - 1] != 1) return MOVE_ELEMENTS;
    if (plan->element != 1 && plan->element != 4) return MOVE_ELEMENTS;
    return make_transposition(&plan->walk) ? MOVE_TRANSPOSE : MOVE_ELEMENTS;
}

static move_plan make_plan(size_t element, const hone_view *out, const hone_view *in) {
    const hone_view views[2] = {*out, *in};
    move_plan plan = {.walk = hone__walk(views, 2), .element = element};
    plan.kind = choose_kind(&plan);
    return plan;
}

typedef struct move_context {
    const move_plan *plan;
    const hone_layout_table *layout;
    uint8_t *out;
    const uint8_t *in;
} move_context;

/* One row, element by element; a constant size lets the compiler make it a load and a store. */
static void move_row(uint8_t *out, int64_t out_step, const uint8_t *in, int64_t in_step,
                     size_t count, size_t size) {
    switch (size) {
    case 1:
        for (size_t j = 0; j < count; j++) out[(int64_t)j * out_step] = in[(int64_t)j * in_step];
        break;
    default:
        for (size_t j = 0; j < count; j++)
            memcpy(out + (int64_t)j * out_step, in + (int64_t)j * in_step, size);
    }
}

static void move_elements(const void *context, const hone_plane *plane) {
    const move_context *c = (const move_context *)context;
    int64_t size = (int64_t)c->plan->element;
    uint8_t *out = c->out + plane->offset[0] * size;
    const uint8_t *in = c->in + plane->offset[1] * size;
    if (size == 4) {
        c->layout->pick32(&(hone_pick_args){.rows = plane->rows,
                                            .cols = plane->cols,
                                            .input = in,
                                            .input_stride = plane->row_stride[1],
                                            .input_step = plane->col_stride[1],
                                            .output = out,
                                            .output_stride = plane->row_stride[0],
                                            .output_step = plane->col_stride[0]});
        return;
    }
    for (size_t i = 0; i < plane->rows; i++)
        move_row(out + (int64_t)i * plane->row_stride[0] * size, plane->col_stride[0] * size,
                 in + (int64_t)i * plane->row_stride[1] * size, plane->col_stride[1] * size,
                 plane->cols, (size_t)size);
}

static void move_rows(const void *context, const hone_plane *plane) {
    const move_context *c = (const move_context *)context;
    size_t size = c->plan->element;
    c->layout->copy(&(hone_copy_args){
        .rows = plane->rows,
        .row_bytes = plane->cols * size,
        .input = c->in + (size_t)plane->offset[1] * size,
        .input_stride = (size_t)plane->row_stride[1] * size,
        .output = c->out + (size_t)plane->offset[0] * size,
        .output_stride = (size_t)plane->row_stride[0] * size,
    });
}

static void move_transposed(const void *context, const hone_plane *plane) {
    const move_context *c = (const move_context *)context;
    size_t size = c->plan->element;
    hone_transpose_args args = {
        .rows = plane->cols,
        .cols = plane->rows,
        .input = c->in + plane->offset[1] * (int64_t)size,
        .input_stride = (size_t)plane->col_stride[1],
        .output = c->out + plane->offset[0] * (int64_t)size,
        .output_stride = (size_t)plane->row_stride[0],
    };
    if (size == 1)
        c->layout->transpose8(&args);
    else
        c->layout->transpose32(&args);
}

static void move_part(const move_context *c, uint32_t task, uint32_t tasks) {
    static const hone_plane_run runs[] = {move_rows, move_transposed, move_elements};
    hone__walk_run(&c->plan->walk, task, tasks, runs[c->plan->kind], c);
}

static void run_move(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    (void)worker;
    move_context c = {.plan = (const move_plan *)step->params,
                      .layout = &run->program->kernels.layout,
                      .out = (uint8_t *)hone__run_at(run, &step->slots[0]),
                      .in = (const uint8_t *)hone__run_at(run, &step->slots[1])};
    move_part(&c, task, step->tasks);
}

static const char *kernel_name(const hone_layout_table *layout, const move_plan *plan) {
    if (plan->kind == MOVE_ROWS) return layout->copy_name;
    if (plan->kind == MOVE_ELEMENTS) return plan->element == 4 ? layout->pick32_name : "elements";
    return plan->element == 1 ? layout->transpose8_name : layout->transpose32_name;
}

hone_status hone__step_move(hone_program *program, const hone_label *label, const hone_view *out,
                            const hone_view *in, hone_error *error) {
    size_t element = hone_dtype_bits(program->buffers[out->buffer].dtype) / 8;
    move_plan plan = make_plan(element, out, in);
    hone_step *step = NULL;
    HONE_TRY(hone__program_add_step(program, label, 1, 2, sizeof plan, &step, error));
    memcpy(step->params, &plan, sizeof plan);
    step->slots[0] = *out, step->slots[1] = *in;
    step->run = run_move;
    step->kernel = kernel_name(&program->kernels.layout, &plan);
    step->tasks = hone__program_tasks(program, (size_t)plan.walk.dim[plan.walk.cut],
                                      (size_t)hone__view_elements(out) * element * 2);
    return HONE_OK;
}

void hone__move_now(const hone_kernels *kernels, size_t element, const hone_view *out_view,
                    void *out, const hone_view *in_view, const void *in) {
    move_plan plan = make_plan(element, out_view, in_view);
    move_context c = {.plan = &plan,
                      .layout = &kernels->layout,
                      .out = (uint8_t *)out + (size_t)out_view->offset * element,
                      .in = (const uint8_t *)in + (size_t)in_view->offset * element};
    move_part(&c, 0, 1);
}
