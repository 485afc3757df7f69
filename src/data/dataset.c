/* SPDX-License-Identifier: Apache-2.0 */
/* Datasets: reading DATA's grammar, recognising the form, and views (parts, samples) of one source.
 */
#include "data/source.h"

#include "base/error.h"
#include "base/rng.h"
#include "data/values.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hone_dataset {
    hone_source *source;
    size_t count;
    size_t *index; /* NULL: every sample of the source in order */
};

/* PATH[#SPLIT][:K/N | :-K/N], cut up. */
typedef struct spec {
    char *path; /* owned */
    size_t path_size;
    const char *split; /* in path; NULL: none */
    uint64_t k, n;
    bool has_part, others;
} spec;

/* ---- Views ---- */

static hone_status view_new(hone_source *source, size_t count, hone_dataset **out,
                            hone_error *error) {
    hone_dataset *d = hone__calloc(NULL, 1, sizeof *d);
    *out = NULL;
    if (!d) return hone_fail_memory(error, sizeof *d);
    d->index = hone__alloc(NULL, count ? count : 1, sizeof *d->index);
    if (!d->index) {
        hone__free(NULL, d, sizeof *d);
        return hone_fail_memory(error, count * sizeof *d->index);
    }
    atomic_fetch_add(&source->users, 1);
    d->source = source;
    d->count = count;
    *out = d;
    return HONE_OK;
}

static size_t place(const hone_dataset *d, size_t i) {
    return d->index ? d->index[i] : i;
}

static bool in_part(size_t i, uint64_t k, uint64_t n, bool others) {
    return (i % n == k - 1) != others;
}

hone_status hone_dataset_part(const hone_dataset *dataset, uint64_t k, uint64_t n, bool others,
                              hone_dataset **part, hone_error *error) {
    size_t count = 0, at = 0;
    *part = NULL;
    if (k < 1 || k > n)
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET,
                         "a part is K/N with K from 1 to N; %llu/%llu is none",
                         (unsigned long long)k, (unsigned long long)n);
    for (size_t i = 0; i < dataset->count; i++) count += in_part(i, k, n, others);
    if (count == 0)
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET, "the part %s%llu/%llu has no samples",
                         others ? "-" : "", (unsigned long long)k, (unsigned long long)n);
    HONE_TRY(view_new(dataset->source, count, part, error));
    for (size_t i = 0; i < dataset->count; i++)
        if (in_part(i, k, n, others)) (*part)->index[at++] = place(dataset, i);
    return HONE_OK;
}

/* Knuth's selection sampling (TAOCP 2, 3.4.2 S): keeps the order, needs no memory. */
hone_status hone_dataset_limit(const hone_dataset *dataset, uint64_t limit, uint64_t seed,
                               hone_dataset **part, hone_error *error) {
    size_t count = limit && limit < dataset->count ? (size_t)limit : dataset->count, at = 0;
    hone_rng rng;
    hone__rng_seed(&rng, seed, 0);
    HONE_TRY(view_new(dataset->source, count, part, error));
    for (size_t i = 0; i < dataset->count && at < count; i++)
        if (count == dataset->count || hone__rng_below(&rng, dataset->count - i) < count - at)
            (*part)->index[at++] = place(dataset, i);
    return HONE_OK;
}

void hone_dataset_free(hone_dataset *dataset) {
    if (!dataset) return;
    hone__source_release(dataset->source);
    if (dataset->index)
        hone__free(NULL, dataset->index,
                   (dataset->count ? dataset->count : 1) * sizeof *dataset->index);
    hone__free(NULL, dataset, sizeof *dataset);
}

/* ---- Opening ---- */

static bool digits(const char **at, uint64_t *value) {
    const char *start = *at;
    *value = 0;
    for (; isdigit((unsigned char)**at) && *at - start < 18; (*at)++)
        *value = *value * 10 + (uint64_t)(**at - '0');
    return *at > start;
}

/* A part at the end of `text`: cut off and read. A colon that no part follows belongs to the path.
 */
