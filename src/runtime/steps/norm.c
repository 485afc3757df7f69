/* SPDX-License-Identifier: Apache-2.0 */
/* Layer and RMS normalization of rows; instance and group normalization of dense tensors or of
 * pixels. A task of the latter is one group of one image, or so many groups of pixels that their
 * channels fill a few vectors. */
#include "base/error.h"
#include "runtime/steps/steps.h"

#include <math.h>

/* Layer normalization */

static void run_rows(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    (void)worker;
    hone_norm_args args = *(const hone_norm_args *)step->params;
    size_t begin, end;
    hone__task_range(args.rows, step->tasks, task, &begin, &end);
    args.rows = end - begin;
    args.input = (const float *)hone__run_at(run, &step->slots[1]) + begin * args.input_stride;
    args.output = (float *)hone__run_at(run, &step->slots[0]) + begin * args.output_stride;
    args.scale = (const float *)hone__run_at(run, &step->slots[2]);
    if (step->slot_count > 3) args.bias = (const float *)hone__run_at(run, &step->slots[3]);
    run->program->kernels.norm.rows(&args);
}

hone_status hone__step_layer_norm(hone_program *program, const hone_label *label,
                                  const hone_norm_call *call, hone_error *error) {
    hone_step *step = NULL;
    uint32_t slots = call->bias ? 4 : 3;
    size_t all = (size_t)hone__view_elements(call->in), cols = (size_t)call->run;
    HONE_TRY(
        hone__program_add_step(program, label, 1, slots, sizeof(hone_norm_args), &step, error));
    *(hone_norm_args *)step->params = (hone_norm_args){.rows = all / cols,
                                                       .cols = cols,
                                                       .input_stride = cols,
                                                       .output_stride = cols,
                                                       .epsilon = call->epsilon,
                                                       .center = call->center};
    step->slots[0] = *call->out, step->slots[1] = *call->in, step->slots[2] = *call->scale;
    if (call->bias) step->slots[3] = *call->bias;
    step->in_place = 1;
    step->run = run_rows;
    step->kernel = program->kernels.norm.name;
    step->tasks = hone__program_tasks(program, all / cols, all * 4 * sizeof(float));
    return HONE_OK;
}

/* Group normalization */

enum { CHANNELS = 16 }; /* of a task over pixels, at least, where there are as many */

typedef struct group_params {
    bool pixels;
    size_t images, channels, area, group; /* group: channels of one */
    size_t block;                         /* channels of a task */
    size_t in_stride, out_stride;         /* of pixels */
    float epsilon;
} group_params;

/* The moments of a group from those of its channels, which have equally many elements. */
static void merge_moments(const float *mean, const float *variance, size_t count, float *all_mean,
                          float *all_variance) {
    double sum = 0, squares = 0;
    for (size_t c = 0; c < count; c++) sum += (double)mean[c];
    sum /= (double)count;
    for (size_t c = 0; c < count; c++) {
        double apart = (double)mean[c] - sum;
        squares += (double)variance[c] + apart * apart;
    }
    *all_mean = (float)sum, *all_variance = (float)(squares / (double)count);
}

/* factor and offset of a channel. */
static void set_channel(float mean, float variance, float epsilon, float scale, float bias,
                        float *factor, float *offset) {
    double f = (double)scale / sqrt((double)variance + (double)epsilon);
    *factor = (float)f;
    *offset = (float)((double)bias - (double)mean * f);
}

/* Channels [first, first + count) of an image; scratch: four numbers a channel. */
static void normalize_pixels(const group_params *p, const hone_norm_table *kernels, const float *in,
                             float *out, const float *scale, const float *bias, size_t count,
                             float *scratch) {
    float *mean = scratch, *variance = mean + count, *factor = variance + count;
    float *offset = factor + count;
    kernels->moments(&(hone_moments_args){.rows = p->area,
                                          .cols = count,
                                          .input = in,
                                          .input_stride = p->in_stride,
                                          .mean = mean,
                                          .variance = variance});
    for (size_t g = 0; g < count; g += p->group) {
        float m = mean[g], v = variance[g];
        if (p->group > 1) merge_moments(mean + g, variance + g, p->group, &m, &v);
        for (size_t c = g; c < g + p->group; c++)
            set_channel(m, v, p->epsilon, scale[c], bias[c], &factor[c], &offset[c]);
    }
    kernels->rescale(&(hone_rescale_args){.rows = p->area,
                                          .cols = count,
                                          .input = in,
                                          .input_stride = p->in_stride,
                                          .output = out,
                                          .output_stride = p->out_stride,
                                          .factor = factor,
                                          .offset = offset});
}

