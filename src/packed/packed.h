/* SPDX-License-Identifier: Apache-2.0 */
/* Packed forms of weights: what kernels make of a weight once, to read it fast ever after.
 *
 * A form is known by its key, a digest of all that its bytes depend on: the weights it is made
 * from, the layout (a kernel's name and some numbers) and this build. A store holds the forms of
 * one model: every session and plan that wants a form of that key gets the same memory, counted by
 * reference. Where a cache folder is given, forms lie in files there that all processes map, so
 * that a second start makes nothing and reads no weight before it is used.
 *
 * A file holds the forms that one call of hone__packed_take found missing, and is known by the
 * digest of their keys. It is written beside its name and renamed, never changed, and believed only
 * when its header, table and lengths are exactly what the call expects; it must belong to this user
 * (or root) and be writable by nobody else. What is wrong with a file is no error: its forms are
 * made again, and the file is replaced. Threads may use one store at the same time. */
#ifndef HONE_PACKED_PACKED_H
#define HONE_PACKED_PACKED_H

#include "base/pool.h"
#include "base/sha256.h"

typedef struct hone_packed_key {
    uint8_t bytes[HONE_SHA256_BYTES];
} hone_packed_key;

/* Collects what a form depends on. */
typedef struct hone_packed_keyer {
    hone_sha256 sha;
} hone_packed_keyer;

void hone__packed_key_begin(hone_packed_keyer *keyer, const char *layout);
void hone__packed_key_number(hone_packed_keyer *keyer, uint64_t number);
void hone__packed_key_bytes(hone_packed_keyer *keyer, const void *data, size_t size);
/* Many bytes, summed up by a hash that is fast and keeps chance away, but no attacker: whoever can
 * choose them can only harm forms whose keys have the same identity (see there). */
void hone__packed_key_content(hone_packed_keyer *keyer, const void *data, size_t size);
void hone__packed_key_end(hone_packed_keyer *keyer, hone_packed_key *key);

typedef struct hone_packed_form hone_packed_form;

/* A form that is wanted. make() fills `bytes` bytes at `packed`, cleared, 64-byte aligned; it runs
 * on any thread, and each form's at most once in a call. */
typedef struct hone_packed_want {
    hone_packed_key key;
    size_t bytes;
    void (*make)(const void *recipe, void *packed);
    const void *recipe;
    const void *packed;     /* gets the form */
    hone_packed_form *form; /* the store's; NULL: not taken */
} hone_packed_want;

/* Where forms are kept between processes. */
typedef struct hone_packed_cache {
    const char *folder; /* made when it is not there */
    uint64_t limit;     /* bytes of all cache files in it; least recently used ones give way */
    /* Asked before a file is written: whether what the keys say of the weights is known to be true.
     * A file is read without asking. NULL: yes. */
    bool (*sound)(const void *user);
    const void *user;
} hone_packed_cache;

typedef struct hone_packed_store hone_packed_store;

hone_status hone__packed_store_new(const hone_allocator *allocator, hone_packed_store **store,
                                   hone_error *error);
void hone__packed_store_hold(hone_packed_store *store);
void hone__packed_store_release(hone_packed_store *store); /* NULL is fine */

/* Gives every want its form: one that the store has, one out of a cache file, or a new one, made on
 * `threads` threads of the pool. cache NULL: no files. On failure none is taken. */
hone_status hone__packed_take(hone_packed_store *store, hone_packed_want *wants, uint32_t count,
                              const hone_packed_cache *cache, hone_pool *pool, uint32_t threads,
                              hone_error *error);
void hone__packed_give_back(hone_packed_store *store, hone_packed_want *wants, uint32_t count);

/* Since the store was made: forms that make() made, and forms that came out of files. */
typedef struct hone_packed_counts {
    uint64_t made, mapped;
} hone_packed_counts;
hone_packed_counts hone__packed_counts(hone_packed_store *store);

#endif
