/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "store/delta/delta.h"
#include "store/digest.h"

#include <string.h>

typedef struct applying {
    const hone_delta *delta;
    const hone_byte_source *before, *have;
    hone_delta_sink sink;
    void *context;
    hone_frame_coder *coder;
    uint8_t *old_bytes, *coded, *new_bytes;
    uint64_t at;     /* in the delta's bytes */
    uint64_t offset; /* in the new file */
    hone_digest whole;
    hone_error *error;
} applying;

hone_frame hone__delta_frame(const hone_delta_entry *entry, uint64_t done,
                             const uint8_t *old_bytes) {
    uint64_t left = entry->size - done;
    uint64_t old_left = entry->has_old && entry->old_size > done ? entry->old_size - done : 0;
    hone_frame frame = {.element = entry->element, .row = entry->row};
    frame.size = left < HONE_FRAME_BYTES ? (size_t)left : HONE_FRAME_BYTES;
    frame.old_size = old_left < HONE_FRAME_BYTES ? (size_t)old_left : HONE_FRAME_BYTES;
    if (entry->old_size == entry->size) frame.old_size = entry->has_old ? frame.size : 0;
    frame.old_bytes = frame.old_size ? old_bytes : NULL;
    return frame;
}

static hone_status cut_off(applying *a) {
    return hone_fail(a->error, HONE_CORRUPT, a->at, "the delta is cut off");
}

static hone_status take(applying *a, void *to, size_t size) {
    if (a->delta->bytes.size < a->at || a->delta->bytes.size - a->at < size) return cut_off(a);
    if (size) HONE_TRY(a->delta->bytes.read(a->delta->bytes.context, a->at, to, size, a->error));
    a->at += size;
    return HONE_OK;
}

static hone_status take_frame_head(applying *a, uint8_t *method, size_t *size) {
    uint64_t value = 0;
    uint8_t byte = 0x80;
    HONE_TRY(take(a, method, 1));
    for (uint32_t shift = 0; byte & 0x80 && shift < 28; shift += 7) {
        HONE_TRY(take(a, &byte, 1));
        value |= (uint64_t)(byte & 0x7f) << shift;
    }
    if (byte & 0x80 || value > HONE_FRAME_BYTES)
        return hone_fail(a->error, HONE_CORRUPT, a->at, "the delta has a frame that is too large");
    *size = (size_t)value;
    return HONE_OK;
}

/* Whether an earlier try left these bytes. */
static bool is_there(const applying *a, size_t size) {
    return a->have && a->have->size >= size && a->offset <= a->have->size - size;
}

static hone_status emit(applying *a, size_t size, bool there, hone_digest *digest) {
    hone__digest_update(&a->whole, a->new_bytes, size);
    if (digest) hone__digest_update(digest, a->new_bytes, size);
    if (!there) HONE_TRY(a->sink(a->context, a->offset, a->new_bytes, size, a->error));
    a->offset += size;
    return HONE_OK;
}

static hone_status read_there(applying *a, size_t size) {
    return a->have->read(a->have->context, a->offset, a->new_bytes, size, a->error);
}

static hone_status read_old(applying *a, uint64_t offset, void *to, size_t size) {
    return size ? a->before->read(a->before->context, offset, to, size, a->error) : HONE_OK;
}

static hone_status copy_entry(applying *a, const hone_delta_entry *entry) {
    for (uint64_t done = 0; done < entry->size;) {
        size_t step = hone__delta_frame(entry, done, a->old_bytes).size;
        bool there = is_there(a, step);
        HONE_TRY(there ? read_there(a, step)
                       : read_old(a, entry->old_offset + done, a->new_bytes, step));
        HONE_TRY(emit(a, step, there, NULL));
        done += step;
    }
    return HONE_OK;
}