static void take_part(char *text, spec *s) {
    char *colon = strrchr(text, ':');
    const char *at = colon ? colon + 1 : NULL;
    bool others = false;
    uint64_t k = 0, n = 0;
    if (!at) return;
    if (*at == '-') others = true, at++;
    if (!digits(&at, &k) || *at++ != '/' || !digits(&at, &n) || *at) return;
    *colon = 0;
    s->k = k;
    s->n = n;
    s->others = others;
    s->has_part = true;
}

static hone_status spec_parse(const char *text, spec *s, hone_error *error) {
    char *hash = NULL;
    memset(s, 0, sizeof *s);
    s->path_size = strlen(text) + 1;
    s->path = hone__alloc(NULL, s->path_size, 1);
    if (!s->path) return hone_fail_memory(error, s->path_size);
    memcpy(s->path, text, s->path_size);
    take_part(s->path, s);
    hash = strrchr(s->path, '#');
    if (hash && !hone__is_folder(s->path) && !hone__is_file(s->path)) {
        *hash = 0;
        s->split = hash + 1;
    }
    if (*s->path) return HONE_OK;
    return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET, "'%s' names no data", text);
}

static hone_status unknown_form(const char *path, hone_error *error) {
    return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET,
                     "%s: no data of a known form: IDX files, labels.csv, images/ with labels/, "
                     "x.npy, or a folder of .jpg or .png a class",
                     path);
}

static bool any_idx(const hone_listing *listing) {
    for (size_t i = 0; i < listing->count; i++)
        if (!listing->entry[i].folder && hone__is_idx_pictures(listing->entry[i].name)) return true;
    return false;
}

static bool any_ending(const hone_listing *listing, const char *ending) {
    for (size_t i = 0; i < listing->count; i++)
        if (!listing->entry[i].folder && hone__ends_with(listing->entry[i].name, ending))
            return true;
    return false;
}

static hone_status open_series(const char *path, hone_error *error) {
    return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                     "%s: series are recognised, but their windows are not cut yet; give them as "
                     "x.npy and y.npy",
                     path);
}

static hone_status open_arrays(hone_source *s, const char *path, const hone_listing *listing,
                               hone_error *error) {
    const char *x = hone__join(&s->arena, path, "x.npy");
    const char *y = hone__join(&s->arena, path, "y.npy");
    if (!x || !y) return hone_fail_memory(error, 256);
    return hone__open_npy(s, x, hone__listing_find(listing, "y.npy") ? y : NULL, error);
}

static hone_status open_split(hone_source *s, const char *path, const char *split,
                              const hone_listing *listing, const hone_card *card,
                              hone_error *error);

static hone_status recognise(hone_source *s, const char *path, const char *split,
                             const hone_listing *listing, const hone_card *card,
                             hone_error *error) {
    const hone_entry *images = hone__listing_find(listing, "images");
    const hone_entry *labels = hone__listing_find(listing, "labels");
    if (any_idx(listing)) return hone__open_idx(s, path, split, error);
    if (split) return open_split(s, path, split, listing, card, error);
    if (hone__listing_find(listing, "labels.csv"))
        return hone__open_csv(s, hone__join(&s->arena, path, "labels.csv"), error);
    if (images && images->folder && labels && labels->folder)
        return hone__open_yolo(s, hone__join(&s->arena, path, "images"),
                               hone__join(&s->arena, path, "labels"), error);
    if (hone__listing_find(listing, "x.npy")) return open_arrays(s, path, listing, error);
    if (any_ending(listing, ".csv")) return open_series(path, error);
    return hone__open_folders(s, path, listing, card, error);
}

static hone_status open_folder(hone_source *s, const char *path, const char *split,
                               const hone_card *card, hone_error *error) {
    hone_listing listing = {0};
    hone_status status = hone__list_folder(&s->arena, path, &listing, error);
    if (status == HONE_OK) status = recognise(s, path, split, &listing, card, error);
    hone__listing_free(&listing);
    return status;
}

