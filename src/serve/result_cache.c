/* SPDX-License-Identifier: Apache-2.0 */
/* Answers by inputs: a hash table whose entries are also a list in the order of use.
 *
 * A hash has at most one entry, the newest: inputs that collide push each other out, so a lookup
 * compares at most once, whatever an attacker sends. Hashing, comparing and copying happen outside
 * the lock; an entry that is being read is pinned, and one that was dropped meanwhile is freed by
 * its last reader. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include <hone/serve.h>

#include <pthread.h>
#include <string.h>

#define FIRST_BUCKETS 16
#define PART_ALIGN    16 /* of each tensor's bytes in an entry */

typedef struct entry entry;
struct entry {
    uint64_t hash;
    entry *chain;         /* the next of its bucket */
    entry *newer, *older; /* by use */
    size_t bytes;         /* of the whole block */
    uint32_t pins, input_count, output_count;
    bool dropped;
    hone_tensor tensors[]; /* inputs, then outputs; their bytes lie behind */
};

struct hone_result_cache {
    const hone_allocator *allocator;
    pthread_mutex_t lock;
    size_t most, used;
    entry **buckets;
    size_t bucket_count; /* a power of two */
    entry *newest, *oldest;
    uint64_t count, hits, misses, evicted;
};

/* What somebody looks for. */
typedef struct question {
    const hone_tensor *inputs;
    uint32_t count;
    uint64_t hash;
} question;

static hone_status bytes_of(const hone_tensor *tensor, size_t *bytes, hone_error *error) {
    if (tensor->dtype == HONE_STRING)
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "tensors of strings are not remembered");
    HONE_TRY(hone_tensor_bytes(tensor->dtype, &tensor->shape, bytes, error));
    if (*bytes > tensor->bytes || (*bytes && !tensor->data))
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "%zu bytes given, %zu needed",
                         tensor->bytes, *bytes);
    return HONE_OK;
}

static hone_status ask(const hone_tensor *inputs, uint32_t count, question *q, hone_error *error) {
    *q = (question){.inputs = inputs, .count = count, .hash = count};
    for (uint32_t i = 0; i < count; i++) {
        size_t bytes;
        const hone_tensor *tensor = &inputs[i];
        int64_t head[2] = {tensor->dtype, tensor->shape.rank};
        HONE_TRY(bytes_of(tensor, &bytes, error));
        q->hash = hone__hash64(q->hash, head, sizeof head);
        if (tensor->shape.rank > 0)
            q->hash = hone__hash64(q->hash, tensor->shape.dim,
                                   (size_t)tensor->shape.rank * sizeof tensor->shape.dim[0]);
        q->hash = hone__hash64(q->hash, tensor->data, bytes);
    }
    return HONE_OK;
}

static bool same_tensor(const hone_tensor *kept, const hone_tensor *given) {
    return kept->dtype == given->dtype && hone_shape_equal(&kept->shape, &given->shape) &&
           (kept->bytes == 0 || !memcmp(kept->data, given->data, kept->bytes));
}

static bool answers(const entry *e, const question *q) {
    if (e->input_count != q->count) return false;
    for (uint32_t i = 0; i < q->count; i++)
        if (!same_tensor(&e->tensors[i], &q->inputs[i])) return false;
    return true;
}

/* ---- the table and the list; the lock is held ---- */

static entry **place_of(const hone_result_cache *cache, uint64_t hash) {
    entry **at = &cache->buckets[hash & (cache->bucket_count - 1)];
    while (*at && (*at)->hash != hash) at = &(*at)->chain;
    return at;
}

static void unlink_use(hone_result_cache *cache, entry *e) {
    *(e->newer ? &e->newer->older : &cache->newest) = e->older;
    *(e->older ? &e->older->newer : &cache->oldest) = e->newer;
}

static void link_newest(hone_result_cache *cache, entry *e) {
    e->newer = NULL;
    e->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = e;
    cache->newest = e;
}

static void drop(hone_result_cache *cache, entry *e) {
    entry **at = place_of(cache, e->hash);
    *at = e->chain;
    unlink_use(cache, e);
    cache->used -= e->bytes;
    cache->count--;
    e->dropped = true;
    if (e->pins == 0) hone__free(cache->allocator, e, e->bytes);
}

static void unpin(hone_result_cache *cache, entry *e) {
    if (--e->pins == 0 && e->dropped) hone__free(cache->allocator, e, e->bytes);
}

