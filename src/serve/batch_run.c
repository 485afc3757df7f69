/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of many samples; see batch_run.h. */
#include "serve/batch_run.h"
#include "base/alloc.h"
#include "base/error.h"
#include "tensor/tensor.h"

#include <string.h>

static hone_status allocate(hone_batch_runs *runs, void *out, size_t count, size_t size,
                            hone_error *error) {
    void *memory = hone__calloc(runs->allocator, count, size);
    if (!memory) return hone_fail_memory(error, count * size);
    memcpy(out, &memory, sizeof memory);
    return HONE_OK;
}

static hone_status open_sessions(hone_batch_runs *runs, const hone_model *model,
                                 const hone_session_options *options, uint32_t max_batch,
                                 hone_error *error) {
    hone_session_options each = *options;
    each.allocator = runs->allocator;
    each.input_shapes = NULL;
    for (; runs->sizes < HONE_MOST_SIZES && 1u << runs->sizes <= max_batch; runs->sizes++) {
        each.batch = (int64_t)1 << runs->sizes;
        HONE_TRY(hone_session_create(model, &each, &runs->sessions[runs->sizes], error));
    }
    return HONE_OK;
}

/* A port of the session of one sample, its bytes, and that every larger session has it that many
 * times as large, along the leading dimension. */
typedef hone_status (*port_getter)(const hone_session *session, uint32_t index, hone_port *port);

static hone_status take_port(const hone_batch_runs *runs, port_getter get, uint32_t index,
                             hone_port *one, size_t *bytes, hone_error *error) {
    HONE_TRY(get(runs->sessions[0], index, one));
    bool grows = hone__shape_known(&one->shape) && one->dtype != HONE_STRING;
    if (grows) HONE_TRY(hone_tensor_bytes(one->dtype, &one->shape, bytes, error));
    for (uint32_t k = 1; grows && k < runs->sizes; k++) {
        hone_port many;
        hone_shape wanted = one->shape;
        size_t all = 0;
        HONE_TRY(get(runs->sessions[k], index, &many));
        if (wanted.rank > 0) wanted.dim[0] <<= k;
        grows = wanted.rank > 0 && hone_shape_equal(&many.shape, &wanted) &&
                hone_tensor_bytes(many.dtype, &many.shape, &all, error) == HONE_OK &&
                all == *bytes << k;
    }
    if (grows) return HONE_OK;
    return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                     "'%s' does not grow with the batch; its samples cannot be gathered",
                     one->name);
}

static hone_status take_ports(hone_batch_runs *runs, hone_error *error) {
    runs->input_count = hone_session_inputs(runs->sessions[0]);
    runs->output_count = hone_session_outputs(runs->sessions[0]);
    size_t ins = runs->input_count, outs = runs->output_count;
    HONE_TRY(allocate(runs, &runs->inputs, ins, sizeof *runs->inputs, error));
    HONE_TRY(allocate(runs, &runs->outputs, outs, sizeof *runs->outputs, error));
    HONE_TRY(allocate(runs, &runs->input_bytes, ins, sizeof *runs->input_bytes, error));
    HONE_TRY(allocate(runs, &runs->output_bytes, outs, sizeof *runs->output_bytes, error));
    HONE_TRY(allocate(runs, &runs->side_by_side, ins, sizeof *runs->side_by_side, error));
    HONE_TRY(allocate(runs, &runs->views, outs, sizeof *runs->views, error));
    for (uint32_t i = 0; i < ins; i++)
        HONE_TRY(
            take_port(runs, hone_session_input, i, &runs->inputs[i], &runs->input_bytes[i], error));
    for (uint32_t i = 0; i < outs; i++)
        HONE_TRY(take_port(runs, hone_session_output, i, &runs->outputs[i], &runs->output_bytes[i],
                           error));
    return HONE_OK;
}

static hone_status reserve_room(hone_batch_runs *runs, hone_error *error) {
    for (uint32_t i = 0; runs->sizes > 1 && i < runs->input_count; i++) {
        hone_tensor *room = &runs->side_by_side[i];
        size_t bytes = runs->input_bytes[i] << (runs->sizes - 1);
        room->data = hone__alloc_aligned(runs->allocator, bytes);
        if (!room->data) return hone_fail_memory(error, bytes);
        room->bytes = bytes;
    }
    return HONE_OK;
}

hone_status hone__batch_runs_init(hone_batch_runs *runs, const hone_model *model,
                                  const hone_session_options *options, uint32_t max_batch,
                                  hone_error *error) {
    HONE_TRY(open_sessions(runs, model, options, max_batch, error));
    HONE_TRY(take_ports(runs, error));
    return reserve_room(runs, error);
}