/* A split is a folder inside, or images/SPLIT with labels/SPLIT. */
static hone_status open_split(hone_source *s, const char *path, const char *split,
                              const hone_listing *listing, const hone_card *card,
                              hone_error *error) {
    const hone_entry *inside = hone__listing_find(listing, split);
    const char *images = hone__join(&s->arena, path, "images");
    const char *labels = hone__join(&s->arena, path, "labels");
    const char *folder = inside ? hone__join(&s->arena, path, inside->name) : NULL;
    if (folder && inside->folder) return open_folder(s, folder, NULL, card, error);
    if (images) images = hone__join(&s->arena, images, split);
    if (labels) labels = hone__join(&s->arena, labels, split);
    if (images && labels && hone__is_folder(images))
        return hone__open_yolo(s, images, labels, error);
    return hone_fail(error, HONE_NOT_FOUND, HONE_NO_OFFSET, "%s: there is no split '%s' in it",
                     path, split);
}

/* x.npy named itself: y.npy is looked for beside it. */
static hone_status open_array_file(hone_source *s, const char *path, hone_error *error) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char *y = hone__arena_text(&s->arena, path, strlen(path));
    if (!y) return hone_fail_memory(error, strlen(path));
    y[name - path] = 'y';
    return hone__open_npy(s, path, *name == 'x' && hone__is_file(y) ? y : NULL, error);
}

static hone_status open_file(hone_source *s, const char *path, hone_error *error) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (hone__is_idx_pictures(name)) return hone__open_idx(s, path, NULL, error);
    if (hone__ends_with(name, ".npy")) return open_array_file(s, path, error);
    if (strcmp(name, "labels.csv") == 0) return hone__open_csv(s, path, error);
    if (hone__ends_with(name, ".csv")) return open_series(path, error);
    return unknown_form(path, error);
}

static hone_status open_source(const spec *at, const hone_card *card,
                               const hone_dataset_options *options, hone_source **source,
                               hone_error *error) {
    hone_status status = HONE_OK;
    HONE_TRY(hone__source_new(options, source, error));
    status = hone__is_file(at->path) && !at->split
                 ? open_file(*source, at->path, error)
                 : open_folder(*source, at->path, at->split, card, error);
    if (status == HONE_OK && (*source)->count == 0) status = unknown_form(at->path, error);
    return status;
}

static hone_status narrow(const hone_dataset *all, const spec *at,
                          const hone_dataset_options *options, hone_dataset **dataset,
                          hone_error *error) {
    uint64_t limit = options ? options->limit : 0, seed = options ? options->seed : 0;
    hone_dataset *part = NULL;
    hone_status status = HONE_OK;
    if (!at->has_part) return hone_dataset_limit(all, limit, seed, dataset, error);
    HONE_TRY(hone_dataset_part(all, at->k, at->n, at->others, &part, error));
    status = hone_dataset_limit(part, limit, seed, dataset, error);
    hone_dataset_free(part);
    return status;
}

hone_status hone_dataset_open(const char *text, const hone_card *card,
                              const hone_dataset_options *options, hone_dataset **dataset,
                              hone_error *error) {
    hone_dataset all = {0};
    spec at = {0};
    hone_status status = spec_parse(text, &at, error);
    *dataset = NULL;
    if (status == HONE_OK) status = open_source(&at, card, options, &all.source, error);
    if (status == HONE_OK) {
        all.count = all.source->count;
        status = narrow(&all, &at, options, dataset, error);
    }
    hone__source_release(all.source);
    hone__free(NULL, at.path, at.path_size);
    return status;
}

/* ---- Looking and reading ---- */

size_t hone_dataset_count(const hone_dataset *dataset) {
    return dataset->count;
}
hone_form hone_dataset_form(const hone_dataset *dataset) {
    return dataset->source->form;
}
uint32_t hone_dataset_classes(const hone_dataset *dataset) {
    return dataset->source->class_count;
}

