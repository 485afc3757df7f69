/* SPDX-License-Identifier: Apache-2.0 */
#include "data/source.h"

#include "base/error.h"
#include <string.h>

#define DEFAULT_MAX_BYTES (UINT64_C(4) << 30)

hone_status hone__source_new(const hone_dataset_options *options, hone_source **source,
                             hone_error *error) {
    hone_source *s = hone__calloc(NULL, 1, sizeof *s);
    *source = NULL;
    if (!s) return hone_fail_memory(error, sizeof *s);
    atomic_init(&s->users, 1);
    s->max_pixels = options ? options->max_pixels : 0;
    s->max_bytes = options && options->max_bytes ? options->max_bytes : DEFAULT_MAX_BYTES;
    hone__arena_init(&s->arena, NULL);
    *source = s;
    return HONE_OK;
}

void hone__source_release(hone_source *s) {
    if (!s || atomic_fetch_sub(&s->users, 1) != 1) return;
    hone__free(NULL, s->items, s->item_capacity * sizeof *s->items);
    hone__free(NULL, s->boxes, s->box_capacity * sizeof *s->boxes);
    hone__free(NULL, s->pixels, s->pixel_bytes);
    hone__free(NULL, s->labels, s->label_bytes);
    hone__free(NULL, s->class_names, s->class_capacity * sizeof *s->class_names);
    hone__file_unmap(&s->x_map);
    hone__file_unmap(&s->y_map);
    hone__arena_release(&s->arena);
    hone__free(NULL, s, sizeof *s);
}

/* Room for one more element; doubles. */
static hone_status reserve(void **array, size_t count, size_t *capacity, size_t size,
                           hone_error *error) {
    size_t more = *capacity ? *capacity * 2 : 64;
    void *grown = NULL;
    if (count < *capacity) return HONE_OK;
    grown = hone__grow(NULL, *array, *capacity * size, more * size);
    if (!grown) return hone_fail_memory(error, more * size);
    *array = grown;
    *capacity = more;
    return HONE_OK;
}

hone_status hone__source_add_item(hone_source *s, const char *path, int64_t class_index,
                                  hone_error *error) {
    void *items = s->items;
    hone_status status = HONE_OK;
    if (!path) return hone_fail_memory(error, 256);
    status = reserve(&items, s->count, &s->item_capacity, sizeof *s->items, error);
    s->items = items;
    if (status != HONE_OK) return status;
    s->items[s->count++] = (hone_item){path, class_index, s->box_count, 0};
    return HONE_OK;
}

hone_status hone__source_add_box(hone_source *s, const hone_box *box, hone_error *error) {
    void *boxes = s->boxes;
    hone_status status = reserve(&boxes, s->box_count, &s->box_capacity, sizeof *box, error);
    s->boxes = boxes;
    if (status != HONE_OK) return status;
    s->boxes[s->box_count++] = *box;
    s->items[s->count - 1].box_count++;
    return HONE_OK;
}

hone_status hone__source_add_class(hone_source *s, int64_t index, const char *name,
                                   hone_error *error) {
    if (index < 0 || index >= HONE_DATA_MAX_CLASSES)
        return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "class index %lld is not in 0 to %d",
                         (long long)index, HONE_DATA_MAX_CLASSES - 1);
    if (index >= s->class_capacity) {
        size_t old = s->class_capacity, capacity = (size_t)index * 2 + 16;
        const char **grown =
            hone__grow(NULL, s->class_names, old * sizeof *grown, capacity * sizeof *grown);
        if (!grown) return hone_fail_memory(error, capacity * sizeof *grown);
        memset(grown + old, 0, (capacity - old) * sizeof *grown);
        s->class_names = grown;
        s->class_capacity = (uint32_t)capacity;
    }
    if (name) s->class_names[index] = name;
    if (index >= s->class_count) s->class_count = (uint32_t)index + 1;
    return HONE_OK;
}
