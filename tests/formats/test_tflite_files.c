/* SPDX-License-Identifier: Apache-2.0 */
/* Whole TFLite files: real models, damaged bytes, failing memory. */
#include "testing.h"

#include "base/bytes.h"
#include "base/file.h"
#include "base/rng.h"
#include "formats/model.h"
#include <hone/session.h>
#include <sys/mman.h>
#include <unistd.h>

static hone_model *load(const char *path) {
    hone_model *model;
    hone_error error = {0};
    assert_ok_or(hone_model_load(path, NULL, &model, &error), error);
    return model;
}

static uint32_t count(const hone_model *model, hone_op op) {
    uint32_t found = 0;
    for (const hone_node *node = model->graph->first_node; node; node = node->next)
        found += node->op == op;
    return found;
}

static const char *const models[] = {"models/mlperf-tiny-ad-autoencoder-float.tflite",
                                     "models/mlperf-tiny-ad-autoencoder-int8.tflite",
                                     "models/mlperf-tiny-ic-resnet8-float.tflite",
                                     "models/mlperf-tiny-ic-resnet8-int8.tflite",
                                     "models/mlperf-tiny-kws-dscnn-float.tflite",
                                     "models/mlperf-tiny-vww-mobilenet-float.tflite",
                                     "models/mlperf-tiny-vww-mobilenet-int8.tflite",
                                     "models/mobilenet_v1_0.25_128_quant.tflite",
                                     "models/mobilenet_v2_1.0_224_ptq.tflite"};
#define MODELS (sizeof models / sizeof *models)

static void real_models_keep_the_layout_and_type_of_their_inputs(void **state) {
    (void)state;
    hone_model *model = load(asset("models/mobilenet_v2_1.0_224_ptq.tflite"));
    const hone_value *in = model->graph->inputs[0], *out = model->graph->outputs[0];
    assert_string_equal(in->name, "input");
    assert_int_equal(in->dtype, HONE_U8);
    assert_int_equal(in->shape.dim[3], 3);
    assert_int_equal(out->dtype, HONE_U8);
    assert_int_equal(out->producer->op, HONE_OP_QuantizeLinear);
    hone_model_free(model);
}

static void transposes_stand_at_the_border_only(void **state) {
    (void)state;
    for (size_t i = 0; i < MODELS; i++) {
        hone_model *model = load(asset(models[i]));
        assert_true(count(model, HONE_OP_Transpose) <= 2);
        hone_model_free(model);
    }
}

/* Names of the kernels that a session chose. */
static void assert_integer_layers(const char *path) {
    hone_model *model = load(path);
    hone_session *session;
    hone_error error = {0};
    hone_session_options options = {.threads = 1};
    uint32_t layers = 0;
    assert_ok_or(hone_session_create(model, &options, &session, &error), error);
    for (uint32_t i = 0; i < hone_session_layers(session); i++) {
        hone_layer_profile layer;
        assert_ok(hone_session_layer(session, i, &layer));
        if (layer.multiply_adds == 0) continue;
        if (!strstr(layer.kernel, "u8s8")) fail_msg("%s runs on %s", layer.name, layer.kernel);
        layers++;
    }
    assert_true(layers > 5);
    hone_session_free(session);
    hone_model_free(model);
}

static void layers_of_integer_models_run_on_integer_kernels(void **state) {
    (void)state;
    for (size_t i = 0; i < MODELS; i++)
        if (strstr(models[i], "int8") || strstr(models[i], "quant") || strstr(models[i], "ptq"))
            assert_integer_layers(asset(models[i]));
}

static void an_integer_input_is_read_by_its_own_dequantize_linear(void **state) {
    (void)state;
    for (size_t i = 0; i < MODELS; i++) {
        hone_model *model = load(asset(models[i]));
        const hone_value *input = model->graph->inputs[0];
        for (hone_node *node = model->graph->first_node; node; node = node->next)
            for (uint32_t k = 0; k < node->input_count && input->dtype != HONE_F32; k++)
                if (node->inputs[k] == input) assert_int_equal(node->op, HONE_OP_DequantizeLinear);
        hone_model_free(model);
    }
}

/* ---- damaged files ---- */

/* A copy that ends where memory ends, so that a read past it is seen at once. */
typedef struct guarded {
    uint8_t *pages, *data;
    size_t mapped;
} guarded;

