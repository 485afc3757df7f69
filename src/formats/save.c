/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a model file; the ending of its name says which format. */
#include "base/error.h"
#include "base/file.h"
#include "formats/front.h"

#include <string.h>

static hone_status write_file(const char *path, const char *data, size_t size, hone_error *error) {
    hone_writer writer;
    HONE_TRY(hone__writer_open(&writer, path, error));
    hone_status status = hone__writer_put(&writer, data, size, error);
    if (status == HONE_OK) status = hone__writer_commit(&writer, error);
    hone__writer_abandon(&writer);
    return status;
}

static hone_status save_onnx(const hone_model *model, const char *path, hone_error *error) {
    HONE_TRY(hone__onnx_write(model->graph, path, error));
    if (!model->card) return HONE_OK;
    char *card = hone__card_path(model->allocator, path);
    if (!card) return hone_fail_memory(error, strlen(path));
    hone_status status = write_file(card, model->card, model->card_size, error);
    hone__free(model->allocator, card, strlen(card) + 1);
    return status;
}

hone_status hone_model_save(const hone_model *model, const char *path, hone_error *error) {
    const char *ending = hone__path_ending(path);
    if (!strcmp(ending, ".onnx")) return save_onnx(model, path, error);
    if (!strcmp(ending, ".hone"))
        return hone__container_write(model->graph, model->card, model->card_size, path, error);
    return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET,
                     "%s: the ending names the format, and '%s' is neither .onnx nor .hone", path,
                     ending);
}
