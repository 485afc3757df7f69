/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a folder of its own, and what most tests do with one. */
#ifndef HONE_TESTS_STORE_FIXTURE_H
#define HONE_TESTS_STORE_FIXTURE_H

#include "base/file.h"
#include "testing.h"
#include <hone/store.h>

/* `WHY` in a call stands for the error that is shown when it fails. */
extern hone_error why;
#define WHY (&why)
#define MUST(call)                                                                                 \
    do {                                                                                           \
        why = (hone_error){0};                                                                     \
        if ((call) != HONE_OK) fail_msg("%s", why.message);                                        \
    } while (0)

/* Paths: the store, two files, and the card beside the second, whose name ends in .onnx. */
extern char folder[], db[64], out[64], in[64], card[64];

int fixture_make(void **state);
int fixture_remove(void **state); /* fails where something was left behind */

void remove_store(void);
hone_store *fresh(void);
hone_store *reopen(bool read_only);
uint8_t *noise(size_t size, uint64_t seed);
void add(hone_store *store, const char *name, const char *version, const char *text);
void refuse_add(hone_store *store, hone_store_entry entry, hone_status status, const char *says);
void write_bytes(const char *path, const void *data, size_t size);
void assert_file_holds(const char *path, const void *data, size_t size);
void assert_sound(hone_store *store);

#endif
