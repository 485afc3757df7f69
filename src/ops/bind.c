/* SPDX-License-Identifier: Apache-2.0 */
/* From an operator to its family, and what families share. */
#include "ops/family.h"

#include <stdarg.h>
#include <stdio.h>

const hone_op_family hone__family_none = {NULL, HONE__TAKES_ANY, NULL, NULL};
const hone_op_family hone__family_flow = {NULL, HONE__TAKES_ANY, NULL, NULL};

static const hone_op_family *const families[HONE_OP_COUNT] = {
    [HONE_OP_FOREIGN] = &hone__family_none,
#define HONE_OP(name, in0, in1, out0, out1, shape, run, ...) [HONE_OP_##name] = &hone__family_##run,
#include "graph/ops.def"
#undef HONE_OP
};

static hone_status fail_node(const hone_node *node, hone_status status, hone_error *error,
                             const char *format, va_list arguments) {
    char text[HONE_ERROR_TEXT / 2];
    vsnprintf(text, sizeof text, format, arguments);
    const char *op =
        node->op == HONE_OP_FOREIGN && node->foreign ? node->foreign : hone_op_get(node->op)->name;
    return hone_fail(error, status, HONE_NO_OFFSET, "node '%s' (%s): %s", node->name, op, text);
}

hone_status hone__unsupported(const hone_node *node, hone_error *error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    hone_status status = fail_node(node, HONE_UNSUPPORTED, error, format, arguments);
    va_end(arguments);
    return status;
}

hone_status hone__mismatch(const hone_node *node, hone_error *error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    hone_status status = fail_node(node, HONE_SHAPE, error, format, arguments);
    va_end(arguments);
    return status;
}

static bool takes(hone__types types, hone_dtype dtype) {
    hone__kind kind = hone__kind_of(dtype);
    switch (types) {
    case HONE__TAKES_BYTES:
        return hone__element_bytes(dtype) > 0;
    case HONE__TAKES_NUMBER:
        return kind != HONE__NOT_A_NUMBER;
    case HONE__TAKES_REAL:
        return kind == HONE__REAL;
    case HONE__TAKES_INTEGER:
        return kind == HONE__SIGNED || kind == HONE__UNSIGNED;
    default:
        return true;
    }
}

hone_status hone__check_input(const hone_node *node, uint32_t index, hone__types types,
                              hone_error *error) {
    if (index >= node->input_count || !node->inputs[index]) return HONE_OK;
    hone_dtype dtype = node->inputs[index]->dtype;
    if (takes(types, dtype)) return HONE_OK;
    return hone__unsupported(node, error, "input %u of type %s is not supported", (unsigned)index,
                             hone_dtype_name(dtype));
}

static hone_status check_complete(const hone_node *node, hone_error *error) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] && node->inputs[i]->dtype == HONE_DTYPE_NONE)
            return hone__unsupported(node, error, "the type of input %u is not known", (unsigned)i);
    const hone_op_info *info = hone_op_get(node->op);
    for (uint32_t i = 0; i < info->min_inputs; i++)
        if (i >= node->input_count || !node->inputs[i])
            return hone__unsupported(node, error, "input %u is missing", (unsigned)i);
    if (info->min_outputs == 1 && (node->output_count == 0 || !node->outputs[0]))
        return hone__unsupported(node, error, "its first output is missing");
    for (uint32_t i = 0; i < node->output_count; i++)
        if (node->outputs[i] && node->outputs[i]->dtype == HONE_DTYPE_NONE)
            return hone__unsupported(node, error, "the type of output %u is not known",
                                     (unsigned)i);
    return HONE_OK;
}

bool hone__op_is_run(hone_op op) {
    return families[op]->run != NULL;
}

hone_status hone__op_bind(const hone_node *node, hone_op_run *run, hone_error *error) {
    const hone_op_family *family = families[node->op];
    if (!family->run) return hone__unsupported(node, error, "this operator is not run yet");
    HONE_TRY(check_complete(node, error));
    HONE_TRY(hone__check_input(node, 0, family->takes, error));
    if (family->check) HONE_TRY(family->check(node, error));
    *run = family->run;
    return HONE_OK;
}

size_t hone__op_scratch(const hone_node *node) {
    const hone_op_family *family = families[node->op];
    return family->scratch ? family->scratch(node) : 0;
}

const hone_tensor *hone__input(const hone_op_call *call, uint32_t index) {
    if (index >= call->node->input_count) return NULL;
    return call->inputs[index].dtype == HONE_DTYPE_NONE ? NULL : &call->inputs[index];
}

hone_tensor *hone__output(const hone_op_call *call, uint32_t index) {
    if (index >= call->node->output_count) return NULL;
    return call->outputs[index].dtype == HONE_DTYPE_NONE ? NULL : &call->outputs[index];
}

hone_status hone__axis(const hone_node *node, int64_t axis, int32_t rank, int32_t *out,
                       hone_error *error) {
    if (axis < -rank || axis >= rank)
        return hone__mismatch(node, error, "axis %lld is outside of %d dimensions", (long long)axis,
                              (int)rank);
    *out = (int32_t)(axis < 0 ? axis + rank : axis);
    return HONE_OK;
}

hone_status hone__axis_attribute(const hone_node *node, const char *name, int64_t otherwise,
                                 int32_t rank, int32_t *out, hone_error *error) {
    return hone__axis(node, hone_node_int(node, name, otherwise), rank, out, error);
}

hone_status hone__axes(const hone_op_call *call, uint32_t index, const char *name, int32_t rank,
                       uint32_t *mask, bool *given, hone_error *error) {
    const hone_tensor *list = hone__input(call, index);
    const int64_t *ints = NULL;
    int64_t count = list ? hone__elements(&list->shape) : 0;
    if (!list && name) count = hone_node_ints(call->node, name, &ints);
    *mask = 0;
    *given = count > 0;
    for (int64_t i = 0; i < count; i++) {
        int32_t axis;
        int64_t value = list ? hone__int_at(list->dtype, list->data, i) : ints[i];
        HONE_TRY(hone__axis(call->node, value, rank, &axis, error));
        *mask |= 1u << axis;
    }
    return HONE_OK;
}

void hone__copy_element(const hone_tensor *from, int64_t from_index, hone_tensor *to,
                        int64_t to_index) {
    size_t bytes = hone__element_bytes(from->dtype);
    memcpy((uint8_t *)to->data + (size_t)to_index * bytes,
           (const uint8_t *)from->data + (size_t)from_index * bytes, bytes);
}
