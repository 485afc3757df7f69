/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of the operators, expanded from ops.def. */
#include "graph/op.h"

#include <string.h>

static const hone_op_info infos[HONE_OP_COUNT] = {
    [HONE_OP_FOREIGN] = {.name = "Foreign",
                         .max_inputs = 255,
                         .max_outputs = 255,
                         .attributes = "",
                         .shape_rule = "unknown",
                         .run = "none",
                         .gradient = "none",
                         .quantizes = "no"},
#define HONE_OP(op, in_min, in_max, out_min, out_max, shape, run_token, grad, quant, attrs)        \
    [HONE_OP_##op] = {.name = #op,                                                                 \
                      .min_inputs = in_min,                                                        \
                      .max_inputs = in_max,                                                        \
                      .min_outputs = out_min,                                                      \
                      .max_outputs = out_max,                                                      \
                      .attributes = attrs,                                                         \
                      .shape_rule = #shape,                                                        \
                      .run = #run_token,                                                           \
                      .gradient = #grad,                                                           \
                      .quantizes = #quant},
#include "graph/ops.def"
#undef HONE_OP
};

const hone_op_info *hone_op_get(hone_op op) {
    return &infos[(unsigned)op < HONE_OP_COUNT ? op : HONE_OP_FOREIGN];
}

hone_op hone_op_find(const char *name, size_t length) {
    for (unsigned op = 1; op < HONE_OP_COUNT; op++)
        if (strlen(infos[op].name) == length && !memcmp(infos[op].name, name, length))
            return (hone_op)op;
    return HONE_OP_FOREIGN;
}

char hone_op_attribute(hone_op op, const char *name) {
    size_t length = strlen(name);
    for (const char *at = hone_op_get(op)->attributes; *at;) {
        size_t word = strcspn(at, " "), stem = strcspn(at, ":");
        if (stem == length && !memcmp(at, name, length)) return at[stem + 1];
        at += word;
        at += strspn(at, " ");
    }
    return 0;
}
