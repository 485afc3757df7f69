/* SPDX-License-Identifier: Apache-2.0 */
/* Which stretch of the old file tells which stretch of the new one. */
#include "base/error.h"
#include "store/delta/delta.h"

#include <stdlib.h>
#include <string.h>

typedef struct planning {
    const hone_delta_side *before, *after;
    hone_delta_plan *plan;
    uint32_t *by_name; /* numbers of the old borders, sorted by name */
    uint8_t *old_bytes, *new_bytes;
    hone_error *error;
} planning;

void hone__delta_plan_free(hone_delta_plan *plan) {
    if (plan->entries)
        hone__free(plan->allocator, plan->entries, plan->capacity * sizeof *plan->entries);
    *plan = (hone_delta_plan){0};
}

/* ---- names ---- */

static int by_name(const void *a, const void *b, void *context) {
    const planning *p = context;
    const hone_border *all = p->before->borders;
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    int order = strcmp(all[i].name, all[k].name);
    return order ? order : i < k ? -1 : i > k;
}

static hone_status sort_names(planning *p) {
    uint32_t count = p->before->border_count;
    p->by_name = hone__alloc(p->plan->allocator, count + 1, sizeof *p->by_name);
    if (!p->by_name) return hone_fail_memory(p->error, count * sizeof *p->by_name);
    for (uint32_t i = 0; i < count; i++) p->by_name[i] = i;
    if (count) qsort_r(p->by_name, count, sizeof *p->by_name, by_name, p);
    return HONE_OK;
}

static const hone_border *find_name(const planning *p, const char *name) {
    uint32_t low = 0, high = p->before->border_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(p->before->borders[p->by_name[middle]].name, name);
        if (!order) return &p->before->borders[p->by_name[middle]];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* The old tensor of that name; where there is none, the one in the same place if it looks alike. */
static const hone_border *partner(const planning *p, uint32_t index) {
    const hone_border *border = &p->after->borders[index];
    const hone_border *found = *border->name ? find_name(p, border->name) : NULL;
    if (found || index >= p->before->border_count) return found;
    found = &p->before->borders[index];
    return found->bytes == border->bytes && found->dtype == border->dtype ? found : NULL;
}

/* ---- entries ---- */

hone_element hone__element_of(hone_dtype dtype) {
    static const struct {
        hone_dtype dtype;
        hone_element element;
    } known[] = {
        {HONE_S8, HONE_ELEMENT_INT8},     {HONE_U8, HONE_ELEMENT_INT8},
        {HONE_S16, HONE_ELEMENT_INT16},   {HONE_U16, HONE_ELEMENT_INT16},
        {HONE_S32, HONE_ELEMENT_INT32},   {HONE_U32, HONE_ELEMENT_INT32},
        {HONE_F16, HONE_ELEMENT_FLOAT16}, {HONE_BF16, HONE_ELEMENT_BFLOAT16},
        {HONE_F32, HONE_ELEMENT_FLOAT32}, {HONE_F64, HONE_ELEMENT_FLOAT64},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].dtype == dtype) return known[i].element;
    return HONE_ELEMENT_BYTES;
}

/* Unchanged stretches that follow each other on both sides are one entry. */
static bool join(hone_delta_plan *plan, const hone_delta_entry *entry) {
    hone_delta_entry *last = plan->count ? &plan->entries[plan->count - 1] : NULL;
    if (!last || !last->same || !entry->same || last->old_offset + last->size != entry->old_offset)
        return false;
    last->size += entry->size;
    last->old_size = last->size;
    return true;
}

static hone_status append(planning *p, const hone_delta_entry *entry) {
    hone_delta_plan *plan = p->plan;
    if (!entry->size || join(plan, entry)) return HONE_OK;
    if (plan->count == HONE_DELTA_MAX_ENTRIES)
        return hone_fail(p->error, HONE_LIMIT, HONE_NO_OFFSET, "more than %u tensors",
                         HONE_DELTA_MAX_ENTRIES);
    if (plan->count == plan->capacity) {
        uint32_t room = plan->capacity ? 2 * plan->capacity : 64;
        void *grown = hone__grow(plan->allocator, plan->entries, plan->capacity * sizeof *entry,
                                 room * sizeof *entry);
        if (!grown) return hone_fail_memory(p->error, room * sizeof *entry);
        plan->entries = grown;
        plan->capacity = room;
    }
    plan->entries[plan->count++] = *entry;
    return HONE_OK;
}

