/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that builtins.def names, by file. */
#ifndef HONE_FORMATS_TFLITE_OPS_H
#define HONE_FORMATS_TFLITE_OPS_H

#include "formats/tflite/tflite.h"

/* X(function): one `hone_status hone__tfl_op_<function>(hone_tfl_op *, hone_error *)` each. */
#define HONE_TFL_FUNCTIONS(X)                                                                      \
    /* ops_conv.c */                                                                               \
    X(conv)                                                                                        \
    X(depthwise)                                                                                   \
    X(transpose_conv)                                                                              \
    X(pool)                                                                                        \
    /* ops_matmul.c */                                                                             \
    X(fully_connected)                                                                             \
    X(batch_matmul)                                                                                \
    /* ops_element.c */                                                                            \
    X(unary)                                                                                       \
    X(relu_n)                                                                                      \
    X(relu_01)                                                                                     \
    X(relu_6)                                                                                      \
    X(leaky_relu)                                                                                  \
    X(gelu)                                                                                        \
    X(rsqrt)                                                                                       \
    X(square)                                                                                      \
    X(cast)                                                                                        \
    X(convert)                                                                                     \
    /* ops_binary.c */                                                                             \
    X(binary)                                                                                      \
    X(compare)                                                                                     \
    X(not_equal)                                                                                   \
    X(floor_div)                                                                                   \
    X(floor_mod)                                                                                   \
    X(squared_difference)                                                                          \
    X(prelu)                                                                                       \
    X(select)                                                                                      \
    X(add_n)                                                                                       \
    /* ops_reduce.c */                                                                             \
    X(reduce)                                                                                      \
    X(reduce_bool)                                                                                 \
    X(arg)                                                                                         \
    X(softmax)                                                                                     \
    X(l2_norm)                                                                                     \
    X(local_norm)                                                                                  \
    X(cumsum)                                                                                      \
    X(top_k)                                                                                       \
    /* ops_move.c */                                                                               \
    X(reshape)                                                                                     \
    X(transpose)                                                                                   \
    X(concat)                                                                                      \
    X(pack)                                                                                        \
    X(unpack)                                                                                      \
    X(split)                                                                                       \
    X(split_v)                                                                                     \
    X(tile)                                                                                        \
    X(broadcast_to)                                                                                \
    X(gather)                                                                                      \
    X(gather_nd)                                                                                   \
    X(shape)                                                                                       \
    X(fill)                                                                                        \
    X(zeros_like)                                                                                  \
    /* ops_slice.c */                                                                              \
    X(slice)                                                                                       \
    X(strided_slice)                                                                               \
    X(reverse)                                                                                     \
    /* ops_image.c */                                                                              \
    X(pad)                                                                                         \
    X(mirror_pad)                                                                                  \
    X(resize_linear)                                                                               \
    X(resize_nearest)                                                                              \
    X(space_to_depth)                                                                              \
    X(depth_to_space)                                                                              \
    X(space_to_batch)                                                                              \
    X(batch_to_space)

#define HONE_TFL_FUNCTION(name) hone_status hone__tfl_op_##name(hone_tfl_op *op, hone_error *error);
HONE_TFL_FUNCTIONS(HONE_TFL_FUNCTION)
#undef HONE_TFL_FUNCTION

#endif
