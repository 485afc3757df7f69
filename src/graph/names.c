/* SPDX-License-Identifier: Apache-2.0 */
/* Finding values by name: FNV-1a (Fowler, Noll, Vo) into an open table. */
#include "base/error.h"
#include "graph/internal.h"

#include <string.h>

#define FIRST_SLOTS 64

uint32_t hone__name_hash(const char *name) {
    uint32_t h = 2166136261u;
    for (; *name; name++) h = (h ^ (uint8_t)*name) * 16777619u;
    return h ^ h >> 15;
}

static hone_value **slot_of(const hone_name_table *table, const char *name) {
    uint32_t at = hone__name_hash(name) & (table->slot_count - 1);
    while (table->slots[at] && strcmp(table->slots[at]->name, name))
        at = (at + 1) & (table->slot_count - 1);
    return &table->slots[at];
}

static hone_status grow(hone_graph *graph, hone_name_table *table, hone_error *error) {
    uint32_t count = table->slot_count ? table->slot_count * 2 : FIRST_SLOTS;
    hone_name_table wider = {.slot_count = count, .used = table->used};
    wider.slots = hone__arena_alloc(&graph->arena, count, sizeof *wider.slots);
    if (!wider.slots) return hone_fail_memory(error, count * sizeof *wider.slots);
    for (uint32_t i = 0; i < table->slot_count; i++)
        if (table->slots[i]) *slot_of(&wider, table->slots[i]->name) = table->slots[i];
    *table = wider;
    return HONE_OK;
}

hone_status hone__names_add(hone_graph *graph, hone_value *value, hone_error *error) {
    hone_name_table *table = graph->names;
    if (table->used * 2 >= table->slot_count) HONE_TRY(grow(graph, table, error));
    *slot_of(table, value->name) = value;
    table->used++;
    return HONE_OK;
}

hone_value *hone__names_find(const hone_graph *graph, const char *name) {
    const hone_name_table *table = graph->names;
    return table->slot_count ? *slot_of(table, name) : NULL;
}

hone_value *hone_graph_find_value(const hone_graph *graph, const char *name) {
    return hone__names_find(graph, name);
}
