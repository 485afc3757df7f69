/* SPDX-License-Identifier: Apache-2.0 */
/* The lifters by family; lift.c has the table that says which version needs which. */
#ifndef HONE_FORMATS_ONNX_LIFT_H
#define HONE_FORMATS_ONNX_LIFT_H

#include "formats/onnx/onnx.h"

/* X(function): one `hone_status hone__lift_<function>(hone_onnx_draft *, hone_error *)` each. */
#define HONE_LIFTERS(X)                                                                            \
    X(axes)          /* attribute `axes` becomes input 1 */                                        \
    X(batch_outputs) /* BatchNormalization's training outputs go */                                \
    X(batch_spatial)                                                                               \
    X(clip)                                                                                        \
    X(dft)                                                                                         \
    X(dropout)                                                                                     \
    X(flatten_late) /* Softmax and its kin work on the flattened matrix */                         \
    X(grid_sample)                                                                                 \
    X(group_norm_late)                                                                             \
    X(pad)                                                                                         \
    X(refuse_scan)                                                                                 \
    X(resize_any)    /* empty tensors stand for missing inputs */                                  \
    X(resize_legacy) /* coordinates before modes existed */                                        \
    X(resize_modes)                                                                                \
    X(roi_align)                                                                                   \
    X(scatter)                                                                                     \
    X(slice)                                                                                       \
    X(split)                                                                                       \
    X(split_count)                                                                                 \
    X(topk)                                                                                        \
    X(upsample)

#define HONE_LIFTER(name) hone_status hone__lift_##name(hone_onnx_draft *draft, hone_error *error);
HONE_LIFTERS(HONE_LIFTER)
#undef HONE_LIFTER

/* Attribute that marks a node for lift_late.c; gone when reading ends. */
#define HONE_LATE "hone.late"

#endif
