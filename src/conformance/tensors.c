/* SPDX-License-Identifier: Apache-2.0 */
/* Stored tensors: read, bound as constants, compared. */
#include "base/error.h"
#include "conformance/conformance.h"
#include "ops/element.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define BOUND_ELEMENTS 64

hone_status hone__case_read(const char *folder, const char *kind, hone_case_tensors *tensors,
                            hone_error *error) {
    tensors->count = 0;
    for (; tensors->count < HONE_CASE_PORTS; tensors->count++) {
        char path[4096];
        struct stat facts;
        int length = snprintf(path, sizeof path, "%s/%s_%u.pb", folder, kind, tensors->count);
        if (length < 0 || (size_t)length >= sizeof path)
            return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "%s: the path is too long", folder);
        if (stat(path, &facts) != 0) return HONE_OK;
        HONE_TRY(hone_tensor_read_pb(path, &tensors->list[tensors->count], error));
    }
    return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "%s: more than %d tensors", folder,
                     HONE_CASE_PORTS);
}

void hone__case_free(hone_case_tensors *tensors) {
    for (uint32_t i = 0; i < tensors->count; i++) hone_tensor_free(&tensors->list[i]);
    tensors->count = 0;
}

static bool read_by_shaper(const hone_graph *graph, const hone_value *value) {
    for (const hone_node *node = graph->first_node; node; node = node->next)
        for (uint32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i] == value &&
                (node->op == HONE_OP_Resize || node->op == HONE_OP_Range ||
                 node->op == HONE_OP_OneHot))
                return true;
    return false;
}

static bool decides_shapes(const hone_graph *graph, const hone_value *value,
                           const hone_tensor *tensor) {
    int64_t count;
    hone__kind kind = hone__kind_of(tensor->dtype);
    if (hone_shape_elements(&tensor->shape, &count, NULL) != HONE_OK) return false;
    if (tensor->shape.rank > 1 || count > BOUND_ELEMENTS) return false;
    return kind == HONE__SIGNED || kind == HONE__UNSIGNED || read_by_shaper(graph, value);
}

static hone_status make_constant(hone_graph *graph, hone_value *value, const hone_tensor *tensor,
                                 hone_error *error) {
    void *memory = NULL;
    size_t bytes;
    HONE_TRY(hone_tensor_bytes(tensor->dtype, &tensor->shape, &bytes, error));
    HONE_TRY(hone_graph_memory(graph, bytes > 0 ? bytes : 1, &memory, error));
    if (bytes > 0) memcpy(memory, tensor->data, bytes);
    value->kind = HONE_VALUE_CONSTANT;
    value->dtype = tensor->dtype;
    value->shape = tensor->shape;
    value->data = memory;
    value->bytes = bytes;
    return HONE_OK;
}

hone_status hone__case_bind(hone_graph *graph, hone_case_tensors *inputs, uint32_t *bound,
                            hone_error *error) {
    uint32_t kept = 0, count = graph->input_count;
    hone_status status = HONE_OK;
    for (uint32_t i = 0; i < count; i++) {
        hone_tensor tensor = inputs->list[i];
        if (status == HONE_OK && decides_shapes(graph, graph->inputs[i], &tensor)) {
            status = make_constant(graph, graph->inputs[i], &tensor, error);
            hone_tensor_free(&tensor);
            ++*bound;
            continue;
        }
        graph->inputs[kept] = graph->inputs[i];
        inputs->list[kept++] = tensor;
    }
    graph->input_count = inputs->count = kept;
    return status;
}

static bool close_enough(double got, double wanted) {
    if (isnan(wanted)) return isnan(got);
    if (isinf(wanted) || !isfinite(got)) return got == wanted;
    return fabs(got - wanted) <= 1e-7 + 1e-3 * fabs(wanted);
}

static hone_status differ(uint32_t index, int64_t at, double got, double wanted,
                          hone_error *error) {
    return hone_fail(error, HONE_NOT_MET, HONE_NO_OFFSET,
                     "output %u: element %lld is %.9g, not %.9g", (unsigned)index, (long long)at,
                     got, wanted);
}

static hone_status compare_elements(uint32_t index, const hone_tensor *got,
                                    const hone_tensor *wanted, int64_t count, hone_error *error) {
    bool real = hone__kind_of(got->dtype) == HONE__REAL;
    for (int64_t i = 0; i < count; i++) {
        double a = hone__real_at(got->dtype, got->data, i);
        double b = hone__real_at(wanted->dtype, wanted->data, i);
        bool same = real ? close_enough(a, b)
                         : hone__int_at(got->dtype, got->data, i) ==
                               hone__int_at(wanted->dtype, wanted->data, i);
        if (!same) return differ(index, i, a, b, error);
    }
    return HONE_OK;
}

hone_status hone__case_compare(uint32_t index, const hone_tensor *got, const hone_tensor *wanted,
                               hone_error *error) {
    char have[128], want[128];
    int64_t count;
    if (got->dtype != wanted->dtype)
        return hone_fail(error, HONE_NOT_MET, HONE_NO_OFFSET, "output %u: type %s, not %s",
                         (unsigned)index, hone_dtype_name(got->dtype),
                         hone_dtype_name(wanted->dtype));
    if (!hone_shape_equal(&got->shape, &wanted->shape)) {
        hone__shape_print(&got->shape, have, sizeof have);
        hone__shape_print(&wanted->shape, want, sizeof want);
        return hone_fail(error, HONE_NOT_MET, HONE_NO_OFFSET, "output %u: shape %s, not %s",
                         (unsigned)index, have, want);
    }
    if (hone__kind_of(got->dtype) == HONE__NOT_A_NUMBER)
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET, "output %u: type %s",
                         (unsigned)index, hone_dtype_name(got->dtype));
    HONE_TRY(hone_shape_elements(&got->shape, &count, error));
    return compare_elements(index, got, wanted, count, error);
}