const char *hone_form_name(hone_form form) {
    switch (form) {
#define FORM_NAME(name, number, word)                                                              \
    case HONE_FORM_##name:                                                                         \
        return word;
        HONE_FORM_MAP(FORM_NAME)
#undef FORM_NAME
    }
    return "unknown";
}

const char *hone_dataset_class_name(const hone_dataset *dataset, uint32_t class_index) {
    const hone_source *s = dataset->source;
    return class_index < s->class_count ? s->class_names[class_index] : NULL;
}

void hone_dataset_item_name(const hone_dataset *dataset, size_t index, char *out, size_t size) {
    size_t i = place(dataset, index);
    if (dataset->source->items)
        (void)snprintf(out, size, "%s", dataset->source->items[i].path);
    else
        (void)snprintf(out, size, "#%zu", i);
}

static int64_t class_of(const hone_source *s, size_t i) {
    if (s->items) return s->items[i].class_index;
    if (s->labels) return s->labels[i];
    if (s->y.data && s->class_count) return (int64_t)hone__value_at(&s->y, i);
    return -1;
}

hone_status hone_dataset_class(const hone_dataset *dataset, size_t index, int64_t *class_index,
                               hone_error *error) {
    if (index >= dataset->count)
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET, "sample %zu of %zu", index,
                         dataset->count);
    *class_index = class_of(dataset->source, place(dataset, index));
    return HONE_OK;
}

static hone_status read_idx(const hone_source *s, size_t i, hone_sample *sample,
                            hone_error *error) {
    size_t bytes = (size_t)s->width * s->height * s->channels;
    HONE_TRY(hone_picture_new(s->width, s->height, s->channels, &sample->picture, error));
    memcpy(sample->picture.data, s->pixels + i * bytes, bytes);
    return HONE_OK;
}

static void read_array(const hone_source *s, size_t i, hone_sample *sample) {
    size_t bytes = s->x.bytes / s->count;
    sample->tensor = s->x;
    sample->tensor.shape.rank--;
    for (int32_t d = 0; d < sample->tensor.shape.rank; d++)
        sample->tensor.shape.dim[d] = s->x.shape.dim[d + 1];
    sample->tensor.bytes = bytes;
    sample->tensor.data = (uint8_t *)s->x.data + i * bytes;
    if (s->y.data) sample->target = (float)hone__value_at(&s->y, i);
}

static hone_status copy_boxes(const hone_source *s, const hone_item *item, hone_sample *sample,
                              hone_error *error) {
    hone_boxes *b = &sample->boxes;
    if (item->box_count == 0) return HONE_OK;
    b->box = hone__alloc(NULL, item->box_count, sizeof *b->box);
    if (!b->box) return hone_fail_memory(error, item->box_count * sizeof *b->box);
    memcpy(b->box, s->boxes + item->first_box, item->box_count * sizeof *b->box);
    b->count = b->capacity = item->box_count;
    return HONE_OK;
}

hone_status hone_dataset_read(const hone_dataset *dataset, size_t index, hone_sample *sample,
                              hone_error *error) {
    const hone_source *s = dataset->source;
    size_t i = 0;
    hone_sample_free(sample);
    HONE_TRY(hone_dataset_class(dataset, index, &sample->class_index, error));
    i = place(dataset, index);
    if (s->form == HONE_FORM_IDX) return read_idx(s, i, sample, error);
    if (s->form == HONE_FORM_NPY) {
        read_array(s, i, sample);
        return HONE_OK;
    }
    HONE_TRY(copy_boxes(s, &s->items[i], sample, error));
    return hone_picture_read(s->items[i].path, s->max_pixels, &sample->picture, error);
}

void hone_boxes_free(hone_boxes *boxes) {
    hone__free(NULL, boxes->box, boxes->capacity * sizeof *boxes->box);
    memset(boxes, 0, sizeof *boxes);
}

void hone_sample_free(hone_sample *sample) {
    hone_picture_free(&sample->picture);
    hone_boxes_free(&sample->boxes);
    memset(sample, 0, sizeof *sample);
    sample->class_index = -1;
}
