/* SPDX-License-Identifier: Apache-2.0 */
/* IDX, the form of MNIST and its kin (yann.lecun.com/exdb/mnist): two zero bytes, element type,
 * rank, big-endian dimensions, elements. Plain or gzip: zlib reads both. A set of pictures is a
 * file PREFIX-images-idx3-ubyte with PREFIX-labels-idx1-ubyte beside it; PREFIX is the split, and
 * MNIST's "t10k" is also called "test". */
#include "data/source.h"

#include "base/error.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define IDX_U8      0x08
#define FIRST_BLOCK ((size_t)16 << 20) /* a header may promise more than the file has */

static uint32_t big32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static hone_status read_exactly(gzFile file, void *to, size_t size, uint64_t at,
                                hone_error *error) {
    uint8_t *p = to;
    while (size > 0) {
        unsigned want = size > (1u << 30) ? 1u << 30 : (unsigned)size;
        int got = gzread(file, p, want), code = 0;
        if (got < 0) return hone_fail(error, HONE_FORMAT, at, "IDX: %s", gzerror(file, &code));
        if (got == 0)
            return hone_fail(error, HONE_FORMAT, at, "IDX: the file ends at byte %llu, too early",
                             (unsigned long long)at);
        p += got;
        at += (unsigned)got;
        size -= (unsigned)got;
    }
    return HONE_OK;
}

/* Memory grows with what is read, not with what the header promises. */
static hone_status read_body(gzFile file, size_t size, uint64_t at, uint8_t **body,
                             size_t *capacity, hone_error *error) {
    size_t have = 0;
    while (have < size) {
        size_t next = have ? have * 2 : FIRST_BLOCK;
        uint8_t *grown = NULL;
        if (next > size) next = size;
        grown = hone__grow(NULL, *body, *capacity, next);
        if (!grown) return hone_fail_memory(error, next);
        *body = grown;
        *capacity = next;
        HONE_TRY(read_exactly(file, grown + have, next - have, at + have, error));
        have = next;
    }
    return HONE_OK;
}

static hone_status read_header(gzFile file, int32_t least_rank, int32_t most_rank,
                               uint64_t max_bytes, hone_shape *shape, size_t *bytes,
                               hone_error *error) {
    uint8_t head[4], dims[4 * 4];
    uint64_t product = 1;
    HONE_TRY(read_exactly(file, head, sizeof head, 0, error));
    if (head[0] || head[1] || head[3] < least_rank || head[3] > most_rank)
        return hone_fail(error, HONE_FORMAT, 0, "IDX: the header is not one of %d to %d dimensions",
                         least_rank, most_rank);
    if (head[2] != IDX_U8)
        return hone_fail(error, HONE_UNSUPPORTED, 2, "IDX: only unsigned bytes are supported");
    shape->rank = head[3];
    HONE_TRY(read_exactly(file, dims, 4u * head[3], 4, error));
    for (int32_t i = 0; i < shape->rank; i++) {
        shape->dim[i] = big32(dims + 4 * i);
        product *= (uint64_t)shape->dim[i];
        if (product > max_bytes || shape->dim[i] == 0)
            return hone_fail(
                error, shape->dim[i] ? HONE_LIMIT : HONE_FORMAT, 4u + 4u * (unsigned)i, "IDX: %s",
                shape->dim[i] ? "larger than the limit of bytes allowed" : "a dimension is zero");
    }
    *bytes = (size_t)product;
    return HONE_OK;
}

/* Reading on to the end also makes zlib check the sum. */
static hone_status expect_end(gzFile file, uint64_t at, hone_error *error) {
    uint8_t more = 0;
    int code = 0, got = gzread(file, &more, 1);
    if (got < 0) return hone_fail(error, HONE_FORMAT, at, "IDX: %s", gzerror(file, &code));
    return got == 0 ? HONE_OK
                    : hone_fail(error, HONE_FORMAT, at, "IDX: more bytes than its header says");
}

static hone_status read_file(const char *path, int32_t least_rank, int32_t most_rank,
                             uint64_t max_bytes, hone_shape *shape, uint8_t **body,
                             size_t *capacity, hone_error *error) {
    size_t bytes = 0;
    hone_status status = HONE_OK;
    gzFile file = gzopen(path, "rb");
    if (!file) return hone_fail(error, HONE_IO, HONE_NO_OFFSET, "%s: %s", path, strerror(errno));
    status = read_header(file, least_rank, most_rank, max_bytes, shape, &bytes, error);
    if (status == HONE_OK) {
        uint64_t at = 4u + 4u * (unsigned)shape->rank;
        status = read_body(file, bytes, at, body, capacity, error);
        if (status == HONE_OK) status = expect_end(file, at + bytes, error);
    }
    (void)gzclose(file);
    if (status != HONE_OK) (void)hone_error_prefix(error, "%s", path);
    return status;
}

