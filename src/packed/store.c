/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of one model; see packed.h.
 *
 * One lock covers a whole call, making included: two sessions that are planned at once want the
 * same forms, and the second finds all of them made. */
#include "base/error.h"
#include "packed/internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* A mapped file lives as long as one of its forms. */
typedef struct shared_file {
    hone_packed_file file;
    uint32_t users;
} shared_file;

struct hone_packed_form {
    hone_packed_form *next; /* of the same slot */
    hone_packed_key key;
    size_t bytes;
    const void *data; /* NULL while nobody made it */
    void *owned;      /* data again, where it is not in a file */
    shared_file *file;
    uint32_t users;
};

enum { SLOTS = 256 };

struct hone_packed_store {
    const hone_allocator *allocator;
    atomic_uint references;
    pthread_mutex_t lock;
    hone_packed_form *slots[SLOTS]; /* by the key's first byte */
    hone_packed_counts counts;
};

hone_status hone__packed_store_new(const hone_allocator *allocator, hone_packed_store **store,
                                   hone_error *error) {
    *store = (hone_packed_store *)hone__calloc(allocator, 1, sizeof **store);
    if (!*store) return hone_fail_memory(error, sizeof **store);
    (*store)->allocator = allocator;
    atomic_init(&(*store)->references, 1);
    pthread_mutex_init(&(*store)->lock, NULL);
    return HONE_OK;
}

void hone__packed_store_hold(hone_packed_store *store) {
    atomic_fetch_add(&store->references, 1);
}

/* Whoever holds forms holds the store, so none is left here. */
void hone__packed_store_release(hone_packed_store *store) {
    if (!store || atomic_fetch_sub(&store->references, 1) > 1) return;
    pthread_mutex_destroy(&store->lock);
    hone__free(store->allocator, store, sizeof *store);
}

hone_packed_counts hone__packed_counts(hone_packed_store *store) {
    pthread_mutex_lock(&store->lock);
    hone_packed_counts counts = store->counts;
    pthread_mutex_unlock(&store->lock);
    return counts;
}

static void leave_file(const hone_packed_store *store, shared_file *file) {
    if (--file->users) return;
    hone__packed_close(&file->file);
    hone__free(store->allocator, file, sizeof *file);
}

static void drop_form(hone_packed_store *store, hone_packed_form *form) {
    if (--form->users) return;
    hone_packed_form **at = &store->slots[form->key.bytes[0]];
    while (*at != form) at = &(*at)->next;
    *at = form->next;
    hone__free_aligned(store->allocator, form->owned, form->bytes);
    if (form->file) leave_file(store, form->file);
    hone__free(store->allocator, form, sizeof *form);
}

static hone_packed_form *find_form(const hone_packed_store *store, const hone_packed_want *want) {
    hone_packed_form *form = store->slots[want->key.bytes[0]];
    while (form && (form->bytes != want->bytes || memcmp(&form->key, &want->key, sizeof form->key)))
        form = form->next;
    return form;
}

/* The form of that key, an empty one where there was none; *added tells. */
static hone_status join_form(hone_packed_store *store, hone_packed_want *want, bool *added,
                             hone_error *error) {
    want->form = find_form(store, want);
    *added = !want->form;
    if (*added) {
        want->form = (hone_packed_form *)hone__calloc(store->allocator, 1, sizeof *want->form);
        if (!want->form) return hone_fail_memory(error, sizeof *want->form);
        hone_packed_form **slot = &store->slots[want->key.bytes[0]];
        *want->form = (hone_packed_form){.next = *slot, .key = want->key, .bytes = want->bytes};
        *slot = want->form;
    }
    want->form->users++;
    return HONE_OK;
}

static void give_back(hone_packed_store *store, hone_packed_want *wants, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (wants[i].form) {
            drop_form(store, wants[i].form);
            wants[i].form = NULL, wants[i].packed = NULL;
        }
}

/* ---- making what is missing ---- */

/* What one call found missing, each form once. */
typedef struct batch {
    hone_packed_store *store;
    hone_packed_want **wants;
    uint32_t count;
    hone_pool *pool;
    uint32_t threads;
    uint8_t *base;   /* of the file that is being made; NULL: forms have memory of their own */
    size_t *offsets; /* in it */
} batch;

static void make_form(void *context, uint32_t index, uint32_t worker) {
    const batch *b = (const batch *)context;
    const hone_packed_want *want = b->wants[index];
    void *at = b->base ? b->base + b->offsets[index] : want->form->owned;
    want->make(want->recipe, at);
    (void)worker;
}

static void make_all(batch *b) {
    if (b->pool && b->threads > 1)
        hone__pool_run(b->pool, b->threads, b->count, make_form, b);
    else
        for (uint32_t i = 0; i < b->count; i++) make_form(b, i, 0);
    b->store->counts.made += b->count;
}

