/* SPDX-License-Identifier: Apache-2.0 */
/* Upsample and Resize through the ages. */
#include "base/bytes.h"
#include "base/error.h"
#include "formats/onnx/lift.h"

#include <string.h>

#define COORDINATES "coordinate_transformation_mode"

/* Upsample 7 has its scales as an attribute, 9 as an input; both become Resize 10. */
hone_status hone__lift_upsample(hone_onnx_draft *draft, hone_error *error) {
    const hone_attr *attr = hone__draft_attr(draft, "scales");
    if (attr && attr->kind == HONE_ATTR_FLOATS) {
        hone_value *value;
        HONE_TRY(hone__draft_floats(draft, "scales", attr->as.floats, attr->count, &value, error));
        HONE_TRY(hone__draft_set_input(draft, 1, value, error));
        hone__draft_drop_attr(draft, "scales");
    }
    draft->type = "Resize";
    return HONE_OK;
}

typedef struct scale_facts {
    bool known, enlarges, shrinks;
} scale_facts;

static scale_facts look_at_scales(const hone_value *scales) {
    scale_facts facts = {0};
    if (!scales || scales->kind != HONE_VALUE_CONSTANT || scales->dtype != HONE_F32) return facts;
    facts.known = true;
    for (size_t at = 0; at + 4 <= scales->bytes; at += 4) {
        float scale;
        memcpy(&scale, (const uint8_t *)scales->data + at, 4);
        facts.enlarges |= scale > 1.0f;
        facts.shrinks |= scale < 1.0f;
    }
    return facts;
}

/* Opset 10 does not say how it rounds. ONNX Runtime, from whose time such models are, takes the
 * floor where it enlarges and the ceiling where it shrinks (upsamplebase.h, SIMPLE). */
hone_status hone__lift_resize_legacy(hone_onnx_draft *draft, hone_error *error) {
    hone_value *scales = hone__draft_has_input(draft, 1) ? draft->inputs[1] : NULL;
    scale_facts facts = look_at_scales(scales);
    bool nearest = !strcmp(hone__draft_string(draft, "mode", "nearest"), "nearest");
    if (nearest && facts.enlarges && facts.shrinks)
        return hone__wire_fail(error, HONE_UNSUPPORTED, draft->offset,
                               "enlarging one side and shrinking another by nearest neighbours is "
                               "not defined before opset 11");
    if (!strcmp(hone__draft_string(draft, "mode", ""), "bilinear"))
        HONE_TRY(hone__draft_set_string(draft, "mode", "linear", error));
    HONE_TRY(hone__draft_set_string(draft, COORDINATES, "asymmetric", error));
    if (nearest)
        HONE_TRY(
            hone__draft_set_string(draft, "nearest_mode", facts.shrinks ? "ceil" : "floor", error));
    HONE_TRY(hone__draft_set_input(draft, 2, scales, error));
    return hone__draft_set_input(draft, 1, NULL, error);
}

/* tf_half_pixel_for_nn is gone since 13: floor((x + 0.5) / s) is what half_pixel,
 * (x + 0.5) / s - 0.5, gives when rounded half up. */
hone_status hone__lift_resize_modes(hone_onnx_draft *draft, hone_error *error) {
    if (strcmp(hone__draft_string(draft, COORDINATES, ""), "tf_half_pixel_for_nn") != 0)
        return HONE_OK;
    bool floors = !strcmp(hone__draft_string(draft, "nearest_mode", ""), "floor") &&
                  !strcmp(hone__draft_string(draft, "mode", "nearest"), "nearest");
    if (!floors)
        return hone__wire_fail(error, HONE_UNSUPPORTED, draft->offset,
                               "tf_half_pixel_for_nn is supported with nearest_mode floor only");
    HONE_TRY(hone__draft_set_string(draft, COORDINATES, "half_pixel", error));
    return hone__draft_set_string(draft, "nearest_mode", "round_prefer_ceil", error);
}

/* Inputs roi and scales were required up to 12, so that writers give empty tensors, and still do.
 */
hone_status hone__lift_resize_any(hone_onnx_draft *draft, hone_error *error) {
    for (uint32_t i = 1; i < draft->input_count && i < 3; i++) {
        const hone_value *value = draft->inputs[i];
        if (value && value->kind == HONE_VALUE_CONSTANT && value->bytes == 0)
            draft->inputs[i] = NULL;
    }
    return HONE_OK;
}