void hone__batch_runs_release(hone_batch_runs *runs) {
    const hone_allocator *allocator = runs->allocator;
    size_t ins = runs->input_count, outs = runs->output_count;
    for (uint32_t i = 0; runs->side_by_side && i < ins; i++)
        hone__free_aligned(allocator, runs->side_by_side[i].data, runs->side_by_side[i].bytes);
    hone__free(allocator, runs->inputs, ins * sizeof *runs->inputs);
    hone__free(allocator, runs->outputs, outs * sizeof *runs->outputs);
    hone__free(allocator, runs->input_bytes, ins * sizeof *runs->input_bytes);
    hone__free(allocator, runs->output_bytes, outs * sizeof *runs->output_bytes);
    hone__free(allocator, runs->side_by_side, ins * sizeof *runs->side_by_side);
    hone__free(allocator, runs->views, outs * sizeof *runs->views);
    for (uint32_t k = 0; k < HONE_MOST_SIZES; k++) hone_session_free(runs->sessions[k]);
    *runs = (hone_batch_runs){0};
}

static hone_status check(const char *what, const hone_port *port, size_t bytes,
                         const hone_tensor *tensor, hone_error *error) {
    char have[128], want[128];
    hone__shape_print(&tensor->shape, have, sizeof have);
    hone__shape_print(&port->shape, want, sizeof want);
    if (tensor->dtype != port->dtype || !hone_shape_equal(&tensor->shape, &port->shape))
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "%s '%s': %s%s given, %s%s planned",
                         what, port->name, hone_dtype_name(tensor->dtype), have,
                         hone_dtype_name(port->dtype), want);
    if (tensor->bytes < bytes || (bytes && !tensor->data))
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "%s '%s': %zu bytes given, %zu needed",
                         what, port->name, tensor->data ? tensor->bytes : 0, bytes);
    return HONE_OK;
}

hone_status hone__batch_check(const hone_batch_runs *runs, const hone_tensor *inputs,
                              const hone_tensor *outputs, hone_error *error) {
    for (uint32_t i = 0; i < runs->input_count; i++)
        HONE_TRY(check("input", &runs->inputs[i], runs->input_bytes[i], &inputs[i], error));
    for (uint32_t i = 0; i < runs->output_count; i++)
        HONE_TRY(check("output", &runs->outputs[i], runs->output_bytes[i], &outputs[i], error));
    return HONE_OK;
}

static void run_one(hone_batch_runs *runs, hone_sample *sample) {
    runs->runs++, runs->samples++;
    sample->status =
        hone_session_run(runs->sessions[0], sample->inputs, sample->outputs, &sample->error);
}

static void lay(hone_batch_runs *runs, hone_sample *const *samples, uint32_t count) {
    for (uint32_t i = 0; i < runs->input_count; i++) {
        hone_tensor *room = &runs->side_by_side[i];
        size_t bytes = runs->input_bytes[i];
        room->dtype = runs->inputs[i].dtype;
        room->shape = runs->inputs[i].shape;
        room->shape.dim[0] *= count;
        for (uint32_t s = 0; bytes && s < count; s++)
            memcpy((uint8_t *)room->data + s * bytes, samples[s]->inputs[i].data, bytes);
    }
}

static void hand_out(const hone_batch_runs *runs, hone_sample *const *samples, uint32_t count) {
    for (uint32_t i = 0; i < runs->output_count; i++) {
        size_t bytes = runs->output_bytes[i];
        for (uint32_t s = 0; bytes && s < count; s++)
            memcpy(samples[s]->outputs[i].data, (uint8_t *)runs->views[i].data + s * bytes, bytes);
    }
    for (uint32_t s = 0; s < count; s++) samples[s]->status = HONE_OK;
}

/* 2^k samples. */
static void run_together(hone_batch_runs *runs, hone_sample *const *samples, uint32_t k) {
    uint32_t count = 1u << k;
    lay(runs, samples, count);
    memset(runs->views, 0, runs->output_count * sizeof *runs->views);
    if (hone_session_run(runs->sessions[k], runs->side_by_side, runs->views, NULL) == HONE_OK) {
        runs->runs++, runs->samples += count;
        hand_out(runs, samples, count);
        return;
    }
    for (uint32_t s = 0; s < count; s++) run_one(runs, samples[s]);
}

void hone__batch_run(hone_batch_runs *runs, hone_sample *const *samples, uint32_t count) {
    for (uint32_t k = runs->sizes; k-- > 0;)
        for (; count >= 1u << k; samples += 1u << k, count -= 1u << k)
            if (k == 0)
                run_one(runs, samples[0]);
            else
                run_together(runs, samples, k);
}