static hone_status make_in_memory(batch *b, hone_error *error) {
    for (uint32_t i = 0; i < b->count; i++) {
        hone_packed_form *form = b->wants[i]->form;
        form->owned = hone__alloc_aligned(b->store->allocator, form->bytes);
        if (!form->owned) return hone_fail_memory(error, form->bytes);
        memset(form->owned, 0, form->bytes);
    }
    make_all(b);
    for (uint32_t i = 0; i < b->count; i++) b->wants[i]->form->data = b->wants[i]->form->owned;
    return HONE_OK;
}

static void share_file(const batch *b, shared_file *shared) {
    for (uint32_t i = 0; i < b->count; i++) {
        hone_packed_form *form = b->wants[i]->form;
        form->data = shared->file.data + b->offsets[i];
        form->file = shared;
    }
    shared->users = b->count;
}

static bool make_file(batch *b, const char *path, const hone_packed_cache *cache, size_t size,
                      hone_packed_file *file) {
    hone_packed_draft draft;
    if (size > cache->limit || (cache->sound && !cache->sound(cache->user))) return false;
    if (!hone__packed_make_room(cache, size) || !hone__packed_draft(path, size, &draft))
        return false;
    b->base = draft.data;
    make_all(b);
    b->base = NULL;
    hone__packed_commit(&draft, b->wants, b->count, file);
    return true;
}

/* Out of the cache file, or into a new one; *done is false where there can be no file. */
static hone_status use_file(batch *b, const hone_packed_cache *cache, bool *done,
                            hone_error *error) {
    const hone_allocator *allocator = b->store->allocator;
    size_t size = 0;
    if (!hone__packed_layout(b->wants, b->count, &size)) return HONE_OK;
    char *path = hone__packed_path(allocator, cache->folder, b->wants, b->count);
    shared_file *shared = (shared_file *)hone__calloc(allocator, 1, sizeof *shared);
    b->offsets = (size_t *)hone__alloc(allocator, b->count, sizeof *b->offsets);
    if (path && shared && b->offsets) {
        size_t offset = hone__packed_first(b->count);
        for (uint32_t i = 0; i < b->count; i++) {
            b->offsets[i] = offset;
            offset = hone__packed_next(offset, b->wants[i]->bytes);
        }
        *done = hone__packed_open(path, b->wants, b->count, &shared->file);
        if (*done)
            b->store->counts.mapped += b->count;
        else
            *done = make_file(b, path, cache, size, &shared->file);
        if (*done) share_file(b, shared);
    } else {
        hone_fail_memory(error, size);
    }
    bool memory = path && shared && b->offsets;
    if (!*done) hone__free(allocator, shared, sizeof *shared);
    hone__free(allocator, b->offsets, b->count * sizeof *b->offsets);
    if (path) hone__free(allocator, path, strlen(path) + 1);
    b->offsets = NULL;
    return memory ? HONE_OK : HONE_MEMORY;
}

static hone_status make_missing(batch *b, const hone_packed_cache *cache, hone_error *error) {
    bool done = false;
    if (b->count == 0) return HONE_OK;
    if (cache) HONE_TRY(use_file(b, cache, &done, error));
    return done ? HONE_OK : make_in_memory(b, error);
}

static hone_status take(batch *b, hone_packed_want *wants, uint32_t count,
                        const hone_packed_cache *cache, hone_error *error) {
    for (uint32_t i = 0; i < count; i++) {
        bool added = false;
        HONE_TRY(join_form(b->store, &wants[i], &added, error));
        if (added) b->wants[b->count++] = &wants[i];
    }
    HONE_TRY(make_missing(b, cache, error));
    for (uint32_t i = 0; i < count; i++) wants[i].packed = wants[i].form->data;
    return HONE_OK;
}

hone_status hone__packed_take(hone_packed_store *store, hone_packed_want *wants, uint32_t count,
                              const hone_packed_cache *cache, hone_pool *pool, uint32_t threads,
                              hone_error *error) {
    if (count == 0) return HONE_OK;
    batch b = {.store = store, .pool = pool, .threads = threads};
    b.wants = (hone_packed_want **)hone__alloc(store->allocator, count, sizeof *b.wants);
    if (!b.wants) return hone_fail_memory(error, count * sizeof *b.wants);
    pthread_mutex_lock(&store->lock);
    hone_status status = take(&b, wants, count, cache, error);
    if (status != HONE_OK) give_back(store, wants, count);
    pthread_mutex_unlock(&store->lock);
    hone__free(store->allocator, (void *)b.wants, count * sizeof *b.wants);
    return status;
}

void hone__packed_give_back(hone_packed_store *store, hone_packed_want *wants, uint32_t count) {
    pthread_mutex_lock(&store->lock);
    give_back(store, wants, count);
    pthread_mutex_unlock(&store->lock);
}
