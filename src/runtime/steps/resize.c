/* SPDX-License-Identifier: Apache-2.0 */
/* Resizing images in pixels form: nearest copies pixels of any type, linear blends four float ones.
 * Which input rows and columns an output pixel reads was computed when the step was made. Tasks
 * share the output's rows. */
#include "base/error.h"
#include "runtime/steps/steps.h"

#include <string.h>

typedef struct resize_params {
    size_t n, in_h, in_w, out_h, out_w, channels, element;
    size_t in_stride, out_stride;
    const hone_resize_tap *y, *x;
} resize_params;

static void copy_row(const resize_params *p, const uint8_t *in_row, uint8_t *out_row) {
    for (size_t x = 0; x < p->out_w; x++)
        memcpy(out_row + x * p->out_stride * p->element,
               in_row + p->x[x].first * p->in_stride * p->element, p->channels * p->element);
}

static void run_nearest(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    (void)worker;
    const resize_params *p = (const resize_params *)step->params;
    uint8_t *out = (uint8_t *)hone__run_at(run, &step->slots[0]);
    const uint8_t *in = (const uint8_t *)hone__run_at(run, &step->slots[1]);
    size_t begin, end, in_row = p->in_w * p->in_stride * p->element;
    size_t out_row = p->out_w * p->out_stride * p->element;
    hone__task_range(p->n * p->out_h, step->tasks, task, &begin, &end);
    for (size_t row = begin; row < end; row++) {
        size_t image = row / p->out_h, y = row % p->out_h;
        copy_row(p, in + (image * p->in_h + p->y[y].first) * in_row, out + row * out_row);
    }
}

static void blend_pixel(const float *top_left, const float *top_right, const float *low_left,
                        const float *low_right, float wy, float wx, size_t channels, float *out) {
    for (size_t c = 0; c < channels; c++) {
        float top = top_left[c] * (1 - wx) + top_right[c] * wx;
        float low = low_left[c] * (1 - wx) + low_right[c] * wx;
        out[c] = top * (1 - wy) + low * wy;
    }
}

static void run_linear(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    (void)worker;
    const resize_params *p = (const resize_params *)step->params;
    float *out = (float *)hone__run_at(run, &step->slots[0]);
    const float *in = (const float *)hone__run_at(run, &step->slots[1]);
    size_t begin, end, line = p->in_w * p->in_stride;
    hone__task_range(p->n * p->out_h, step->tasks, task, &begin, &end);
    for (size_t row = begin; row < end; row++) {
        const float *image = in + row / p->out_h * p->in_h * line;
        const hone_resize_tap *y = &p->y[row % p->out_h];
        const float *top = image + y->first * line, *low = image + y->second * line;
        for (size_t i = 0; i < p->out_w; i++) {
            size_t left = p->x[i].first * p->in_stride, right = p->x[i].second * p->in_stride;
            blend_pixel(top + left, top + right, low + left, low + right, y->weight, p->x[i].weight,
                        p->channels, out + (row * p->out_w + i) * p->out_stride);
        }
    }
}

hone_status hone__step_resize(hone_program *program, const hone_label *label, const hone_view *out,
                              const hone_view *in, bool linear, const hone_resize_tap *y,
                              const hone_resize_tap *x, hone_error *error) {
    int64_t in_stride = 0, out_stride = 0;
    hone_step *step = NULL;
    (void)hone__view_is_pixels(in, &in_stride);
    (void)hone__view_is_pixels(out, &out_stride);
    HONE_TRY(hone__program_add_step(program, label, 1, 2, sizeof(resize_params), &step, error));
    resize_params *p = (resize_params *)step->params;
    *p = (resize_params){.n = (size_t)in->dim[0],
                         .in_h = (size_t)in->dim[2],
                         .in_w = (size_t)in->dim[3],
                         .out_h = (size_t)out->dim[2],
                         .out_w = (size_t)out->dim[3],
                         .channels = (size_t)in->dim[1],
                         .element = hone_dtype_bits(program->buffers[in->buffer].dtype) / 8,
                         .in_stride = (size_t)in_stride,
                         .out_stride = (size_t)out_stride,
                         .y = y,
                         .x = x};
    step->slots[0] = *out, step->slots[1] = *in;
    step->run = linear ? run_linear : run_nearest;
    step->kernel = linear ? "resize_linear" : "resize_nearest";
    step->tasks = hone__program_tasks(program, p->n * p->out_h,
                                      (size_t)hone__view_elements(out) * p->element * 2);
    return HONE_OK;
}
