/* SPDX-License-Identifier: Apache-2.0 */
/* Packed columns to a file: header, table, sections, and the digest of it all.
 *
 * Sizes and sums are known before the first byte is written, so the digest is made while writing;
 * header sum and digest are put in last, and the file appears under its name only when whole. */
#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "formats/hone/write.h"

typedef struct emitter {
    hone_writer file;
    hone_sha256 sha;
    const hone_packer *packer;
    const char *card;
    size_t card_size;
    uint8_t header[HONE_HEADER_BYTES + (HONE_SECTION_END - 1) * HONE_SECTION_BYTES];
    hone_error *error;
} emitter;

static hone_status put(emitter *e, const void *data, size_t size) {
    hone__sha256_update(&e->sha, data, size);
    return hone__writer_put(&e->file, data, size, e->error);
}

static hone_status pad(emitter *e, size_t align) {
    static const uint8_t zero[HONE_ALIGN];
    return put(e, zero, hone__round_up((size_t)e->file.written, align) - (size_t)e->file.written);
}

/* Bytes and sum of a section; *data NULL for the tensors, which are not in one piece. */
static void section(const emitter *e, hone_section kind, const void **data, uint64_t *size,
                    uint32_t *crc) {
    if (kind == HONE_SECTION_WEIGHTS) {
        *data = NULL, *size = e->packer->weights_size, *crc = e->packer->weights_crc;
        return;
    }
    const hone_text *column = &e->packer->columns[kind == HONE_SECTION_CARD ? 0 : kind];
    *data = kind == HONE_SECTION_CARD ? e->card : column->data;
    *size = kind == HONE_SECTION_CARD ? e->card_size : column->length;
    *crc = hone__crc32c(0, *data, (size_t)*size);
}

static void fill_header(emitter *e) {
    uint64_t end = sizeof e->header, size;
    const void *data;
    uint32_t crc;
    for (int kind = 1; kind < HONE_SECTION_END; kind++) {
        uint8_t *entry = e->header + HONE_HEADER_BYTES + (kind - 1) * HONE_SECTION_BYTES;
        section(e, (hone_section)kind, &data, &size, &crc);
        end = hone__round_up((size_t)end, hone__section_align((hone_section)kind));
        hone__store32(entry, (uint32_t)kind);
        hone__store64(entry + 8, end);
        hone__store64(entry + 16, size);
        hone__store32(entry + 24, crc);
        end += size;
    }
    memcpy(e->header, HONE_CONTAINER_MAGIC, 8);
    hone__store32(e->header + HONE_HEADER_VERSION_AT, HONE_CONTAINER_VERSION);
    hone__store32(e->header + HONE_HEADER_SECTIONS_AT, HONE_SECTION_END - 1);
    hone__store64(e->header + HONE_HEADER_SIZE_AT, end);
    hone__store32(e->header + HONE_HEADER_OPSET_AT, HONE_IR_OPSET);
}

static hone_status put_tensors(emitter *e) {
    const hone_text *list = &e->packer->data;
    for (size_t at = 0; at < list->length; at += sizeof(hone_packed)) {
        hone_packed packed;
        memcpy(&packed, list->data + at, sizeof packed);
        HONE_TRY(pad(e, HONE_ALIGN));
        HONE_TRY(put(e, packed.data, packed.bytes));
    }
    return HONE_OK;
}

static hone_status put_sections(emitter *e) {
    const void *data;
    uint64_t size;
    uint32_t crc;
    for (int kind = 1; kind < HONE_SECTION_END; kind++) {
        section(e, (hone_section)kind, &data, &size, &crc);
        HONE_TRY(pad(e, hone__section_align((hone_section)kind)));
        if (kind == HONE_SECTION_WEIGHTS)
            HONE_TRY(put_tensors(e));
        else
            HONE_TRY(put(e, data, (size_t)size));
    }
    return HONE_OK;
}

/* The header went out with sum and digest zero; now both are known. */
static hone_status seal(emitter *e) {
    hone__sha256_final(&e->sha, e->header + HONE_HEADER_DIGEST_AT);
    hone__store32(e->header + HONE_HEADER_CRC_AT, hone__crc32c(0, e->header, sizeof e->header));
    return hone__writer_patch(&e->file, 0, e->header, sizeof e->header, e->error);
}

static hone_status emit(emitter *e, const char *path) {
    HONE_TRY(hone__writer_open(&e->file, path, e->error));
    hone__sha256_init(&e->sha);
    fill_header(e);
    HONE_TRY(put(e, e->header, sizeof e->header));
    HONE_TRY(put_sections(e));
    HONE_TRY(seal(e));
    return hone__writer_commit(&e->file, e->error);
}

hone_status hone__container_write(const hone_graph *graph, const char *card, size_t card_size,
                                  const char *path, hone_error *error) {
    hone_packer packer;
    emitter e = {.packer = &packer, .card = card, .card_size = card_size, .error = error};
    hone__packer_init(&packer, graph->arena.allocator);
    hone_status status = hone__packer_fill(&packer, graph, error);
    if (status == HONE_OK) status = emit(&e, path);
    hone__writer_abandon(&e.file);
    hone__packer_release(&packer);
    return status;
}