static hone_status is_same(planning *p, uint64_t new_offset, hone_delta_entry *entry) {
    for (uint64_t done = 0; done < entry->size;) {
        size_t step =
            entry->size - done < HONE_FRAME_BYTES ? (size_t)(entry->size - done) : HONE_FRAME_BYTES;
        const hone_byte_source *a = &p->before->bytes, *b = &p->after->bytes;
        HONE_TRY(a->read(a->context, entry->old_offset + done, p->old_bytes, step, p->error));
        HONE_TRY(b->read(b->context, new_offset + done, p->new_bytes, step, p->error));
        if (memcmp(p->old_bytes, p->new_bytes, step) != 0) return HONE_OK;
        done += step;
    }
    entry->same = true;
    return HONE_OK;
}

static hone_status add_stretch(planning *p, uint64_t offset, hone_delta_entry entry) {
    entry.has_old = entry.has_old && entry.old_size > 0;
    if (entry.has_old && entry.old_size == entry.size) HONE_TRY(is_same(p, offset, &entry));
    return append(p, &entry);
}

static uint64_t end_of(const hone_border *border) {
    return border ? border->offset + border->bytes : 0;
}

/* Where the first tensor at or behind `from` begins, or the file ends. */
static uint64_t next_tensor(const hone_delta_side *side, uint64_t from) {
    uint32_t next = hone__borders_first(side->borders, side->border_count, from);
    return next < side->border_count ? side->borders[next].offset : side->bytes.size;
}

/* What lies between two tensors is told by what lies behind the partner of the first. */
static hone_status add_gap(planning *p, uint64_t begin, uint64_t end, const hone_border *previous,
                           bool known) {
    uint64_t from = end_of(previous), to = next_tensor(p->before, from);
    return add_stretch(
        p, begin,
        (hone_delta_entry){
            .size = end - begin, .has_old = known, .old_offset = from, .old_size = to - from});
}

static hone_status add_tensor(planning *p, const hone_border *border, const hone_border *old) {
    hone_delta_entry entry = {
        .size = border->bytes, .element = hone__element_of(border->dtype), .row = border->row};
    if (old && old->dtype == border->dtype) {
        entry.has_old = true;
        entry.old_offset = old->offset;
        entry.old_size = old->bytes;
    }
    return add_stretch(p, border->offset, entry);
}

static hone_status plan_all(planning *p) {
    uint64_t at = 0;
    const hone_border *previous = NULL;
    bool known = true; /* the file's beginning tells the file's beginning */
    for (uint32_t i = 0; i < p->after->border_count; i++) {
        const hone_border *border = &p->after->borders[i];
        HONE_TRY(add_gap(p, at, border->offset, previous, known));
        previous = partner(p, i);
        known = previous != NULL;
        HONE_TRY(add_tensor(p, border, previous));
        at = end_of(border);
    }
    return add_gap(p, at, p->after->bytes.size, previous, known);
}

static hone_status check_side(const hone_delta_side *side, hone_error *error) {
    return hone__borders_check(side->borders, side->border_count, side->bytes.size, error);
}

hone_status hone__delta_plan(const hone_allocator *allocator, const hone_delta_side *before,
                             const hone_delta_side *after, hone_delta_plan *plan,
                             hone_error *error) {
    planning p = {.before = before, .after = after, .plan = plan, .error = error};
    *plan = (hone_delta_plan){.allocator = allocator};
    HONE_TRY(check_side(before, error));
    HONE_TRY(check_side(after, error));
    p.old_bytes = hone__alloc(allocator, 2, HONE_FRAME_BYTES);
    if (!p.old_bytes) return hone_fail_memory(error, 2 * HONE_FRAME_BYTES);
    p.new_bytes = p.old_bytes + HONE_FRAME_BYTES;
    hone_status status = sort_names(&p);
    if (status == HONE_OK) status = plan_all(&p);
    if (p.by_name) hone__free(allocator, p.by_name, (before->border_count + 1) * sizeof *p.by_name);
    hone__free(allocator, p.old_bytes, 2 * HONE_FRAME_BYTES);
    if (status != HONE_OK) hone__delta_plan_free(plan);
    return status;
}
