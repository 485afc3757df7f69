/* SPDX-License-Identifier: Apache-2.0 */
/* One backend test: every data set is first run as the model stands; where that cannot be planned,
 * once more with the inputs that decide shapes made constants. */
#include "base/error.h"
#include "conformance/conformance.h"
#include <hone/session.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DATA_SETS 100

static hone_status join(char *out, size_t size, const char *folder, const char *name,
                        hone_error *error) {
    int length = snprintf(out, size, "%s/%s", folder, name);
    if (length > 0 && (size_t)length < size) return HONE_OK;
    return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "%s: the path is too long", folder);
}

static hone_status compare_all(const hone_case_tensors *wanted, const hone_tensor *got,
                               uint32_t count, hone_error *error) {
    if (wanted->count > count)
        return hone_fail(error, HONE_NOT_MET, HONE_NO_OFFSET, "%u outputs, not %u", (unsigned)count,
                         (unsigned)wanted->count);
    for (uint32_t i = 0; i < wanted->count; i++)
        HONE_TRY(hone__case_compare(i, &got[i], &wanted->list[i], error));
    return HONE_OK;
}

static hone_status run_session(hone_session *session, const hone_case_tensors *inputs,
                               const hone_case_tensors *wanted, hone_error *error) {
    hone_tensor outputs[HONE_CASE_PORTS];
    memset(outputs, 0, sizeof outputs);
    if (hone_session_outputs(session) > HONE_CASE_PORTS)
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET, "too many outputs");
    HONE_TRY(hone_session_run(session, inputs->list, outputs, error));
    return compare_all(wanted, outputs, hone_session_outputs(session), error);
}

static hone_status plan_and_run(const hone_model *model, const hone_case_tensors *inputs,
                                const hone_case_tensors *wanted, hone_error *error) {
    hone_shape shapes[HONE_CASE_PORTS];
    hone_session_options options = {.threads = 1, .input_shapes = shapes};
    hone_session *session = NULL;
    for (uint32_t i = 0; i < inputs->count; i++) shapes[i] = inputs->list[i].shape;
    HONE_TRY(hone_session_create(model, &options, &session, error));
    hone_status status = run_session(session, inputs, wanted, error);
    hone_session_free(session);
    return status;
}

/* With the stored inputs in place; takes the model's graph apart when they have to be bound. */
static hone_status run_tensors(hone_model *model, hone_case_tensors *inputs,
                               const hone_case_tensors *wanted, hone_conformance_result *result,
                               hone_error *error) {
    hone_error first = {0};
    uint32_t bound = 0;
    if (inputs->count != hone_model_inputs(model))
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "%u tensors are stored for %u inputs", (unsigned)inputs->count,
                         (unsigned)hone_model_inputs(model));
    hone_status status = plan_and_run(model, inputs, wanted, &first);
    if (status == HONE_OK || status == HONE_NOT_MET || status == HONE_MEMORY) {
        if (status != HONE_OK && error) *error = first;
        return status;
    }
    HONE_TRY(hone__case_bind(model->graph, inputs, &bound, error));
    if (bound > result->bound_inputs) result->bound_inputs = bound;
    if (bound > 0) return plan_and_run(model, inputs, wanted, error);
    if (error) *error = first;
    return status;
}

static hone_status run_data_set(const char *model_path, const char *folder,
                                hone_conformance_result *result, hone_error *error) {
    hone_case_tensors inputs = {.count = 0}, wanted = {.count = 0};
    hone_model *model = NULL;
    hone_status status = hone_model_load(model_path, NULL, &model, error);
    if (status == HONE_OK) status = hone__case_read(folder, "input", &inputs, error);
    if (status == HONE_OK) status = hone__case_read(folder, "output", &wanted, error);
    if (status == HONE_OK) status = run_tensors(model, &inputs, &wanted, result, error);
    if (status == HONE_OK) result->data_sets++;
    hone__case_free(&inputs);
    hone__case_free(&wanted);
    hone_model_free(model);
    return status;
}

static hone_status run_data_sets(const char *folder, const char *model_path,
                                 hone_conformance_result *result, hone_error *error) {
    for (unsigned set = 0; set < DATA_SETS; set++) {
        char name[64], path[4096];
        struct stat facts;
        snprintf(name, sizeof name, "test_data_set_%u", set);
        HONE_TRY(join(path, sizeof path, folder, name, error));
        if (stat(path, &facts) != 0) break;
        HONE_TRY(run_data_set(model_path, path, result, error));
    }
    if (result->data_sets > 0) return HONE_OK;
    return hone_fail(error, HONE_NOT_FOUND, HONE_NO_OFFSET, "%s: it holds no test_data_set_0",
                     folder);
}

hone_status hone_conformance_run_case(const char *folder, hone_conformance_result *result,
                                      hone_error *error) {
    char model_path[4096];
    hone_error why = {0};
    memset(result, 0, sizeof *result);
    HONE_TRY(join(model_path, sizeof model_path, folder, "model.onnx", error));
    hone_status status = run_data_sets(folder, model_path, result, &why);
    if (status == HONE_OK) return HONE_OK;
    if (status == HONE_IO || status == HONE_NOT_FOUND || status == HONE_MEMORY) {
        if (error) *error = why;
        return status;
    }
    bool unsupported = status == HONE_UNSUPPORTED || status == HONE_LIMIT;
    result->verdict = unsupported ? HONE_CONFORMANCE_UNSUPPORTED : HONE_CONFORMANCE_FAILED;
    snprintf(result->reason, sizeof result->reason, "%s", why.message);
    return HONE_OK;
}
