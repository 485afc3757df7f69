/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a backend test: its stored tensors, binding inputs, comparing outputs. */
#ifndef HONE_CONFORMANCE_CONFORMANCE_H
#define HONE_CONFORMANCE_CONFORMANCE_H

#include "formats/model.h"
#include "runtime/flow/item.h"
#include <hone/conformance.h>

#define HONE_CASE_PORTS 64 /* inputs or outputs of one test */

/* Stored inputs or outputs: tensors, sequences of them, optionals. */
typedef struct hone_case_data {
    hone_tensor_list list[HONE_CASE_PORTS]; /* owned */
    uint32_t count;
    bool tensors_only;
} hone_case_data;

/* Reads FOLDER/KIND_0.pb, KIND_1.pb, ... until one is missing, as what `ports` say they are. */
hone_status hone__case_read(const char *folder, const char *kind, hone_value *const *ports,
                            uint32_t port_count, hone_case_data *data, hone_error *error);
void hone__case_free(hone_case_data *data);

/* HONE_OK, or HONE_NOT_MET with the first difference in *error. */
hone_status hone__case_compare(uint32_t index, const hone_tensor *got, const hone_tensor *wanted,
                               hone_error *error);
hone_status hone__case_compare_item(uint32_t index, const hone_item *got,
                                    const hone_tensor_list *wanted, hone_error *error);

#endif
