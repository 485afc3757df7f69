/* SPDX-License-Identifier: Apache-2.0 */
/* Lowering: a graph becomes a program.
 *
 *   1. groups (fuse.c, fuse_qdq.c): every node learns whether it stands alone, is absorbed by
 * another node, or is the tail at whose place a fused group is emitted;
 *   2. nodes are visited in order; the first rule of rules.c that takes a node emits its steps;
 *   3. rules ask for their inputs in the form that their kernel wants (dense, pixels, canonical
 *      bytes); what is missing is made by a move or a table step, once for each value.
 *
 * Codes: quantized activations are kept as u8 inside; an s8 tensor as q + 128 (HONE_CODE_U8), so
 * that one set of kernels serves both. HONE_CODE_PLAIN is the stored type itself. For u8 both are
 * the same. */
#ifndef HONE_RUNTIME_LOWER_H
#define HONE_RUNTIME_LOWER_H

#include "graph/graph.h"
#include "runtime/program.h"
#include "runtime/steps/steps.h"

typedef enum hone_code { HONE_CODE_PLAIN = 0, HONE_CODE_U8 } hone_code;
typedef enum hone_form { HONE_FORM_DENSE = 0, HONE_FORM_PIXELS } hone_form;

/* What is known of a graph value: the view its producer wrote, and the forms made from it. */
typedef struct hone_lowered {
    bool ready;
    hone_code code; /* of `view` */
    hone_view view;
    bool made[2][2]; /* [code][form] */
    hone_view forms[2][2];
    uint32_t into;   /* value that this one is written into (a concatenation), or none */
    int64_t into_at; /* channel there */
} hone_lowered;

#define HONE_NO_VALUE UINT32_MAX

typedef enum hone_role {
    HONE_ROLE_ALONE = 0,
    HONE_ROLE_ABSORBED, /* emitted with a group, or when somebody asks for its value */
    HONE_ROLE_TAIL,     /* the group's last node */
    HONE_ROLE_DEAD      /* nobody reads its results */
} hone_role;

/* Fused nodes. `head` computes; the rest only changes what it writes. */
typedef struct hone_group {
    hone_node *head, *tail;
    const hone_value *bias;     /* constant added along the channels, or NULL */
    const hone_value *residual; /* added before the clamp, or NULL */
    float lo, hi;               /* clamp of the result; infinities: none */
    bool integer;               /* inputs come from DequantizeLinear */
    const hone_node *quantize;  /* the QuantizeLinear that ends it (the tail), or NULL */
    const char *op;             /* for the profile */
} hone_group;

typedef struct hone_lowering {
    hone_graph *graph;
    hone_program *program;
    bool keep_all;
    hone_lowered *values; /* by value id */
    uint32_t *uses;       /* by value id */
    uint8_t *roles;       /* by node id: hone_role */
    hone_group **groups;  /* by node id: of tails */
} hone_lowering;

/* Emits everything that the graph's outputs need; afterwards values[] tells where each value lies.
 */
hone_status hone__lower(hone_lowering *lowering, hone_error *error);

/* A rule looks at a node (and its group, NULL when alone) and either emits it and sets *taken, or
 * leaves everything untouched. */
typedef hone_status (*hone_rule)(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                 bool *taken, hone_error *error);
/* The first rule that takes the node; HONE_UNSUPPORTED with the node's name when none does. */
hone_status hone__lower_node(hone_lowering *lowering, hone_node *node, const hone_group *group,
                             hone_error *error);

/* Where a value lies, in whatever strides, with its code. */
hone_status hone__lower_view(hone_lowering *lowering, const hone_value *value, hone_code code,
                             hone_view *view, hone_error *error);
/* In a form; rank >= 2 for pixels. */
hone_status hone__lower_form(hone_lowering *lowering, const hone_value *value, hone_code code,
                             hone_form form, hone_view *view, hone_error *error);
/* Whether the value is at hand in pixels form without a step. */
bool hone__lower_is_pixels(hone_lowering *lowering, const hone_value *value);

/* Memory for a value that the caller's step will write. Pixels may have a wide stride. */
hone_status hone__lower_output(hone_lowering *lowering, const hone_value *value, hone_code code,
                               hone_form form, hone_view *view, hone_error *error);
/* The value lies in `view`, which another value's buffer holds. */
void hone__lower_alias(hone_lowering *lowering, const hone_value *value, hone_code code,
                       const hone_view *view);
/* A buffer without a value of its own. */
hone_status hone__lower_buffer(hone_lowering *lowering, const char *name, hone_dtype dtype,
                               int64_t elements, uint32_t *buffer, hone_error *error);

/* The value's bytes on their way through a step are of this type. */
static inline hone_dtype hone__lower_dtype(const hone_value *value, hone_code code) {
    return code == HONE_CODE_U8 ? HONE_U8 : value->dtype;
}

static inline bool hone__value_is_constant(const hone_value *value) {
    return value && value->kind == HONE_VALUE_CONSTANT;
}

/* fuse.c */
hone_status hone__lower_fuse(hone_lowering *lowering, hone_error *error);

/* Rules, one file a concern. */
hone_status hone__rule_reference(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                 bool *taken, hone_error *error);

#endif
