/* SPDX-License-Identifier: Apache-2.0 */
/* Reading any value after a run (keep_all). Each value that the session computes has a dense place
 * reserved at creation; it is filled when it is asked for. */
#include "base/error.h"
#include "runtime/session.h"

#include <string.h>

static bool is_kept(const hone_plan *plan, const hone_value *value) {
    return plan->values[value->id].ready && value->kind != HONE_VALUE_CONSTANT;
}

hone_status hone__plan_reserve_values(hone_plan *plan, hone_error *error) {
    hone_program *program = &plan->program;
    HONE_TRY(hone__program_alloc(program, plan->graph->value_count, sizeof *plan->kept_at,
                                 (void **)&plan->kept_at, error));
    size_t total = 0;
    for (const hone_value *value = plan->graph->first_value; value; value = value->next) {
        plan->kept_at[value->id] = HONE_NOT_KEPT;
        if (!is_kept(plan, value)) continue;
        size_t bytes = 0;
        HONE_TRY(hone_tensor_bytes(value->dtype, &value->shape, &bytes, error));
        plan->kept_at[value->id] = total;
        if (!hone__add_size(total, hone__round_up(bytes, HONE_ALIGN), &total))
            return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "values are too large to keep");
    }
    if (total == 0) return HONE_OK;
    plan->kept = (uint8_t *)hone__alloc_aligned(plan->allocator, total);
    if (!plan->kept) return hone_fail_memory(error, total);
    plan->kept_size = total;
    return HONE_OK;
}

void hone__plan_keep_input(hone_plan *plan, const hone_value *value, const hone_tensor *tensor) {
    size_t bytes = 0;
    (void)hone_tensor_bytes(value->dtype, &value->shape, &bytes, NULL);
    uint8_t *copy = plan->kept + plan->kept_at[value->id];
    if (bytes) memcpy(copy, tensor->data, bytes);
    plan->base[plan->values[value->id].view.buffer] = copy;
}

/* From where and how the run left it to ONNX's layout and type. */
static void gather(const hone_plan *plan, const hone_value *value, uint8_t *out, size_t bytes) {
    const hone_lowered *state = &plan->values[value->id];
    const hone_view *from = &state->view;
    const uint8_t *base = plan->base[from->buffer];
    hone_view to = hone__view_dense(0, &value->shape);
    unsigned bits = hone_dtype_bits(value->dtype);
    if (bits % 8 != 0) { /* packed types are never strided */
        memcpy(out, base, bytes);
        return;
    }
    if (state->code == HONE_CODE_QUANT) { /* bytes at the end become floats from the start */
        uint8_t *stored = out + bytes / 4 * 3;
        hone__move_now(&plan->program.kernels, 1, &to, stored, from, base);
        for (size_t i = 0; i < bytes / 4; i++) {
            float real = (float)(stored[i] - state->params.zero) * state->params.scale;
            memcpy(out + i * sizeof real, &real, sizeof real);
        }
        return;
    }
    hone__move_now(&plan->program.kernels, bits / 8, &to, out, from, base);
    if (state->code == HONE_CODE_U8)
        for (size_t i = 0; i < bytes; i++) out[i] ^= 0x80;
}

hone_status hone_session_value(const hone_session *session, const char *name, hone_tensor *view,
                               hone_error *error) {
    const hone_plan *plan = session->flow ? hone__session_flow_find(session, name) : session->plans;
    const hone_value *value = plan ? hone_graph_find_value(plan->graph, name) : NULL;
    if (!session->planning.options.keep_all)
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET,
                         "values can be read only from a session that keeps all");
    if (!value || (value->kind != HONE_VALUE_CONSTANT && plan->kept_at[value->id] == HONE_NOT_KEPT))
        return hone_fail(error, HONE_NOT_FOUND, HONE_NO_OFFSET,
                         "the session computes no value '%s'", name);
    *view = (hone_tensor){.dtype = value->dtype, .shape = value->shape};
    HONE_TRY(hone_tensor_bytes(view->dtype, &view->shape, &view->bytes, error));
    if (value->kind == HONE_VALUE_CONSTANT) {
        view->data = (void *)(uintptr_t)value->data; /* only ever read */
        return HONE_OK;
    }
    uint8_t *out = plan->kept + plan->kept_at[value->id];
    if (value->kind == HONE_VALUE_COMPUTED && view->bytes) gather(plan, value, out, view->bytes);
    view->data = out;
    return HONE_OK;
}
