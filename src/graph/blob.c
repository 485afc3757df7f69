/* SPDX-License-Identifier: Apache-2.0 */
/* Counted memory that graphs share; see graph.h. */
#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "graph/graph.h"
#include "graph/internal.h"

#include <stdatomic.h>
#include <string.h>

typedef enum { BLOB_MAPPED, BLOB_OWNED, BLOB_BORROWED } blob_kind;

struct hone_blob {
    const hone_allocator *allocator;
    atomic_uint references;
    blob_kind kind;
    hone_mapping memory;
    void *owned; /* memory.data again, writable */
    bool identified;
    uint8_t identity[HONE_IDENTITY_BYTES];
    hone_blob_proof proof;
    atomic_int proven; /* 0: not asked yet, 1: yes, -1: no */
};

static hone_status blob_make(const hone_allocator *allocator, blob_kind kind, hone_blob **blob,
                             hone_error *error) {
    *blob = hone__calloc(allocator, 1, sizeof **blob);
    if (!*blob) return hone_fail_memory(error, sizeof **blob);
    (*blob)->allocator = allocator;
    (*blob)->kind = kind;
    atomic_init(&(*blob)->references, 1);
    return HONE_OK;
}

static void identify_file(hone_blob *blob, const hone_file_stamp *stamp) {
    const uint64_t facts[] = {stamp->device,
                              stamp->inode,
                              stamp->size,
                              (uint64_t)stamp->modified[0],
                              (uint64_t)stamp->modified[1],
                              (uint64_t)stamp->changed[0],
                              (uint64_t)stamp->changed[1]};
    uint8_t identity[HONE_IDENTITY_BYTES];
    hone_sha256 sha;
    if (!stamp->settled) return;
    hone__sha256_init(&sha);
    hone__sha256_update(&sha, facts, sizeof facts);
    hone__sha256_final(&sha, identity);
    hone_blob_identify(blob, identity, NULL);
}

hone_status hone_blob_map(const hone_allocator *allocator, const char *path, hone_blob **blob,
                          hone_error *error) {
    HONE_TRY(blob_make(allocator, BLOB_MAPPED, blob, error));
    hone_file_stamp stamp;
    hone_status status = hone__file_map_stamped(path, &(*blob)->memory, &stamp, error);
    if (status == HONE_OK) {
        identify_file(*blob, &stamp);
        return HONE_OK;
    }
    hone_blob_release(*blob);
    *blob = NULL;
    return status;
}

hone_status hone_blob_new(const hone_allocator *allocator, size_t bytes, hone_blob **blob,
                          hone_error *error) {
    HONE_TRY(blob_make(allocator, BLOB_OWNED, blob, error));
    (*blob)->owned = hone__alloc_aligned(allocator, bytes);
    if (!(*blob)->owned) {
        hone_blob_release(*blob);
        *blob = NULL;
        return hone_fail_memory(error, bytes);
    }
    memset((*blob)->owned, 0, bytes);
    (*blob)->memory = (hone_mapping){(*blob)->owned, bytes};
    return HONE_OK;
}

hone_status hone_blob_borrow(const hone_allocator *allocator, const void *data, size_t bytes,
                             hone_blob **blob, hone_error *error) {
    HONE_TRY(blob_make(allocator, BLOB_BORROWED, blob, error));
    (*blob)->memory = (hone_mapping){data, bytes};
    return HONE_OK;
}

const uint8_t *hone_blob_data(const hone_blob *blob) {
    return blob->memory.data;
}

uint8_t *hone_blob_fill(hone_blob *blob) {
    return blob->owned;
}

size_t hone_blob_size(const hone_blob *blob) {
    return blob->memory.size;
}

const uint8_t *hone_blob_identity(const hone_blob *blob) {
    return blob->identified ? blob->identity : NULL;
}

void hone_blob_identify(hone_blob *blob, const uint8_t identity[HONE_IDENTITY_BYTES],
                        hone_blob_proof proof) {
    memcpy(blob->identity, identity, sizeof blob->identity);
    blob->identified = true;
    blob->proof = proof;
    atomic_store(&blob->proven, proof ? 0 : 1);
}

bool hone_blob_proven(hone_blob *blob) {
    if (!blob->identified) return false;
    if (!atomic_load(&blob->proven)) atomic_store(&blob->proven, blob->proof(blob) ? 1 : -1);
    return atomic_load(&blob->proven) > 0;
}

void hone_blob_forget(const hone_blob *blob, const void *data, size_t bytes) {
    if (blob->kind == BLOB_MAPPED) hone__file_forget(&blob->memory, data, bytes);
}

void hone_blob_release(hone_blob *blob) {
    if (!blob || atomic_fetch_sub(&blob->references, 1) > 1) return;
    if (blob->kind == BLOB_MAPPED) hone__file_unmap(&blob->memory);
    if (blob->kind == BLOB_OWNED)
        hone__free_aligned(blob->allocator, blob->owned, blob->memory.size);
    hone__free(blob->allocator, blob, sizeof *blob);
}

hone_status hone_graph_hold(hone_graph *graph, hone_blob *blob, hone_error *error) {
    while (graph->parent) graph = graph->parent; /* the main graph outlives its subgraphs */
    for (struct hone_blob_ref *ref = graph->blobs; ref; ref = ref->next)
        if (ref->blob == blob) return HONE_OK;
    struct hone_blob_ref *ref = hone__arena_alloc(&graph->arena, 1, sizeof *ref);
    if (!ref) return hone_fail_memory(error, sizeof *ref);
    atomic_fetch_add(&blob->references, 1);
    *ref = (struct hone_blob_ref){.blob = blob, .next = graph->blobs};
    graph->blobs = ref;
    return HONE_OK;
}

hone_blob *hone_graph_find_blob(const hone_graph *graph, const void *data) {
    while (graph->parent) graph = graph->parent;
    for (const struct hone_blob_ref *ref = graph->blobs; ref; ref = ref->next) {
        uintptr_t start = (uintptr_t)hone_blob_data(ref->blob), at = (uintptr_t)data;
        if (at >= start && at - start < hone_blob_size(ref->blob)) return ref->blob;
    }
    return NULL;
}

hone_blob *hone_graph_next_blob(const hone_graph *graph, const hone_blob *blob) {
    while (graph->parent) graph = graph->parent;
    const struct hone_blob_ref *ref = graph->blobs;
    while (blob && ref && ref->blob != blob) ref = ref->next;
    if (blob && ref) ref = ref->next;
    return ref ? ref->blob : NULL;
}
