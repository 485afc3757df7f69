/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of src/data share: stored files, a folder of their own, and tiny models. */
#ifndef HONE_TESTS_DATA_FIXTURE_H
#define HONE_TESTS_DATA_FIXTURE_H

#include "testing.h"

#include <hone/eval.h>

/* Path of a stored file; up to four results live at once. */
const char *stored(const char *name);
/* A stored array; freed with hone_tensor_free. */
hone_tensor stored_array(const char *name);
/* All bytes of a file, freed with free(). */
uint8_t *slurp(const char *path, size_t *size);

/* A folder that folder_remove deletes with everything in it. */
const char *folder_make(void);
void folder_remove(const char *folder);
/* "folder/name"; up to four results live at once. */
const char *in_folder(const char *folder, const char *name);
void make_folder(const char *folder, const char *name);
void put_file(const char *folder, const char *name, const void *bytes, size_t size);
void put_text(const char *folder, const char *name, const char *text);
void copy_stored(const char *folder, const char *name, const char *from);
void put_array(const char *folder, const char *name, hone_dtype dtype, int32_t rank,
               const int64_t *dims, const void *data);

/* A model whose only node hands its input through: what goes in is what comes out. A negative first
 * dimension is symbolic. `card` may be NULL. */
hone_model *identity_model(hone_dtype dtype, int32_t rank, const int64_t *dims, const char *card);

#endif