static hone_status apply_frame(applying *a, const hone_delta_entry *entry, uint64_t done,
                               hone_digest *digest) {
    hone_frame frame = hone__delta_frame(entry, done, a->old_bytes);
    bool there = is_there(a, frame.size);
    uint8_t method;
    size_t size;
    HONE_TRY(take_frame_head(a, &method, &size));
    if (there) {
        if (a->delta->bytes.size - a->at < size) return cut_off(a);
        a->at += size;
        HONE_TRY(read_there(a, frame.size));
    } else {
        HONE_TRY(take(a, a->coded, size));
        HONE_TRY(read_old(a, entry->old_offset + done, a->old_bytes, frame.old_size));
        HONE_TRY(
            hone__frame_decode(a->coder, &frame, method, a->coded, size, a->new_bytes, a->error));
    }
    return emit(a, frame.size, there, digest);
}

static hone_status check_sum(applying *a, hone_digest *digest, const uint8_t *told,
                             const char *what) {
    uint8_t sum[32];
    hone__digest_final(digest, sum);
    if (!memcmp(sum, told, sizeof sum)) return HONE_OK;
    return hone_fail(a->error, HONE_CORRUPT, HONE_NO_OFFSET,
                     "%s does not match its checksum: the delta is damaged, or not for this file",
                     what);
}

static hone_status apply_entry(applying *a, const hone_delta_entry *entry) {
    hone_digest digest = {0};
    uint8_t told[32];
    hone_status status = HONE_OK;
    if (entry->same) return copy_entry(a, entry);
    if (!hone__digest_init(&digest)) return hone_fail_memory(a->error, sizeof digest);
    for (uint64_t done = 0; done < entry->size && status == HONE_OK; done += HONE_FRAME_BYTES)
        status = apply_frame(a, entry, done, &digest);
    bool summed = entry->size >= HONE_DELTA_SUMMED;
    if (status == HONE_OK && summed) status = take(a, told, sizeof told);
    if (status == HONE_OK && summed) status = check_sum(a, &digest, told, "a tensor");
    hone__digest_release(&digest);
    return status;
}

static hone_status apply_all(applying *a, hone_progress progress, void *user) {
    const hone_delta_plan *plan = &a->delta->plan;
    for (uint32_t i = 0; i < plan->count; i++) {
        HONE_TRY(apply_entry(a, &plan->entries[i]));
        if (progress && !progress(user, "applying", a->offset, a->delta->new_size))
            return hone_fail(a->error, HONE_CANCELLED, HONE_NO_OFFSET, "cancelled");
    }
    if (a->at != a->delta->bytes.size)
        return hone_fail(a->error, HONE_CORRUPT, a->at, "the delta has bytes behind its end");
    return check_sum(a, &a->whole, a->delta->new_sha256, "the new file");
}

hone_status hone__delta_apply(const hone_delta *delta, const hone_byte_source *before,
                              const hone_byte_source *have, hone_delta_sink sink, void *context,
                              hone_progress progress, void *user, hone_error *error) {
    applying a = {.delta = delta,
                  .before = before,
                  .have = have,
                  .sink = sink,
                  .context = context,
                  .at = delta->body,
                  .error = error};
    if (before->size != delta->old_size)
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET,
                         "the delta is for another file: of %llu bytes, this one has %llu",
                         (unsigned long long)delta->old_size, (unsigned long long)before->size);
    a.old_bytes = hone__alloc(delta->allocator, 3, HONE_FRAME_BYTES);
    if (!a.old_bytes) return hone_fail_memory(error, 3 * HONE_FRAME_BYTES);
    a.coded = a.old_bytes + HONE_FRAME_BYTES;
    a.new_bytes = a.coded + HONE_FRAME_BYTES;
    hone_status status = hone__frame_coder_new(delta->allocator, &a.coder, error);
    if (status == HONE_OK && !hone__digest_init(&a.whole))
        status = hone_fail_memory(error, sizeof a.whole);
    if (status == HONE_OK) status = apply_all(&a, progress, user);
    hone__digest_release(&a.whole);
    hone__frame_coder_free(a.coder);
    hone__free(delta->allocator, a.old_bytes, 3 * HONE_FRAME_BYTES);
    return status;
}
