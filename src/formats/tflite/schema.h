/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of the TFLite schema, version 3: tensorflow/lite/schema/schema.fbs. Fields count from 0
 * in the order of declaration, a union taking two (its type, then its table). */
#ifndef HONE_FORMATS_TFLITE_SCHEMA_H
#define HONE_FORMATS_TFLITE_SCHEMA_H

enum { MODEL_VERSION = 0, MODEL_CODES = 1, MODEL_SUBGRAPHS = 2, MODEL_BUFFERS = 4 };
enum { CODE_DEPRECATED = 0, CODE_CUSTOM = 1, CODE_VERSION = 2, CODE_BUILTIN = 3 };
enum { BUFFER_DATA = 0, BUFFER_OFFSET = 1, BUFFER_SIZE = 2 };
enum {
    SUBGRAPH_TENSORS = 0,
    SUBGRAPH_INPUTS = 1,
    SUBGRAPH_OUTPUTS = 2,
    SUBGRAPH_OPERATORS = 3,
    SUBGRAPH_NAME = 4
};
enum {
    TENSOR_SHAPE = 0,
    TENSOR_TYPE = 1,
    TENSOR_BUFFER = 2,
    TENSOR_NAME = 3,
    TENSOR_QUANTIZATION = 4,
    TENSOR_SPARSITY = 6
};
enum { QUANT_SCALE = 2, QUANT_ZERO = 3, QUANT_AXIS = 6 };
enum {
    OPERATOR_CODE = 0,
    OPERATOR_INPUTS = 1,
    OPERATOR_OUTPUTS = 2,
    OPERATOR_OPTIONS_TYPE = 3,
    OPERATOR_OPTIONS = 4
};

/* TensorType */
enum {
    TFL_FLOAT32 = 0,
    TFL_FLOAT16,
    TFL_INT32,
    TFL_UINT8,
    TFL_INT64,
    TFL_STRING,
    TFL_BOOL,
    TFL_INT16,
    TFL_COMPLEX64,
    TFL_INT8,
    TFL_FLOAT64,
    TFL_COMPLEX128,
    TFL_UINT64,
    TFL_RESOURCE,
    TFL_VARIANT,
    TFL_UINT32,
    TFL_UINT16,
    TFL_INT4,
    TFL_BFLOAT16
};

/* ActivationFunctionType */
enum {
    ACTIVATION_NONE = 0,
    ACTIVATION_RELU,
    ACTIVATION_RELU_N1_TO_1,
    ACTIVATION_RELU6,
    ACTIVATION_TANH
};

/* Padding */
enum { PADDING_SAME = 0, PADDING_VALID = 1 };

#endif
