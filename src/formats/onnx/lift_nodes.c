/* SPDX-License-Identifier: Apache-2.0 */
/* Lifters that move attributes to inputs, rename, or drop what is gone. */
#include "base/error.h"
#include "formats/onnx/lift.h"

#include <string.h>

/* An attribute of integers becomes constant input `index`; nothing happens where it is absent. */
static hone_status ints_to_input(hone_onnx_draft *draft, const char *name, uint32_t index,
                                 hone_error *error) {
    const hone_attr *attr = hone__draft_attr(draft, name);
    if (!attr) return HONE_OK;
    if (attr->kind != HONE_ATTR_INTS || hone__draft_has_input(draft, index))
        return hone__wire_fail(error, HONE_FORMAT, draft->offset,
                               "attribute '%s' must be a list of integers", name);
    hone_value *value;
    HONE_TRY(hone__draft_ints(draft, name, attr->as.ints, attr->count, &value, error));
    HONE_TRY(hone__draft_set_input(draft, index, value, error));
    hone__draft_drop_attr(draft, name);
    return HONE_OK;
}

hone_status hone__lift_axes(hone_onnx_draft *draft, hone_error *error) {
    return ints_to_input(draft, "axes", 1, error);
}

hone_status hone__lift_slice(hone_onnx_draft *draft, hone_error *error) {
    HONE_TRY(ints_to_input(draft, "starts", 1, error));
    HONE_TRY(ints_to_input(draft, "ends", 2, error));
    return ints_to_input(draft, "axes", 3, error);
}

hone_status hone__lift_split(hone_onnx_draft *draft, hone_error *error) {
    return ints_to_input(draft, "split", 1, error);
}

hone_status hone__lift_split_count(hone_onnx_draft *draft, hone_error *error) {
    if (hone__draft_has_input(draft, 1)) return HONE_OK;
    return hone__draft_set_int(draft, "num_outputs", draft->output_count, error);
}

hone_status hone__lift_topk(hone_onnx_draft *draft, hone_error *error) {
    int64_t k = hone__draft_int(draft, "k", -1);
    if (k < 0)
        return hone__wire_fail(error, HONE_FORMAT, draft->offset, "attribute 'k' is missing");
    hone_value *value;
    HONE_TRY(hone__draft_ints(draft, "k", &k, 1, &value, error));
    hone__draft_drop_attr(draft, "k");
    return hone__draft_set_input(draft, 1, value, error);
}

/* A float attribute becomes a scalar input of the type of input 0. */
static hone_status float_to_input(hone_onnx_draft *draft, const char *name, uint32_t index,
                                  hone_error *error) {
    const hone_attr *attr = hone__draft_attr(draft, name);
    if (!attr) return HONE_OK;
    if (attr->kind != HONE_ATTR_FLOAT || !hone__draft_has_input(draft, 0))
        return hone__wire_fail(error, HONE_FORMAT, draft->offset, "attribute '%s' must be a float",
                               name);
    hone_value *value;
    HONE_TRY(hone__draft_scalar(draft, name, attr->as.f, draft->inputs[0], &value, error));
    hone__draft_drop_attr(draft, name);
    return hone__draft_set_input(draft, index, value, error);
}

hone_status hone__lift_clip(hone_onnx_draft *draft, hone_error *error) {
    HONE_TRY(float_to_input(draft, "min", 1, error));
    return float_to_input(draft, "max", 2, error);
}

hone_status hone__lift_pad(hone_onnx_draft *draft, hone_error *error) {
    HONE_TRY(ints_to_input(draft, "pads", 1, error));
    return float_to_input(draft, "value", 2, error);
}

hone_status hone__lift_dropout(hone_onnx_draft *draft, hone_error *error) {
    return float_to_input(draft, "ratio", 1, error);
}

hone_status hone__lift_batch_spatial(hone_onnx_draft *draft, hone_error *error) {
    if (hone__draft_int(draft, "spatial", 1) != 1)
        return hone__wire_fail(error, HONE_UNSUPPORTED, draft->offset,
                               "spatial = 0 (statistics per element) is not supported");
    hone__draft_drop_attr(draft, "spatial");
    return HONE_OK;
}

/* Up to opset 13 outputs 1 to 4 were those of training; a model for inference leaves them unused.
 */
hone_status hone__lift_batch_outputs(hone_onnx_draft *draft, hone_error *error) {
    if (draft->output_count > 1) draft->output_count = 1;
    return HONE_OK;
}

hone_status hone__lift_scatter(hone_onnx_draft *draft, hone_error *error) {
    draft->type = "ScatterElements";
    return HONE_OK;
}

hone_status hone__lift_refuse_scan(hone_onnx_draft *draft, hone_error *error) {
    return hone__wire_fail(error, HONE_UNSUPPORTED, draft->offset,
                           "Scan of opset 8 has a batch dimension that later ones lack; convert "
                           "the model to opset 9");
}

hone_status hone__lift_grid_sample(hone_onnx_draft *draft, hone_error *error) {
    const char *mode = hone__draft_string(draft, "mode", "bilinear");
    if (!strcmp(mode, "bilinear")) return hone__draft_set_string(draft, "mode", "linear", error);
    if (!strcmp(mode, "bicubic")) return hone__draft_set_string(draft, "mode", "cubic", error);
    return HONE_OK;
}

/* The axis became input 2, and its default moved from 1 to -2. */
hone_status hone__lift_dft(hone_onnx_draft *draft, hone_error *error) {
    int64_t axis = hone__draft_int(draft, "axis", 1);
    const char *name;
    hone_value *value;
    hone_shape scalar = {0};
    HONE_TRY(
        hone__onnx_fresh(draft->graph, *draft->name ? draft->name : "DFT", "axis", &name, error));
    HONE_TRY(hone_graph_copy_constant(draft->graph, name, HONE_S64, &scalar, &axis, sizeof axis,
                                      NULL, &value, error));
    hone__draft_drop_attr(draft, "axis");
    return hone__draft_set_input(draft, 2, value, error);
}

hone_status hone__lift_roi_align(hone_onnx_draft *draft, hone_error *error) {
    return hone__draft_set_string(draft, "coordinate_transformation_mode", "output_half_pixel",
                                  error);
}

hone_status hone__lift_flatten_late(hone_onnx_draft *draft, hone_error *error) {
    int64_t axis = hone__draft_int(draft, "axis", 1);
    HONE_TRY(hone__draft_set_int(draft, "axis", axis, error));
    if (axis == -1) return HONE_OK; /* the flattened matrix has the last dimension as its row */
    draft->reader->late = true;
    return hone__draft_set_int(draft, HONE_LATE, 1, error);
}

hone_status hone__lift_group_norm_late(hone_onnx_draft *draft, hone_error *error) {
    draft->reader->late = true;
    return hone__draft_set_int(draft, HONE_LATE, 1, error);
}
