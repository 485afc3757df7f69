/* SPDX-License-Identifier: Apache-2.0 */
/* Which operator of which version differs from HONE_IR_OPSET, and who lifts it.
 *
 * A row says: nodes of `op` from an opset older than `below` go through `lift`. Rows of one
 * operator stand in the order of versions, since each brings a node one step up. Version changes
 * that only admit more types or rewrite the prose need no row. Source: the change logs of
 * onnx.defs (Changelog.md of onnx 1.20). */
#include "formats/onnx/lift.h"

#include "base/error.h"
#include <string.h>

#define ANY INT64_MAX

typedef struct lift_row {
    const char *op;
    int64_t below;
    hone_onnx_lift lift;
} lift_row;

static const lift_row rows[] = {
    {"BatchNormalization", 9, hone__lift_batch_spatial},
    {"BatchNormalization", 14, hone__lift_batch_outputs},
    {"Clip", 11, hone__lift_clip},
    {"DFT", 20, hone__lift_dft},
    {"Dropout", 12, hone__lift_dropout},
    {"GridSample", 20, hone__lift_grid_sample},
    {"GroupNormalization", 21, hone__lift_group_norm_late},
    {"Hardmax", 13, hone__lift_flatten_late},
    {"LogSoftmax", 13, hone__lift_flatten_late},
    {"Pad", 11, hone__lift_pad},
    {"ReduceL1", 18, hone__lift_axes},
    {"ReduceL2", 18, hone__lift_axes},
    {"ReduceLogSum", 18, hone__lift_axes},
    {"ReduceLogSumExp", 18, hone__lift_axes},
    {"ReduceMax", 18, hone__lift_axes},
    {"ReduceMean", 18, hone__lift_axes},
    {"ReduceMin", 18, hone__lift_axes},
    {"ReduceProd", 18, hone__lift_axes},
    {"ReduceSum", 13, hone__lift_axes},
    {"ReduceSumSquare", 18, hone__lift_axes},
    {"Upsample", 10, hone__lift_upsample}, /* before Resize, which it becomes */
    {"Resize", 11, hone__lift_resize_legacy},
    {"Resize", 13, hone__lift_resize_modes},
    {"Resize", ANY, hone__lift_resize_any},
    {"RoiAlign", 16, hone__lift_roi_align},
    {"Scan", 9, hone__lift_refuse_scan},
    {"Scatter", 11, hone__lift_scatter},
    {"Slice", 10, hone__lift_slice},
    {"Softmax", 13, hone__lift_flatten_late},
    {"Split", 13, hone__lift_split},
    {"Split", 18, hone__lift_split_count},
    {"Squeeze", 13, hone__lift_axes},
    {"TopK", 10, hone__lift_topk},
    {"Unsqueeze", 13, hone__lift_axes},
};

hone_status hone__onnx_lift(hone_onnx_draft *draft, hone_error *error) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (draft->version < rows[i].below && !strcmp(draft->type, rows[i].op))
            HONE_TRY(rows[i].lift(draft, error));
    return HONE_OK;
}
