/* SPDX-License-Identifier: Apache-2.0 */
/* The ONNX backend tests: folders that hold a model and what it must compute. */
#ifndef HONE_CONFORMANCE_H
#define HONE_CONFORMANCE_H

#include <hone/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hone_conformance_verdict {
    HONE_CONFORMANCE_PASSED = 0,
    HONE_CONFORMANCE_FAILED,     /* it ran, or should have, and the answer is wrong */
    HONE_CONFORMANCE_UNSUPPORTED /* an operator, type or form that is documented as not run */
} hone_conformance_verdict;

typedef struct hone_conformance_result {
    hone_conformance_verdict verdict;
    uint32_t data_sets;           /* compared with what was stored */
    char reason[HONE_ERROR_TEXT]; /* one line; "" when passed */
} hone_conformance_result;

/* Runs `folder`/model.onnx on each `folder`/test_data_set_N/input_M.pb and compares with
 * output_M.pb: types and shapes equal, floats within 1e-3 relative and 1e-7 absolute (ONNX's own
 * tolerances; NaN equals NaN, infinities their own kind), integers and bools exactly.
 *
 * HONE_OK whenever there is a verdict; HONE_IO or HONE_NOT_FOUND when the folder holds no such
 * test, HONE_MEMORY. A hostile model may take long: run untrusted ones in a process of their own.
 */
HONE_API hone_status hone_conformance_run_case(const char *folder, hone_conformance_result *result,
                                               hone_error *error);

#ifdef __cplusplus
}
#endif
#endif
