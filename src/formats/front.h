/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the model front share. */
#ifndef HONE_FORMATS_FRONT_H
#define HONE_FORMATS_FRONT_H

#include "formats/model.h"

/* "a/b/m.onnx" -> "a/b/m.card.json", and its folder "a/b" ("." without one). Free with
 * hone__free(allocator, text, strlen(text) + 1); NULL when out of memory. */
char *hone__card_path(const hone_allocator *allocator, const char *model_path);
char *hone__path_folder(const hone_allocator *allocator, const char *path);

/* Reads the card beside a model file, where there is one, into the model. */
hone_status hone__card_load(hone_model *model, const char *model_path, hone_error *error);

#endif
