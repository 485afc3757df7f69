/* SPDX-License-Identifier: Apache-2.0 */
/* The operators of the IR: enum and facts, all from the one table in ops.def. */
#ifndef HONE_GRAPH_OP_H
#define HONE_GRAPH_OP_H

#include <hone/base.h>

typedef enum hone_op {
    HONE_OP_FOREIGN = 0, /* an operator no table row names: kept, printed, exported, never run */
#define HONE_OP(name, ...) HONE_OP_##name,
#include "graph/ops.def"
#undef HONE_OP
    HONE_OP_COUNT
} hone_op;

typedef struct hone_op_info {
    const char *name;
    uint8_t min_inputs, min_outputs;
    uint8_t max_inputs, max_outputs; /* 255: any number */
    /* "name:kind" words, kind one of i f s I F S t g (ints and so on in capitals); '!' behind a
     * required one. */
    const char *attributes;
    const char *shape_rule, *run, *gradient, *quantizes; /* the table's tokens, for documentation */
} hone_op_info;

/* Facts of `op`; never NULL. */
const hone_op_info *hone_op_get(hone_op op);
/* By ONNX name (domain ai.onnx); HONE_OP_FOREIGN when there is none. */
hone_op hone_op_find(const char *name, size_t length);
/* The kind letter of attribute `name` of `op`, or 0. */
char hone_op_attribute(hone_op op, const char *name);

#endif
