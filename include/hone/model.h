/* SPDX-License-Identifier: Apache-2.0 */
/* A model: a graph and its card. Reading, writing, looking at it. */
#ifndef HONE_MODEL_H
#define HONE_MODEL_H

#include <hone/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_model hone_model;

typedef enum hone_format {
    HONE_FORMAT_UNKNOWN = 0,
    HONE_FORMAT_ONNX,
    HONE_FORMAT_HONE,
    HONE_FORMAT_TFLITE
} hone_format;

/* Limits on hostile input; 0 in a field means its default. */
typedef struct hone_limits {
    uint32_t max_nodes;        /* default 1,000,000 */
    uint32_t max_depth;        /* nested subgraphs, default 32 */
    uint64_t max_tensor_bytes; /* one tensor, default 16 GiB */
} hone_limits;

typedef struct hone_load_options {
    const hone_allocator *allocator;
    hone_limits limits;
    bool verify; /* check the sums of the weights too (reads the whole file) */
} hone_load_options;

/* Reads a model file: .onnx, .tflite or .hone, told apart by content and ending. `NAME.card.json`
 * beside it is read as its card (its label file's lines written into it); a .hone file carries its
 * own. `options` may be NULL. Weights stay in the file's mapping, which lives as long as the model.
 * The caller frees *model with hone_model_free. Errors: HONE_IO, HONE_FORMAT (message names byte
 * and node), HONE_UNSUPPORTED, HONE_LIMIT, HONE_CORRUPT, HONE_MEMORY. */
HONE_API hone_status hone_model_load(const char *path, const hone_load_options *options,
                                     hone_model **model, hone_error *error);

/* The same for .hone files alone, and all that the device runtime has: other formats are another
 * library's. The card is the one inside. */
HONE_API hone_status hone_model_open(const char *path, const hone_load_options *options,
                                     hone_model **model, hone_error *error);

/* hone_model_load from memory, which must outlive the model. External data is refused, and
 * there is no card unless a .hone file has one inside. */
HONE_API hone_status hone_model_load_memory(const void *bytes, size_t size, hone_format format,
                                            const hone_load_options *options, hone_model **model,
                                            hone_error *error);

HONE_API void hone_model_free(hone_model *model);

/* Writes beside `path` and renames; the ending names the format (.onnx, .hone). A model saved as
 * .onnx gets its card written beside it. */
HONE_API hone_status hone_model_save(const hone_model *model, const char *path, hone_error *error);

/* A deep copy of the graph; constants are shared with the original's mapping, which stays alive. */
HONE_API hone_status hone_model_clone(const hone_model *model, hone_model **copy,
                                      hone_error *error);

/* Constant folding, dead code, identity removal, batch-norm folding, until nothing changes. Results
 * stay equal up to the rounding of folded constants. Idempotent. */
HONE_API hone_status hone_model_simplify(hone_model *model, hone_error *error);

/* The card: a JSON object as text, not NUL-terminated; NULL and 0 when there is none. Valid until
 * the model is freed or the card is set. Setting it to size 0 removes it; a card whose `labels`
 * name a file is HONE_USAGE, for there is no folder to find it in. */
HONE_API const char *hone_model_card(const hone_model *model, size_t *size);
HONE_API hone_status hone_model_set_card(hone_model *model, const char *json, size_t size,
                                         hone_error *error);

typedef struct hone_port {
    const char *name; /* owned by the model */
    hone_dtype dtype;
    hone_shape shape; /* negative dimensions are symbolic: hone_model_symbol names them */
} hone_port;

HONE_API uint32_t hone_model_inputs(const hone_model *model);
HONE_API uint32_t hone_model_outputs(const hone_model *model);
HONE_API hone_status hone_model_input(const hone_model *model, uint32_t index, hone_port *port);
HONE_API hone_status hone_model_output(const hone_model *model, uint32_t index, hone_port *port);
HONE_API const char *hone_model_symbol(const hone_model *model, int64_t dim);

typedef struct hone_model_info {
    hone_format format;
    int64_t opset; /* of the file it came from; the IR's own for .hone */
    uint32_t nodes;
    uint64_t parameters; /* elements of all float or quantized constants of rank >= 1 that feed
                            compute */
    uint64_t weight_bytes;
    uint64_t file_bytes;
    uint64_t multiply_adds; /* at batch 1 for symbolic dimensions */
    const char *precision;  /* "float32", "float16", "int8", "mixed" */
} hone_model_info;

HONE_API hone_status hone_model_get_info(const hone_model *model, hone_model_info *info,
                                         hone_error *error);

typedef struct hone_node_info {
    const char *name;
    const char *op;
    hone_shape output_shape; /* of its first output */
    hone_dtype output_dtype;
    uint64_t parameters;
    uint64_t multiply_adds;
} hone_node_info;

/* Node `index` in execution order, 0 <= index < info.nodes. */
HONE_API hone_status hone_model_node(const hone_model *model, uint32_t index, hone_node_info *info);

/* Where a constant lies in the file that the model was read from. */
typedef struct hone_border {
    const char *name; /* owned by the model; "" where it has none */
    uint64_t offset, bytes;
    hone_dtype dtype;
    uint32_t row; /* elements of one slice along the first dimension (an output channel) */
} hone_border;

typedef struct hone_borders {
    hone_border *items;
    uint32_t count, room;
} hone_borders;

/* All constants whose bytes lie in the file (or memory) that the model was read from, sorted by
 * offset, none overlapping; those that came from elsewhere (external data, converted on reading)
 * are left out. Free with hone_model_borders_free; names live as long as the model. HONE_MEMORY. */
HONE_API hone_status hone_model_borders(const hone_model *model, hone_borders *borders,
                                        hone_error *error);
HONE_API void hone_model_borders_free(const hone_model *model, hone_borders *borders);

/* The whole graph as text one can read; *text is freed with hone_text_free. */
HONE_API hone_status hone_model_print(const hone_model *model, char **text, hone_error *error);
HONE_API void hone_text_free(char *text);

/* One tensor of a .pb file (ONNX TensorProto): *tensor is freed with hone_tensor_free. STRING
 * tensors, sequences and optionals are HONE_UNSUPPORTED. */
HONE_API hone_status hone_tensor_read_pb(const char *path, hone_tensor *tensor, hone_error *error);

#ifdef __cplusplus
}
#endif
#endif
