/* SPDX-License-Identifier: Apache-2.0 */
/* x.npy and y.npy: samples along the first dimension, used from the mapping. Whole numbers in y are
 * classes, real ones are regression targets; without y there are samples only. */
#include "data/source.h"

#include "base/bytes.h"
#include "base/error.h"
#include "data/npy.h"
#include "data/values.h"
#include "tensor/tensor.h"
#include <string.h>

static hone_status map_array(const char *path, hone_mapping *mapping, hone_tensor *view,
                             hone_error *error) {
    hone_status status = hone__file_map(path, mapping, error);
    if (status != HONE_OK) return status;
    status = hone__npy_parse(mapping->data, mapping->size, view, error);
    if (status == HONE_OK && (view->shape.rank < 1 || view->shape.dim[0] == 0))
        status = hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET, "npy: no samples");
    if (status != HONE_OK) (void)hone_error_prefix(error, "%s", path);
    return status;
}

static hone_status check_labels(hone_source *s, const char *path, hone_error *error) {
    int64_t elements = 0;
    HONE_TRY(hone_shape_elements(&s->y.shape, &elements, error));
    if (elements != s->x.shape.dim[0])
        return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET,
                         "%s: %lld values for %lld samples; one a sample is wanted", path,
                         (long long)elements, (long long)s->x.shape.dim[0]);
    if (!hone__value_readable(s->y.dtype))
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET, "%s: labels of type %s", path,
                         hone_dtype_name(s->y.dtype));
    for (size_t i = 0; hone__dtype_is_integer(s->y.dtype) && i < s->count; i++) {
        int64_t index = (int64_t)hone__value_at(&s->y, i);
        if (index < 0 || index >= HONE_DATA_MAX_CLASSES)
            return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET, "%s: label %lld of sample %zu",
                             path, (long long)index, i);
        if (index >= s->class_count) HONE_TRY(hone__source_add_class(s, index, NULL, error));
    }
    return HONE_OK;
}

hone_status hone__open_npy(hone_source *source, const char *x_path, const char *y_path,
                           hone_error *error) {
    source->form = HONE_FORM_NPY;
    HONE_TRY(map_array(x_path, &source->x_map, &source->x, error));
    source->count = (size_t)source->x.shape.dim[0];
    if (!y_path) return HONE_OK;
    HONE_TRY(map_array(y_path, &source->y_map, &source->y, error));
    return check_labels(source, y_path, error);
}