/* One group, channel by channel of `area` elements. */
static void normalize_dense(const group_params *p, const hone_norm_table *kernels, const float *in,
                            float *out, const float *scale, const float *bias) {
    float mean, variance, factor, offset;
    size_t run = p->group * p->area;
    kernels->row_moments(&(hone_moments_args){.rows = 1,
                                              .cols = run,
                                              .input = in,
                                              .input_stride = run,
                                              .mean = &mean,
                                              .variance = &variance});
    for (size_t c = 0; c < p->group; c++) {
        set_channel(mean, variance, p->epsilon, scale[c], bias[c], &factor, &offset);
        kernels->rescale(&(hone_rescale_args){.rows = 1,
                                              .cols = p->area,
                                              .input = in + c * p->area,
                                              .output = out + c * p->area,
                                              .factor = &factor,
                                              .offset = &offset,
                                              .scalar = true});
    }
}

static void run_groups(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    const group_params *p = (const group_params *)step->params;
    const hone_norm_table *kernels = &run->program->kernels.norm;
    float *out = (float *)hone__run_at(run, &step->slots[0]);
    const float *in = (const float *)hone__run_at(run, &step->slots[1]);
    const float *scale = (const float *)hone__run_at(run, &step->slots[2]);
    const float *bias = (const float *)hone__run_at(run, &step->slots[3]);
    size_t blocks = (p->channels + p->block - 1) / p->block;
    size_t image = task / blocks, first = task % blocks * p->block;
    size_t count = p->channels - first < p->block ? p->channels - first : p->block;
    if (p->pixels) {
        size_t pixel = image * p->area;
        normalize_pixels(p, kernels, in + pixel * p->in_stride + first,
                         out + pixel * p->out_stride + first, scale + first, bias + first, count,
                         (float *)hone__run_scratch(run, step, worker));
    } else {
        size_t at = (image * p->channels + first) * p->area;
        normalize_dense(p, kernels, in + at, out + at, scale + first, bias + first);
    }
}

hone_status hone__step_group_norm(hone_program *program, const hone_label *label,
                                  const hone_norm_call *call, hone_error *error) {
    hone_step *step = NULL;
    int64_t in_stride = 0, out_stride = 0;
    group_params p = {.images = (size_t)call->in->dim[0],
                      .channels = (size_t)call->in->dim[1],
                      .group = (size_t)call->run,
                      .epsilon = call->epsilon};
    p.area = (size_t)hone__view_elements(call->in) / (p.images * p.channels);
    p.pixels = !hone__view_is_dense(call->in) || !hone__view_is_dense(call->out);
    p.block = p.group;
    if (p.pixels) {
        (void)hone__view_is_pixels(call->in, &in_stride);
        (void)hone__view_is_pixels(call->out, &out_stride);
        p.block = (CHANNELS + p.group - 1) / p.group * p.group;
    }
    p.in_stride = (size_t)in_stride, p.out_stride = (size_t)out_stride;
    HONE_TRY(hone__program_add_step(program, label, 1, 4, sizeof p, &step, error));
    *(group_params *)step->params = p;
    step->slots[0] = *call->out, step->slots[1] = *call->in;
    step->slots[2] = *call->scale, step->slots[3] = *call->bias;
    step->in_place = 1;
    step->run = run_groups;
    step->kernel = program->kernels.norm.name;
    step->tasks = (uint32_t)(p.images * ((p.channels + p.block - 1) / p.block));
    step->scratch_bytes = p.pixels ? 4 * p.block * sizeof(float) : 0;
    return HONE_OK;
}
