/* SPDX-License-Identifier: Apache-2.0 */
/* From one stored version to another by means of a delta. */
#include "store/delta/delta.h"
#include "base/error.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>

/* ---- writing ---- */

/* What of a version is not in its file. */
static const char manifest_sql[] =
    "SELECT json_object('name', m.model_name, 'version', m.version, 'format', f.format, "
    "'metadata', json(m.metadata), 'card', CAST(f.card AS TEXT), "
    "'original_size', o.original_size, 'quantized_size', o.quantized_size, "
    "'quantization_type', o.quantization_type, 'accuracy', o.accuracy, "
    "'inference_time', o.inference_time), m.checksum FROM main.ai_models m "
    "LEFT JOIN main.model_files f ON f.model_id = m.model_id "
    "LEFT JOIN main.optimized_models o ON o.model_id = m.model_id WHERE m.model_id = ?1";

static bool digest_from_text(const char *text, uint8_t digest[HONE_DIGEST_BYTES]) {
    static const char digits[] = "0123456789abcdef";
    if (!text || strlen(text) != 2 * HONE_DIGEST_BYTES) return false;
    for (size_t i = 0; i < 2 * HONE_DIGEST_BYTES; i++) {
        const char *digit = strchr(digits, text[i]);
        if (!digit) return false;
        digest[i / 2] = (uint8_t)(digest[i / 2] << 4 | (digit - digits));
    }
    return true;
}

/* One version as delta/ sees it. */
typedef struct side {
    hone_layout layout;
    hone_delta_side side;
    sqlite3_stmt *row; /* manifest and checksum */
} side;

static hone_status side_open(side *s, hone_store *store, const char *model, hone_error *error) {
    int64_t id;
    bool row;
    HONE_TRY(hone__model_find(store, model, NULL, &id, error));
    HONE_TRY(hone__layout_open(&s->layout, store, id, error));
    HONE_TRY(hone__db_prepare(store, manifest_sql, &s->row, error));
    sqlite3_bind_int64(s->row, 1, id);
    HONE_TRY(hone__db_step(store, s->row, &row, error));
    if (!row || !digest_from_text((const char *)sqlite3_column_text(s->row, 1), s->side.sha256))
        return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET, "%s: model '%s' has no checksum",
                         store->path, model);
    s->side.bytes = (hone_byte_source){s->layout.size, hone__layout_read, &s->layout};
    s->side.borders = s->layout.borders;
    s->side.border_count = s->layout.border_count;
    return HONE_OK;
}

static void side_close(side *s) {
    sqlite3_finalize(s->row);
    hone__layout_close(&s->layout);
}

typedef struct making {
    const char *from, *to, *path;
    hone_progress progress;
    void *user;
    hone_store_delta_report *report;
} making;

static hone_status make(hone_store *store, const making *m, side *before, side *after,
                        hone_error *error) {
    hone_writer writer = {0};
    HONE_TRY(side_open(before, store, m->from, error));
    HONE_TRY(side_open(after, store, m->to, error));
    hone_delta_manifest manifest = {(const char *)sqlite3_column_text(after->row, 0),
                                    (size_t)sqlite3_column_bytes(after->row, 0)};
    hone_status status = hone__writer_open(&writer, m->path, error);
    if (status == HONE_OK)
        status = hone__delta_write(store->allocator, &before->side, &after->side, manifest, &writer,
                                   m->progress, m->user, error);
    if (status == HONE_OK && m->report)
        *m->report = (hone_store_delta_report){writer.written, after->side.bytes.size};
    if (status == HONE_OK) status = hone__writer_commit(&writer, error);
    hone__writer_abandon(&writer);
    return status;
}

hone_status hone_store_delta(hone_store *store, const char *from, const char *to, const char *path,
                             hone_progress progress, void *user, hone_store_delta_report *report,
                             hone_error *error) {
    making m = {from, to, path, progress, user, report};
    side before = {0}, after = {0};
    HONE_TRY(hone__db_exec(store, "BEGIN", error));
    hone_status status = make(store, &m, &before, &after, error);
    side_close(&before);
    side_close(&after);
    return hone__db_end(store, status, error);
}
