/* SPDX-License-Identifier: Apache-2.0 */
/* See timing.h. */
#include "timing.h"

#include <stdio.h>
#include <string.h>

/* xorshift64 (Marsaglia 2003): timing wants plausible numbers, not good ones. */
static uint64_t next(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Floats in [-1, 1); small whole numbers for other types, which may be indices. */
static void fill(hone_tensor *tensor, uint64_t *state) {
    unsigned size = hone_dtype_bits(tensor->dtype) / 8;
    for (size_t at = 0; size && at + size <= tensor->bytes; at += size) {
        float real = (float)(next(state) >> 40) * 0x1p-23f - 1;
        uint8_t byte = (uint8_t)(next(state) % 100);
        if (tensor->dtype == HONE_F32)
            memcpy((uint8_t *)tensor->data + at, &real, sizeof real);
        else if (hone_dtype_bits(tensor->dtype) == 8)
            memcpy((uint8_t *)tensor->data + at, &byte, 1);
    }
    if (tensor->dtype == HONE_BOOL)
        for (size_t i = 0; i < tensor->bytes; i++) ((uint8_t *)tensor->data)[i] &= 1;
}

static hone_status make_inputs(cli *c, cli_timed *timed) {
    uint64_t state = c->seed * 2 + 0x9e3779b97f4a7c15u;
    uint32_t count = hone_session_inputs(timed->session);
    if (count > CLI_MOST_PORTS) {
        snprintf(c->error.message, sizeof c->error.message, "the model has %u inputs; at most %d",
                 count, CLI_MOST_PORTS);
        return HONE_LIMIT;
    }
    for (; timed->input_count < count; timed->input_count++) {
        hone_port port;
        hone_tensor *tensor = &timed->inputs[timed->input_count];
        hone_status status = hone_session_input(timed->session, timed->input_count, &port);
        if (status == HONE_OK) status = hone_tensor_new(port.dtype, &port.shape, tensor, &c->error);
        if (status != HONE_OK) return status;
        fill(tensor, &state);
    }
    return HONE_OK;
}

hone_status cli_timed_run(cli *c, cli_timed *timed, double *ms) {
    hone_tensor outputs[CLI_MOST_PORTS] = {{0}};
    double start = cli_now_ms();
    hone_status status = hone_session_run(timed->session, timed->inputs, outputs, &c->error);
    *ms = cli_now_ms() - start;
    return status;
}

hone_status cli_timed_open(cli *c, const char *path, int64_t batch, bool profile,
                           cli_timed *timed) {
    *timed = (cli_timed){.base_bytes = cli_peak_memory()};
    double start = cli_now_ms();
    hone_session_options options = cli_session_options(c);
    options.batch = batch;
    options.profile = profile;
    hone_status status = cli_load_to_run(c, path, &timed->model);
    if (status == HONE_OK)
        status = hone_session_create(timed->model, &options, &timed->session, &c->error);
    timed->load_ms = cli_now_ms() - start;
    if (status == HONE_OK && hone_session_outputs(timed->session) > CLI_MOST_PORTS) {
        snprintf(c->error.message, sizeof c->error.message, "over %d outputs", CLI_MOST_PORTS);
        status = HONE_LIMIT;
    }
    if (status == HONE_OK) status = make_inputs(c, timed);
    if (status == HONE_OK) status = cli_timed_run(c, timed, &timed->first_ms);
    return status;
}

void cli_timed_close(cli_timed *timed) {
    for (uint32_t i = 0; i < timed->input_count; i++) hone_tensor_free(&timed->inputs[i]);
    hone_session_free(timed->session);
    hone_model_free(timed->model);
    *timed = (cli_timed){0};
}
