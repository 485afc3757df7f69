/* SPDX-License-Identifier: Apache-2.0 */
/* Where the constants of a model lie in its file: what the store cuts and compares by. */
#include "base/error.h"
#include "formats/model.h"

#include <stdlib.h>

typedef struct gathering {
    const uint8_t *data; /* of the file */
    size_t size;
    hone_border *borders;
    uint32_t count;
} gathering;

/* The blob that holds the file itself, not what the file refers to. */
static hone_blob *file_of(const hone_model *model) {
    hone_blob *blob = hone_graph_next_blob(model->graph, NULL);
    while (blob && hone_blob_size(blob) != model->file_bytes)
        blob = hone_graph_next_blob(model->graph, blob);
    return blob;
}

static bool lies_in(const gathering *g, const hone_value *value) {
    const uint8_t *data = value->data;
    if (value->kind != HONE_VALUE_CONSTANT || !value->bytes || !g->data) return false;
    uintptr_t begin = (uintptr_t)g->data, at = (uintptr_t)data;
    return at >= begin && at - begin < g->size && value->bytes <= g->size - (at - begin);
}

static uint32_t row_of(const hone_value *value) {
    uint64_t row = 1;
    for (int32_t d = 1; d < value->shape.rank; d++) row *= (uint64_t)value->shape.dim[d];
    return value->shape.rank > 1 && row <= UINT32_MAX ? (uint32_t)row : 0;
}

/* With borders NULL only counts. */
static void gather(gathering *g, const hone_graph *graph) {
    for (const hone_value *value = graph->first_value; value; value = value->next) {
        if (!lies_in(g, value)) continue;
        if (g->borders)
            g->borders[g->count] =
                (hone_border){.name = value->name ? value->name : "",
                              .offset = (uint64_t)((const uint8_t *)value->data - g->data),
                              .bytes = value->bytes,
                              .dtype = value->dtype,
                              .row = row_of(value)};
        g->count++;
    }
    for (const hone_graph *inner = graph->first_subgraph; inner; inner = inner->next_subgraph)
        gather(g, inner);
}

static int by_offset(const void *a, const void *b) {
    const hone_border *x = a, *y = b;
    if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
    return x->bytes > y->bytes ? -1 : x->bytes < y->bytes;
}

/* Of those that overlap (two values may share their bytes) the first stays. */
static uint32_t drop_overlaps(hone_border *borders, uint32_t count) {
    uint32_t kept = 0;
    uint64_t end = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (borders[i].offset < end) continue;
        end = borders[i].offset + borders[i].bytes;
        borders[kept++] = borders[i];
    }
    return kept;
}

hone_status hone_model_borders(const hone_model *model, hone_borders *borders, hone_error *error) {
    hone_blob *blob = file_of(model);
    gathering g = {.data = blob ? hone_blob_data(blob) : NULL,
                   .size = blob ? hone_blob_size(blob) : 0};
    *borders = (hone_borders){0};
    gather(&g, model->graph);
    if (!g.count) return HONE_OK;
    g.borders = hone__alloc(model->allocator, g.count, sizeof *g.borders);
    if (!g.borders) return hone_fail_memory(error, g.count * sizeof *g.borders);
    *borders = (hone_borders){.items = g.borders, .room = g.count};
    g.count = 0;
    gather(&g, model->graph);
    qsort(g.borders, g.count, sizeof *g.borders, by_offset);
    borders->count = drop_overlaps(g.borders, g.count);
    return HONE_OK;
}

void hone_model_borders_free(const hone_model *model, hone_borders *borders) {
    if (borders->items)
        hone__free(model->allocator, borders->items, borders->room * sizeof *borders->items);
    *borders = (hone_borders){0};
}