static guarded guard(const uint8_t *bytes, size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (size + page - 1) / page * page;
    guarded g = {.mapped = room + page};
    g.pages = mmap(NULL, g.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(g.pages, MAP_FAILED);
    assert_int_equal(mprotect(g.pages + room, page, PROT_NONE), 0);
    g.data = g.pages + room - size;
    memcpy(g.data, bytes, size);
    return g;
}

static hone_status try_bytes(const uint8_t *bytes, size_t size, hone_error *error) {
    hone_blob *blob;
    hone_graph *graph = NULL;
    hone_load_options options = {.limits = {100000, 16, (uint64_t)64 << 20}};
    assert_ok(hone_blob_borrow(NULL, bytes, size, &blob, NULL));
    hone_status status = hone__tflite_read(blob, &options, &graph, error);
    hone_blob_release(blob);
    if (status == HONE_OK) assert_ok(hone_graph_verify(graph, NULL));
    if (status != HONE_OK) assert_true(error->message[0] != 0 && graph == NULL);
    hone_graph_free(graph);
    return status;
}

/* The small models of test_tflite.c; calls back for each. */
static void for_each_case(void (*visit)(const uint8_t *model, size_t size, uint32_t index)) {
    hone_mapping file;
    assert_ok(hone__file_map(HONE_SOURCE_DIR "/tests/formats/tflite/cases.bin", &file, NULL));
    const uint8_t *at = file.data, *end = at + file.size;
    for (uint32_t index = 0; at < end; index++) {
        at += 4 + hone__load32(at);
        visit(at + 4, hone__load32(at), index);
        at += 4 + hone__load32(at);
        for (int list = 0; list < 2; list++) {
            uint32_t arrays = hone__load32(at);
            at += 4;
            for (uint32_t i = 0; i < arrays; i++) at += 4 + hone__load32(at);
        }
    }
    hone__file_unmap(&file);
}

static void cut_short(const uint8_t *model, size_t size, uint32_t index) {
    if (index % 16) return;
    for (size_t length = 0; length < size; length++) {
        guarded g = guard(model, length);
        hone_error error = {0};
        (void)try_bytes(g.data, length, &error);
        munmap(g.pages, g.mapped);
    }
}

static void a_file_cut_at_any_byte_is_read_or_refused(void **state) {
    (void)state;
    for_each_case(cut_short);
}

static void flip_bytes(const uint8_t *model, size_t size, uint32_t index) {
    hone_rng rng;
    hone__rng_seed(&rng, index, 0);
    guarded g = guard(model, size);
    for (int round = 0; round < 150; round++) {
        hone_error error = {0};
        size_t at[3];
        for (int i = 0; i < 3; i++) {
            at[i] = hone__rng_below(&rng, size);
            g.data[at[i]] = (uint8_t)hone__rng_below(&rng, 256);
        }
        (void)try_bytes(g.data, size, &error);
        for (int i = 0; i < 3; i++) g.data[at[i]] = model[at[i]];
    }
    munmap(g.pages, g.mapped);
}

static void changed_bytes_are_read_or_refused(void **state) {
    (void)state;
    for_each_case(flip_bytes);
}

static void errors_name_the_byte(void **state) {
    (void)state;
    static const uint8_t file[] = {0x40, 0, 0, 0, 'T', 'F', 'L', '3'};
    hone_error error = {0};
    assert_int_equal(try_bytes(file, sizeof file, &error), HONE_FORMAT);
    assert_int_equal(error.offset, 0);
    assert_non_null(strstr(error.message, "byte 0"));
}

static void reading_survives_every_failing_allocation(void **state) {
    (void)state;
    const char *path = asset("models/mlperf-tiny-ic-resnet8-int8.tflite");
    for (size_t n = 1;; n++) {
        failing_allocator failing;
        hone_load_options options = {.allocator = &failing.allocator};
        hone_model *model = NULL;
        failing_allocator_init(&failing, n);
        hone_status status = hone_model_load(path, &options, &model, NULL);
        if (status != HONE_OK) assert_int_equal(status, HONE_MEMORY);
        hone_model_free(model);
        assert_int_equal(failing.live_bytes, 0);
        if (status == HONE_OK) break;
    }
}

static void an_unknown_operator_is_kept_and_named_when_run(void **state) {
    (void)state;
    const char *path = asset("models/mlperf-tiny-ad-autoencoder-float.tflite");
    hone_mapping file;
    hone_model *model;
    hone_session *session;
    hone_error error = {0};
    assert_ok(hone__file_map(path, &file, NULL));
    uint8_t *copy = malloc(file.size);
    assert_non_null(copy);
    memcpy(copy, file.data, file.size);
    /* the one operator code, FULLY_CONNECTED (9) in both its fields, becomes SVDF (27) */
    uint32_t root = hone__load32(copy), changed = 0;
    uint8_t *codes =
        copy + root + hone__load16(copy + root - (int32_t)hone__load32(copy + root) + 6);
    codes += hone__load32(codes);
    uint8_t *code = codes + 4 + hone__load32(codes + 4);
    uint8_t *list = code - (int32_t)hone__load32(code);
    for (uint32_t field = 0; 4 + 2 * field < hone__load16(list); field++) {
        uint8_t *value = code + hone__load16(list + 4 + 2 * field);
        if (value != code && *value == 9) *value = 27, changed++;
    }
    assert_true(changed > 0);
    assert_ok_or(hone_model_load_memory(copy, file.size, HONE_FORMAT_TFLITE, NULL, &model, &error),
                 error);
    assert_int_equal(hone_session_create(model, NULL, &session, &error), HONE_UNSUPPORTED);
    assert_non_null(strstr(error.message, "SVDF"));
    hone_model_free(model);
    free(copy);
    hone__file_unmap(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_models_keep_the_layout_and_type_of_their_inputs),
        cmocka_unit_test(transposes_stand_at_the_border_only),
        cmocka_unit_test(layers_of_integer_models_run_on_integer_kernels),
        cmocka_unit_test(an_integer_input_is_read_by_its_own_dequantize_linear),
        cmocka_unit_test(a_file_cut_at_any_byte_is_read_or_refused),
        cmocka_unit_test(changed_bytes_are_read_or_refused),
        cmocka_unit_test(errors_name_the_byte),
        cmocka_unit_test(reading_survives_every_failing_allocation),
        cmocka_unit_test(an_unknown_operator_is_kept_and_named_when_run)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