/* A table as large as the entries are many; where memory or the bound forbids it, chains grow. */
static void grow(hone_result_cache *cache) {
    size_t old = cache->bucket_count, bytes = old * sizeof(entry *);
    if (cache->count < old || cache->used + bytes > cache->most) return;
    entry **buckets = (entry **)hone__calloc(cache->allocator, old * 2, sizeof *buckets);
    if (!buckets) return;
    for (entry *e = cache->newest; e; e = e->older) {
        entry **at = &buckets[e->hash & (old * 2 - 1)];
        e->chain = *at;
        *at = e;
    }
    hone__free(cache->allocator, cache->buckets, bytes);
    cache->buckets = buckets;
    cache->bucket_count = old * 2;
    cache->used += bytes;
}

static void insert(hone_result_cache *cache, entry *e) {
    entry *same = *place_of(cache, e->hash);
    if (same) drop(cache, same);
    while (cache->oldest && cache->used + e->bytes > cache->most) {
        drop(cache, cache->oldest);
        cache->evicted++;
    }
    if (cache->used + e->bytes > cache->most) {
        hone__free(cache->allocator, e, e->bytes);
        return;
    }
    entry **at = &cache->buckets[e->hash & (cache->bucket_count - 1)];
    e->chain = *at;
    *at = e;
    link_newest(cache, e);
    cache->used += e->bytes;
    cache->count++;
    grow(cache);
}

/* ---- entries ---- */

static hone_status add_sizes(const hone_tensor *tensors, uint32_t count, size_t *total,
                             hone_error *error) {
    for (uint32_t i = 0; i < count; i++) {
        size_t bytes;
        HONE_TRY(bytes_of(&tensors[i], &bytes, error));
        if (!hone__add_size(*total, hone__round_up(bytes, PART_ALIGN), total))
            return hone_fail_memory(error, bytes);
    }
    return HONE_OK;
}

static uint8_t *copy_in(hone_tensor *kept, const hone_tensor *tensors, uint32_t count,
                        uint8_t *at) {
    for (uint32_t i = 0; i < count; i++) {
        kept[i] = tensors[i];
        kept[i].data = at;
        (void)hone_tensor_bytes(kept[i].dtype, &kept[i].shape, &kept[i].bytes, NULL);
        if (kept[i].bytes) memcpy(at, tensors[i].data, kept[i].bytes);
        at += hone__round_up(kept[i].bytes, PART_ALIGN);
    }
    return at;
}

static hone_status remember(hone_result_cache *cache, const question *q, const hone_tensor *outputs,
                            uint32_t output_count, hone_error *error) {
    size_t head = hone__round_up(
        sizeof(entry) + ((size_t)q->count + output_count) * sizeof(hone_tensor), PART_ALIGN);
    size_t bytes = head;
    HONE_TRY(add_sizes(q->inputs, q->count, &bytes, error));
    HONE_TRY(add_sizes(outputs, output_count, &bytes, error));
    if (bytes > cache->most) return HONE_OK;
    entry *e = (entry *)hone__alloc(cache->allocator, bytes, 1);
    if (!e) return hone_fail_memory(error, bytes);
    *e = (entry){
        .hash = q->hash, .bytes = bytes, .input_count = q->count, .output_count = output_count};
    uint8_t *at = copy_in(e->tensors, q->inputs, q->count, (uint8_t *)e + head);
    copy_in(e->tensors + q->count, outputs, output_count, at);
    pthread_mutex_lock(&cache->lock);
    insert(cache, e);
    pthread_mutex_unlock(&cache->lock);
    return HONE_OK;
}

static hone_status copy_out(const entry *e, hone_tensor *outputs, uint32_t output_count,
                            hone_error *error) {
    const hone_tensor *kept = e->tensors + e->input_count;
    if (output_count != e->output_count)
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "the answer has %u outputs, not %u",
                         e->output_count, output_count);
    for (uint32_t i = 0; i < output_count; i++)
        if (kept[i].bytes > outputs[i].bytes || (kept[i].bytes && !outputs[i].data))
            return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET,
                             "output %u has %zu bytes and room for %zu", i, kept[i].bytes,
                             outputs[i].bytes);
    for (uint32_t i = 0; i < output_count; i++) {
        if (kept[i].bytes) memcpy(outputs[i].data, kept[i].data, kept[i].bytes);
        outputs[i] = (hone_tensor){kept[i].dtype, kept[i].shape, outputs[i].data, kept[i].bytes};
    }
    return HONE_OK;
}

