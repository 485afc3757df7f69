/* SPDX-License-Identifier: Apache-2.0 */
/* Where a stored version's chunks and tensors lie. */
#include "base/error.h"
#include "store/store.h"

#include <string.h>

/* ---- reading the rows ---- */

/* Room for one more of `size` bytes each behind `count`. */
static void *more(const hone_allocator *allocator, void *items, uint32_t count, uint32_t *room,
                  size_t size) {
    if (count < *room) return items;
    uint32_t wanted = *room ? 2 * *room : 64;
    void *grown = hone__grow(allocator, items, *room * size, wanted * size);
    if (grown) *room = wanted;
    return grown;
}

static hone_status add_place(hone_layout *layout, sqlite3_stmt *row, hone_error *error) {
    int64_t size = sqlite3_column_int64(row, 1);
    hone_chunk_place *places = more(layout->store->allocator, layout->places, layout->place_count,
                                    &layout->place_room, sizeof *places);
    if (!places) return hone_fail_memory(error, sizeof *places);
    layout->places = places;
    if (size < 1 || size > HONE_CHUNK_MOST)
        return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET, "chunk %u contradicts itself",
                         layout->place_count);
    places[layout->place_count++] =
        (hone_chunk_place){.offset = layout->size,
                           .size = (uint32_t)size,
                           .depth = (uint32_t)sqlite3_column_int(row, 2),
                           .chunk_id = sqlite3_column_int64(row, 0)};
    layout->size += (uint64_t)size;
    return HONE_OK;
}

/* Tensors that are not where tensors can be are left out: borders are a help, no promise. */
static hone_status add_border(hone_layout *layout, sqlite3_stmt *row, hone_error *error) {
    const char *name = (const char *)sqlite3_column_text(row, 0);
    const char *type = (const char *)sqlite3_column_text(row, 1);
    uint64_t offset = (uint64_t)sqlite3_column_int64(row, 2);
    uint64_t size = (uint64_t)sqlite3_column_int64(row, 3);
    const hone_border *last =
        layout->border_count ? &layout->borders[layout->border_count - 1] : NULL;
    if (offset > layout->size || size > layout->size - offset) return HONE_OK;
    if (last && offset < last->offset + last->bytes) return HONE_OK;
    hone_border *borders = more(layout->store->allocator, layout->borders, layout->border_count,
                                &layout->border_room, sizeof *borders);
    if (!borders) return hone_fail_memory(error, sizeof *borders);
    layout->borders = borders;
    char *text = hone__arena_text(&layout->texts, name ? name : "", name ? strlen(name) : 0);
    if (!text) return hone_fail_memory(error, sizeof *borders);
    borders[layout->border_count++] = (hone_border){.name = text,
                                                    .offset = offset,
                                                    .bytes = size,
                                                    .dtype = hone__type_of(type ? type : ""),
                                                    .row = (uint32_t)sqlite3_column_int64(row, 4)};
    return HONE_OK;
}

static hone_status for_rows(hone_layout *layout, const char *sql,
                            hone_status (*each)(hone_layout *, sqlite3_stmt *, hone_error *),
                            hone_error *error) {
    sqlite3_stmt *rows;
    bool row = true;
    HONE_TRY(hone__db_prepare(layout->store, sql, &rows, error));
    sqlite3_bind_int64(rows, 1, layout->model_id);
    hone_status status = HONE_OK;
    while (status == HONE_OK) {
        status = hone__db_step(layout->store, rows, &row, error);
        if (status != HONE_OK || !row) break;
        status = each(layout, rows, error);
    }
    sqlite3_finalize(rows);
    return status;
}

hone_status hone__layout_open(hone_layout *layout, hone_store *store, int64_t model_id,
                              hone_error *error) {
    bool newest = store->version >= 2;
    *layout = (hone_layout){.store = store, .model_id = model_id};
    hone__arena_init(&layout->texts, store->allocator);
    HONE_TRY(hone__chunk_reader_open(&layout->reader, store, error));
    HONE_TRY(for_rows(layout,
                      newest ? "SELECT l.chunk_id, c.size, c.depth FROM main.model_chunks l JOIN "
                               "main.chunks c ON c.chunk_id = l.chunk_id WHERE l.model_id = ?1 "
                               "ORDER BY l.position"
                             : "SELECT l.chunk_id, c.size, 0 FROM main.model_chunks l JOIN "
                               "main.chunks c ON c.chunk_id = l.chunk_id WHERE l.model_id = ?1 "
                               "ORDER BY l.position",
                      add_place, error));
    if (!newest) return HONE_OK;
    return for_rows(layout,
                    "SELECT tensor_name, type, file_offset, size, row FROM main.tensors "
                    "WHERE model_id = ?1 ORDER BY file_offset, position",
                    add_border, error);
}

void hone__layout_close(hone_layout *layout) {
    if (!layout->store) return;
    const hone_allocator *allocator = layout->store->allocator;
    hone__chunk_reader_close(&layout->reader);
    if (layout->places)
        hone__free(allocator, layout->places, layout->place_room * sizeof *layout->places);
    if (layout->borders)
        hone__free(allocator, layout->borders, layout->border_room * sizeof *layout->borders);
    hone__arena_release(&layout->texts);
    *layout = (hone_layout){0};
}

/* ---- finding ---- */

/* The last place that begins at or before `offset`; there is one. */
static const hone_chunk_place *place_of(const hone_layout *layout, uint64_t offset) {
    uint32_t low = 0, high = layout->place_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (layout->places[middle].offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return &layout->places[low];
}

const hone_chunk_place *hone__layout_chunk(const hone_layout *layout, uint64_t offset,
                                           size_t size) {
    if (offset >= layout->size) return NULL;
    const hone_chunk_place *place = place_of(layout, offset);
    return place->offset == offset && place->size == size ? place : NULL;
}

const hone_border *hone__layout_tensor(const hone_layout *layout, const char *name) {
    for (uint32_t i = 0; i < layout->border_count; i++)
        if (!strcmp(layout->borders[i].name, name)) return &layout->borders[i];
    return NULL;
}

hone_status hone__layout_read(void *context, uint64_t offset, void *to, size_t size,
                              hone_error *error) {
    hone_layout *layout = context;
    uint8_t *at = to;
    if (offset > layout->size || size > layout->size - offset)
        return hone_fail(error, HONE_CORRUPT, offset, "bytes behind the model's end");
    while (size) {
        const hone_chunk_place *place = place_of(layout, offset);
        size_t skip = (size_t)(offset - place->offset), got = place->size;
        if (layout->at_hand != place->chunk_id) {
            layout->at_hand = 0;
            HONE_TRY(hone__chunk_read(&layout->reader, place->chunk_id, &got, error));
            if (got != place->size)
                return hone_fail(error, HONE_CORRUPT, offset, "a chunk contradicts its row");
            layout->at_hand = place->chunk_id;
        }
        size_t part = size < place->size - skip ? size : place->size - skip;
        memcpy(at, layout->reader.data + skip, part);
        at += part;
        offset += part;
        size -= part;
    }
    return HONE_OK;
}
