/* SPDX-License-Identifier: Apache-2.0 */
/* Stored tensors: read, compared. */
#include "base/error.h"
#include "conformance/conformance.h"
#include "ops/element.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

hone_status hone__case_read(const char *folder, const char *kind, hone_value *const *ports,
                            uint32_t port_count, hone_case_data *data, hone_error *error) {
    data->count = 0;
    data->tensors_only = true;
    for (; data->count < HONE_CASE_PORTS; data->count++) {
        char path[4096];
        struct stat facts;
        int length = snprintf(path, sizeof path, "%s/%s_%u.pb", folder, kind, data->count);
        if (length < 0 || (size_t)length >= sizeof path)
            return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "%s: the path is too long", folder);
        if (stat(path, &facts) != 0) return HONE_OK;
        hone_value_type type =
            data->count < port_count ? ports[data->count]->type : HONE_TYPE_TENSOR;
        HONE_TRY(hone__onnx_read_item(path, type, &data->list[data->count], error));
        data->tensors_only = data->tensors_only && type == HONE_TYPE_TENSOR;
    }
    return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "%s: more than %d tensors", folder,
                     HONE_CASE_PORTS);
}

void hone__case_free(hone_case_data *data) {
    for (uint32_t i = 0; i < data->count; i++) hone__tensor_list_free(&data->list[i]);
    data->count = 0;
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

hone_status hone__case_compare_item(uint32_t index, const hone_item *got,
                                    const hone_tensor_list *wanted, hone_error *error) {
    hone_item_kind kind = wanted->nothing    ? HONE_ITEM_NOTHING
                          : wanted->sequence ? HONE_ITEM_SEQUENCE
                                             : HONE_ITEM_TENSOR;
    if (got->kind != kind || (kind == HONE_ITEM_SEQUENCE && got->count != wanted->count))
        return hone_fail(error, HONE_NOT_MET, HONE_NO_OFFSET,
                         "output %u: another kind of thing, or a sequence of %u, not %u",
                         (unsigned)index, (unsigned)got->count, (unsigned)wanted->count);
    if (kind == HONE_ITEM_TENSOR)
        return hone__case_compare(index, &got->tensor, &wanted->tensors[0], error);
    for (uint32_t i = 0; kind == HONE_ITEM_SEQUENCE && i < wanted->count; i++)
        HONE_TRY(hone__case_compare(index, &got->list[i]->tensor, &wanted->tensors[i], error));
    return HONE_OK;
}