static hone_status look_up(hone_result_cache *cache, const question *q, hone_tensor *outputs,
                           uint32_t output_count, bool *hit, hone_error *error) {
    pthread_mutex_lock(&cache->lock);
    entry *e = *place_of(cache, q->hash);
    if (e) {
        e->pins++;
        unlink_use(cache, e);
        link_newest(cache, e);
    }
    pthread_mutex_unlock(&cache->lock);
    bool found = e && answers(e, q);
    hone_status status = found ? copy_out(e, outputs, output_count, error) : HONE_OK;
    pthread_mutex_lock(&cache->lock);
    if (e) unpin(cache, e);
    ++*(found ? &cache->hits : &cache->misses);
    pthread_mutex_unlock(&cache->lock);
    *hit = found && status == HONE_OK;
    return status;
}

/* ---- for callers ---- */

hone_status hone_result_cache_create(const hone_allocator *allocator, size_t max_bytes,
                                     hone_result_cache **cache, hone_error *error) {
    *cache = NULL;
    if (max_bytes == 0)
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET, "a cache needs a size in bytes");
    hone_result_cache *made = (hone_result_cache *)hone__calloc(allocator, 1, sizeof *made);
    if (!made) return hone_fail_memory(error, sizeof *made);
    made->allocator = allocator;
    made->most = max_bytes;
    made->bucket_count = FIRST_BUCKETS;
    made->buckets = (entry **)hone__calloc(allocator, FIRST_BUCKETS, sizeof(entry *));
    if (!made->buckets) {
        hone__free(allocator, made, sizeof *made);
        return hone_fail_memory(error, FIRST_BUCKETS * sizeof(entry *));
    }
    pthread_mutex_init(&made->lock, NULL);
    *cache = made;
    return HONE_OK;
}

void hone_result_cache_free(hone_result_cache *cache) {
    if (!cache) return;
    while (cache->oldest) drop(cache, cache->oldest);
    pthread_mutex_destroy(&cache->lock);
    hone__free(cache->allocator, cache->buckets, cache->bucket_count * sizeof(entry *));
    hone__free(cache->allocator, cache, sizeof *cache);
}

hone_status hone_result_cache_get(hone_result_cache *cache, const hone_tensor *inputs,
                                  uint32_t input_count, hone_tensor *outputs, uint32_t output_count,
                                  bool *hit, hone_error *error) {
    question q;
    *hit = false;
    HONE_TRY(ask(inputs, input_count, &q, error));
    return look_up(cache, &q, outputs, output_count, hit, error);
}

hone_status hone_result_cache_put(hone_result_cache *cache, const hone_tensor *inputs,
                                  uint32_t input_count, const hone_tensor *outputs,
                                  uint32_t output_count, hone_error *error) {
    question q;
    HONE_TRY(ask(inputs, input_count, &q, error));
    return remember(cache, &q, outputs, output_count, error);
}

hone_status hone_result_cache_run(hone_result_cache *cache, hone_session *session,
                                  const hone_tensor *inputs, hone_tensor *outputs,
                                  const hone_run_options *options, bool *hit, hone_error *error) {
    uint32_t ins = hone_session_inputs(session), outs = hone_session_outputs(session);
    question q;
    bool found = false;
    if (hit) *hit = false;
    for (uint32_t i = 0; i < outs; i++)
        if (!outputs[i].data)
            return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET,
                             "output %u needs memory of the caller", i);
    bool known = ask(inputs, ins, &q, NULL) == HONE_OK;
    if (known) HONE_TRY(look_up(cache, &q, outputs, outs, &found, error));
    if (hit) *hit = found;
    if (found) return HONE_OK;
    HONE_TRY(hone_session_run_with(session, inputs, outputs, options, error));
    if (known) (void)remember(cache, &q, outputs, outs, NULL);
    return HONE_OK;
}

void hone_result_cache_get_stats(hone_result_cache *cache, hone_result_cache_stats *stats) {
    pthread_mutex_lock(&cache->lock);
    *stats = (hone_result_cache_stats){.hits = cache->hits,
                                       .misses = cache->misses,
                                       .evicted = cache->evicted,
                                       .answers = cache->count,
                                       .bytes = cache->used};
    pthread_mutex_unlock(&cache->lock);
}
