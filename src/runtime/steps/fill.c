/* SPDX-License-Identifier: Apache-2.0 */
/* One element repeated over a view. */
#include "base/error.h"
#include "runtime/steps/steps.h"
#include "runtime/steps/walk.h"

#include <string.h>

typedef struct fill_params {
    hone_walk walk;
    size_t element;
    uint8_t value[8];
} fill_params;

typedef struct fill_context {
    const fill_params *params;
    uint8_t *out;
} fill_context;

/* Adjacent elements: what is filled already is copied behind itself. */
static void fill_run(uint8_t *out, size_t bytes, const uint8_t *value, size_t size) {
    if (bytes < size) return;
    memcpy(out, value, size);
    for (size_t done = size; done < bytes;) {
        size_t more = done < bytes - done ? done : bytes - done;
        memcpy(out + done, out, more);
        done += more;
    }
}

static void fill_plane(const void *context, const hone_plane *plane) {
    const fill_context *c = (const fill_context *)context;
    size_t size = c->params->element;
    for (size_t i = 0; i < plane->rows; i++) {
        uint8_t *row =
            c->out + (plane->offset[0] + (int64_t)i * plane->row_stride[0]) * (int64_t)size;
        int64_t step = plane->col_stride[0] * (int64_t)size;
        if (plane->col_stride[0] == 1)
            fill_run(row, plane->cols * size, c->params->value, size);
        else
            for (size_t j = 0; j < plane->cols; j++)
                memcpy(row + (int64_t)j * step, c->params->value, size);
    }
}

static void run_fill(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    (void)worker;
    const fill_params *p = (const fill_params *)step->params;
    fill_context c = {.params = p, .out = (uint8_t *)hone__run_at(run, &step->slots[0])};
    hone__walk_run(&p->walk, task, step->tasks, fill_plane, &c);
}

hone_status hone__step_fill(hone_program *program, const hone_label *label, const hone_view *out,
                            const void *value, hone_error *error) {
    hone_step *step = NULL;
    HONE_TRY(hone__program_add_step(program, label, 1, 1, sizeof(fill_params), &step, error));
    fill_params *p = (fill_params *)step->params;
    p->walk = hone__walk(out, 1);
    p->element = hone_dtype_bits(program->buffers[out->buffer].dtype) / 8;
    if (p->element > sizeof p->value)
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET, "step '%s': wide elements",
                         label->name);
    memcpy(p->value, value, p->element);
    step->slots[0] = *out;
    step->run = run_fill;
    step->kernel = "fill";
    step->tasks = hone__program_tasks(program, (size_t)p->walk.dim[p->walk.cut],
                                      (size_t)hone__view_elements(out) * p->element);
    return HONE_OK;
}
