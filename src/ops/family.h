/* SPDX-License-Identifier: Apache-2.0 */
/* A family of operators: one file, one of these. ops.def names the family in its column `run`. */
#ifndef HONE_OPS_FAMILY_H
#define HONE_OPS_FAMILY_H

#include "base/error.h"
#include "ops/element.h"
#include "ops/ops.h"
#include "ops/walk.h"
#include <string.h>

/* What input 0 may be. */
typedef enum hone__types {
    HONE__TAKES_ANY = 0, /* whatever: check() knows */
    HONE__TAKES_BYTES,   /* whole bytes an element; never strings */
    HONE__TAKES_NUMBER,
    HONE__TAKES_REAL,
    HONE__TAKES_INTEGER
} hone__types;

typedef struct hone_op_family {
    hone_op_run run; /* NULL: not run */
    hone__types takes;
    hone_status (*check)(const hone_node *node, hone_error *error); /* NULL: nothing to add */
    size_t (*scratch)(const hone_node *node);                       /* NULL: none */
} hone_op_family;

#define HONE_OP(name, in0, in1, out0, out1, shape, run, ...)                                       \
    extern const hone_op_family hone__family_##run;
#include "graph/ops.def"
#undef HONE_OP

/* "node 'Conv_3' (Conv): ..." with HONE_UNSUPPORTED: what this build does not run. */
hone_status hone__unsupported(const hone_node *node, hone_error *error, const char *format, ...)
    HONE_PRINTF(3, 4);
/* The same with HONE_SHAPE: run-time data or attributes that contradict each other. */
hone_status hone__mismatch(const hone_node *node, hone_error *error, const char *format, ...)
    HONE_PRINTF(3, 4);

/* HONE_UNSUPPORTED unless node input `index` is of a type in `takes`; a missing input is fine. */
hone_status hone__check_input(const hone_node *node, uint32_t index, hone__types takes,
                              hone_error *error);

/* The input, or NULL where the optional input is missing. */
const hone_tensor *hone__input(const hone_op_call *call, uint32_t index);
/* The output, or NULL where nobody wants it. */
hone_tensor *hone__output(const hone_op_call *call, uint32_t index);

/* -rank..rank-1 to 0..rank-1; HONE_SHAPE outside. */
hone_status hone__axis(const hone_node *node, int64_t axis, int32_t rank, int32_t *out,
                       hone_error *error);
/* The attribute of that name as an axis of `rank` dimensions. */
hone_status hone__axis_attribute(const hone_node *node, const char *name, int64_t otherwise,
                                 int32_t rank, int32_t *out, hone_error *error);
/* A list of axes as a bit mask: from input `index` when it is there, else from attribute `name`
 * (NULL: none). *given says whether there was a list. */
hone_status hone__axes(const hone_op_call *call, uint32_t index, const char *name, int32_t rank,
                       uint32_t *mask, bool *given, hone_error *error);

/* Bytes from one element of `from` to one of `to`; types of whole bytes. */
void hone__copy_element(const hone_tensor *from, int64_t from_index, hone_tensor *to,
                        int64_t to_index);

#endif
