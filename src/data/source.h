/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind datasets: one source that all parts share by a counted reference, filled once
 * by the opener of its form and read only from then on. */
#ifndef HONE_DATA_SOURCE_H
#define HONE_DATA_SOURCE_H

#include "base/arena.h"
#include "base/file.h"
#include "data/listing.h"
#include <hone/data.h>
#include <stdatomic.h>

#define HONE_DATA_MAX_CLASSES 1000000

typedef struct hone_item {
    const char *path;    /* files; NULL in packed forms */
    int64_t class_index; /* -1: none */
    size_t first_box;
    uint32_t box_count;
} hone_item;

typedef struct hone_source {
    atomic_uint users;
    hone_form form;
    uint64_t max_pixels, max_bytes;
    hone_arena arena; /* paths and names */
    size_t count;
    /* Files: items[count]. */
    hone_item *items;
    size_t item_capacity;
    hone_box *boxes;
    size_t box_count, box_capacity;
    /* IDX: count pictures of height * width * channels, count labels (NULL: none). */
    uint8_t *pixels, *labels;
    size_t pixel_bytes, label_bytes;
    uint32_t width, height, channels;
    /* npy: views of the mappings; y.data NULL: none. */
    hone_mapping x_map, y_map;
    hone_tensor x, y;
    /* Classes: names may be NULL. */
    const char **class_names;
    uint32_t class_count, class_capacity;
} hone_source;

hone_status hone__source_new(const hone_dataset_options *options, hone_source **source,
                             hone_error *error);
void hone__source_release(hone_source *source); /* NULL is fine */

hone_status hone__source_add_item(hone_source *source, const char *path, int64_t class_index,
                                  hone_error *error);
hone_status hone__source_add_box(hone_source *source, const hone_box *box, hone_error *error);
/* Makes class `index` known; `name` (in the arena) may be NULL. */
hone_status hone__source_add_class(hone_source *source, int64_t index, const char *name,
                                   hone_error *error);

/* Openers. They fill the source; `path` has been seen to be of their form. */
hone_status hone__open_idx(hone_source *source, const char *path, const char *split,
                           hone_error *error);
hone_status hone__open_folders(hone_source *source, const char *path, const hone_listing *listing,
                               const hone_card *card, hone_error *error);
hone_status hone__open_csv(hone_source *source, const char *path, hone_error *error);
hone_status hone__open_yolo(hone_source *source, const char *images, const char *labels,
                            hone_error *error);
hone_status hone__open_npy(hone_source *source, const char *x_path, const char *y_path,
                           hone_error *error);

/* Does a file of this name hold IDX pictures? */
bool hone__is_idx_pictures(const char *name);

#endif
