/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a backend test: its stored tensors, binding inputs, comparing outputs. */
#ifndef HONE_CONFORMANCE_CONFORMANCE_H
#define HONE_CONFORMANCE_CONFORMANCE_H

#include "formats/model.h"
#include <hone/conformance.h>

#define HONE_CASE_PORTS 64 /* inputs or outputs of one test */

typedef struct hone_case_tensors {
    hone_tensor list[HONE_CASE_PORTS]; /* owned */
    uint32_t count;
} hone_case_tensors;

/* Reads FOLDER/KIND_0.pb, KIND_1.pb, ... until one is missing. */
hone_status hone__case_read(const char *folder, const char *kind, hone_case_tensors *tensors,
                            hone_error *error);
void hone__case_free(hone_case_tensors *tensors);

/* Makes those inputs of the graph constants whose values decide shapes: small lists and scalars of
 * integers, and of any type where Resize or Range read them. The tensors left in `inputs` are those
 * of the inputs left. */
hone_status hone__case_bind(hone_graph *graph, hone_case_tensors *inputs, uint32_t *bound,
                            hone_error *error);

/* HONE_OK, or HONE_NOT_MET with the first difference in *error. */
hone_status hone__case_compare(uint32_t index, const hone_tensor *got, const hone_tensor *wanted,
                               hone_error *error);

#endif