/* Where in a name like "train-images-idx3-ubyte.gz" the word "images" stands; NULL: not IDX. */
static const char *images_in(const char *name) {
    const char *at = strstr(name, "images-idx"), *tail = NULL;
    if (!at) at = strstr(name, "images.idx");
    tail = at ? at + strlen("images-idx") : NULL;
    if (!tail || (*tail != '3' && *tail != '4')) return NULL;
    tail++;
    return strcmp(tail, "-ubyte") == 0 || strcmp(tail, "-ubyte.gz") == 0 ? at : NULL;
}

bool hone__is_idx_pictures(const char *name) {
    return images_in(name) != NULL;
}

/* The split is what stands before "images", without its last '-'. */
static size_t split_length(const char *name) {
    size_t length = (size_t)(images_in(name) - name);
    return length > 0 && name[length - 1] == '-' ? length - 1 : length;
}

static bool is_split(const char *name, const char *split) {
    size_t length = split_length(name);
    if (strcmp(split, "test") == 0 && length == 4 && memcmp(name, "t10k", 4) == 0) return true;
    return strlen(split) == length && memcmp(name, split, length) == 0;
}

static hone_status choose(const hone_listing *listing, const char *path, const char *split,
                          const char **name, hone_error *error) {
    char found[200] = "";
    size_t matches = 0, used = 0;
    for (size_t i = 0; i < listing->count; i++) {
        const char *file = listing->entry[i].name;
        if (listing->entry[i].folder || !images_in(file)) continue;
        used = strlen(found);
        (void)snprintf(found + used, sizeof found - used, " %.*s", (int)split_length(file), file);
        if (split && !is_split(file, split)) continue;
        /* The same set both packed and plain is one set. */
        if (!*name || strncmp(*name, file, (size_t)(images_in(file) - file)) != 0) matches++;
        *name = file;
    }
    if (matches == 1) return HONE_OK;
    if (matches == 0)
        return hone_fail(error, HONE_NOT_FOUND, HONE_NO_OFFSET, "%s: no split '%s'; there are:%s",
                         path, split ? split : "", found);
    return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET,
                     "%s: there are several splits:%s; name one as in '%s#train' or '%s#test'",
                     path, found, path, path);
}

/* The labels beside: "images-idx3" becomes "labels-idx1", packed or plain. NULL: there are none. */
static const char *labels_beside(hone_arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    const char *at = images_in(slash ? slash + 1 : path);
    size_t size = strlen(path) + 8;
    char *out = hone__arena_alloc(arena, size, 1);
    static const char *const endings[] = {"-ubyte.gz", "-ubyte"};
    for (int i = 0; out && i < 2; i++) {
        (void)snprintf(out, size, "%.*slabels%cidx1%s", (int)(at - path), path, at[6], endings[i]);
        if (hone__is_file(out)) return out;
    }
    return NULL;
}

static hone_status read_labels(hone_source *s, const char *path, hone_error *error) {
    hone_shape shape = {0};
    HONE_TRY(read_file(path, 1, 1, s->max_bytes, &shape, &s->labels, &s->label_bytes, error));
    if ((uint64_t)shape.dim[0] != s->count)
        return hone_fail(error, HONE_FORMAT, 4, "%s: IDX: %lld labels for %zu pictures", path,
                         (long long)shape.dim[0], s->count);
    for (size_t i = 0; i < s->count; i++)
        if (s->labels[i] >= s->class_count)
            HONE_TRY(hone__source_add_class(s, s->labels[i], NULL, error));
    return HONE_OK;
}

static hone_status read_set(hone_source *s, const char *path, hone_error *error) {
    hone_shape shape = {0};
    const char *labels = labels_beside(&s->arena, path);
    HONE_TRY(read_file(path, 3, 4, s->max_bytes, &shape, &s->pixels, &s->pixel_bytes, error));
    s->count = (size_t)shape.dim[0];
    s->height = (uint32_t)shape.dim[1];
    s->width = (uint32_t)shape.dim[2];
    s->channels = shape.rank == 4 ? (uint32_t)shape.dim[3] : 1;
    if ((s->channels != 1 && s->channels != 3) || s->width > HONE_MAX_SIDE ||
        s->height > HONE_MAX_SIDE)
        return hone_fail(error, HONE_UNSUPPORTED, 4, "%s: IDX: pictures of %u x %u x %u", path,
                         s->height, s->width, s->channels);
    return labels ? read_labels(s, labels, error) : HONE_OK;
}

hone_status hone__open_idx(hone_source *source, const char *path, const char *split,
                           hone_error *error) {
    hone_listing listing = {0};
    const char *name = NULL;
    hone_status status = HONE_OK;
    source->form = HONE_FORM_IDX;
    if (hone__is_file(path)) return read_set(source, path, error);
    HONE_TRY(hone__list_folder(&source->arena, path, &listing, error));
    status = choose(&listing, path, split, &name, error);
    hone__listing_free(&listing);
    if (status != HONE_OK) return status;
    name = hone__join(&source->arena, path, name);
    return name ? read_set(source, name, error) : hone_fail_memory(error, 256);
}
