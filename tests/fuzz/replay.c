/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzz target without libFuzzer: runs it over files. A file that ends in .pack holds many inputs,
 * each behind its length (4 bytes, little-endian), so that a corpus of small files is one file in
 * the tree.
 *
 *   fuzz_NAME_replay FILE...               run each; prints how many inputs there were
 *   fuzz_NAME_replay --pack OUT FILE...    make a pack
 *   fuzz_NAME_replay --unpack PACK FOLDER  write its inputs as FOLDER/seed-0000, ... */
#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct file_bytes {
    uint8_t *data;
    size_t size;
} file_bytes;

static bool read_file(const char *path, file_bytes *out) {
    FILE *file = fopen(path, "rb");
    long size = file && !fseek(file, 0, SEEK_END) ? ftell(file) : -1;
    out->size = size > 0 ? (size_t)size : 0;
    out->data = size >= 0 ? malloc(out->size + 1) : NULL;
    bool good =
        out->data && !fseek(file, 0, SEEK_SET) && fread(out->data, 1, out->size, file) == out->size;
    if (file) fclose(file);
    if (good) return true;
    fprintf(stderr, "%s: cannot be read\n", path);
    free(out->data);
    return false;
}

static bool is_pack(const char *path) {
    size_t length = strlen(path);
    return length > 5 && !strcmp(path + length - 5, ".pack");
}

/* The next input of a pack: a copy of its own, so that a sanitizer sees a read behind its end. */
static bool next_input(const file_bytes *pack, size_t *at, file_bytes *out) {
    if (pack->size - *at < 4) return false;
    out->size = hone__load32(pack->data + *at);
    if (out->size > pack->size - *at - 4) return false;
    out->data = malloc(out->size ? out->size : 1);
    if (!out->data) return false;
    memcpy(out->data, pack->data + *at + 4, out->size);
    *at += 4 + out->size;
    return true;
}

/* Inputs run, or -1. */
static int run_file(const char *path) {
    file_bytes file, input;
    int count = 0;
    size_t at = 0;
    if (!read_file(path, &file)) return -1;
    if (is_pack(path))
        for (; next_input(&file, &at, &input); count++) {
            LLVMFuzzerTestOneInput(input.data, input.size);
            free(input.data);
        }
    else
        LLVMFuzzerTestOneInput(file.data, file.size), count = 1;
    bool whole = !is_pack(path) || at == file.size;
    if (!whole) fprintf(stderr, "%s: cut off at byte %zu\n", path, at);
    free(file.data);
    return whole ? count : -1;
}

static int pack(int count, char **paths) {
    FILE *out = fopen(paths[0], "wb");
    bool good = out != NULL;
    for (int i = 1; good && i < count; i++) {
        file_bytes file;
        uint8_t length[4];
        good = read_file(paths[i], &file);
        if (!good) break;
        hone__store32(length, (uint32_t)file.size);
        good = fwrite(length, 1, 4, out) == 4 && fwrite(file.data, 1, file.size, out) == file.size;
        free(file.data);
    }
    if (out && fclose(out)) good = false;
    return good ? 0 : 1;
}

static int unpack(const char *path, const char *folder) {
    file_bytes file, input;
    size_t at = 0;
    bool good = read_file(path, &file);
    if (!good) return 1;
    for (int i = 0; good && next_input(&file, &at, &input); i++) {
        char name[4096];
        snprintf(name, sizeof name, "%s/seed-%04d", folder, i);
        FILE *out = fopen(name, "wb");
        good = out && fwrite(input.data, 1, input.size, out) == input.size;
        if (out && fclose(out)) good = false;
        free(input.data);
    }
    free(file.data);
    return good ? 0 : 1;
}

int main(int count, char **words) {
    if (count > 2 && !strcmp(words[1], "--pack")) return pack(count - 2, words + 2);
    if (count == 4 && !strcmp(words[1], "--unpack")) return unpack(words[2], words[3]);
    int total = 0;
    for (int i = 1; i < count; i++) {
        int ran = run_file(words[i]);
        if (ran < 0) return 1;
        total += ran;
    }
    printf("%d inputs\n", total);
    return 0;
}
