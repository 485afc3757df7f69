# SPDX-License-Identifier: Apache-2.0
"""The inner loops that the scoreboard judges. A row says where a loop is to be found: the innermost loop of
the functions named, with the most of the instructions named. `output` is the size of one result for
loops without multiply-adds; `target` is in multiply-adds a cycle."""

from collections import namedtuple

Loop = namedtuple("Loop", "name title source function key target output")

MLA = "fmla smlal smlal2"
ARITHMETIC = "fadd fsub fmul fmla fmls"

LOOPS = [
    Loop("conv_f32", "float matrix product 8x8, also of Winograd and MatMul",
         "conv/conv_f32_8x8_neon.c", "hone__conv_loop_8x8_neon", MLA, 2.8, 0),
    Loop("qconv_u8s8", "int8 matrix product 8x8",
         "qconv/qconv_u8s8_8x8_neon.c", "hone__qconv_loop_8x8_neon", MLA, 3.2, 0),
    Loop("dwconv_f32_s1", "depthwise 3x3 float, stride 1",
         "dwconv/dwconv_f32_3x3s1_neon.c", "hone__dwconv_loop_3x3s1_neon", MLA, 1.2, 0),
    Loop("dwconv_f32_s2", "depthwise 3x3 float, stride 2",
         "dwconv/dwconv_f32_3x3s2_neon.c", "hone__dwconv_loop_3x3s2_neon", MLA, 1.2, 0),
    Loop("qdwconv_u8s8_s1", "depthwise 3x3 int8, stride 1",
         "qdwconv/qdwconv_u8s8_3x3s1_neon.c", "hone__qdwconv_loop_3x3s1_neon", MLA, 1.2, 0),
    Loop("qdwconv_u8s8_s2", "depthwise 3x3 int8, stride 2",
         "qdwconv/qdwconv_u8s8_3x3s2_neon.c", "hone__qdwconv_loop_3x3s2_neon", MLA, 1.2, 0),
    Loop("winograd_input", "Winograd 4x4, inputs of a tile",
         "winograd/winograd_f32_neon.c", "input4.*", ARITHMETIC, None, 4),
    Loop("max_pool_f32", "maximum pooling, float, 16 channels of a pixel",
         "pool/pool_neon.c", "hone_max_pool_f32_neon", "fmaxnm", None, 0),
    Loop("average_pool_f32", "average pooling, float, 16 channels of a pixel",
         "pool/pool_neon.c", "hone_average_pool_f32_neon", "fadd", None, 0),
    Loop("max_pool_u8", "maximum pooling, u8, 64 channels of a pixel",
         "pool/pool_neon.c", "hone_max_pool_u8_neon", "umax", None, 0),
    Loop("add_f32", "a + b, clamped, float",
         "eltwise/eltwise_neon.c", "hone_binary_f32_neon", "fadd", None, 4),
    Loop("add_u8", "a + b, u8 with two scales",
         "eltwise/eltwise_neon.c", "hone_add_u8_neon", "fmul", None, 1),
]
