/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of src/graph share. */
#ifndef HONE_GRAPH_INTERNAL_H
#define HONE_GRAPH_INTERNAL_H

#include "graph/graph.h"

struct hone_blob_ref {
    hone_blob *blob;
    struct hone_blob_ref *next;
};

/* Name -> value, open addressing with linear probing; slots are a power of two, at most half full.
 * Values are never removed. */
typedef struct hone_name_table {
    hone_value **slots;
    uint32_t slot_count, used;
} hone_name_table;

uint32_t hone__name_hash(const char *name);
hone_status hone__names_add(hone_graph *graph, hone_value *value, hone_error *error);
hone_value *hone__names_find(const hone_graph *graph, const char *name);

/* Appends to an array in the graph's arena: copies to twice the room when count is a power of two
 * (or zero). */
void *hone__array_push(hone_graph *graph, void *array, uint32_t count, size_t size,
                       const void *item);

#endif
