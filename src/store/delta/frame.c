/* SPDX-License-Identifier: Apache-2.0 */
#include "store/delta/frame.h"
#include "base/error.h"

#include <string.h>
#include <zstd.h>

/* Weights are near noise: looking longer is in vain. */
enum { LEVEL_QUICK = 1, LEVEL_NUMBERS = 6, LEVEL_BYTES = 19 };

struct hone_frame_coder {
    const hone_allocator *allocator;
    ZSTD_CCtx *packer;
    ZSTD_DCtx *unpacker;
    hone_residual models;
    uint8_t planes[HONE_FRAME_BYTES];
    uint8_t best[HONE_FRAME_BYTES], trial[HONE_FRAME_BYTES];
};

hone_status hone__frame_coder_new(const hone_allocator *allocator, hone_frame_coder **coder,
                                  hone_error *error) {
    hone_frame_coder *new_coder = hone__alloc(allocator, 1, sizeof *new_coder);
    *coder = NULL;
    if (!new_coder) return hone_fail_memory(error, sizeof *new_coder);
    new_coder->allocator = allocator;
    new_coder->packer = ZSTD_createCCtx();
    new_coder->unpacker = ZSTD_createDCtx();
    *coder = new_coder;
    if (new_coder->packer && new_coder->unpacker) return HONE_OK;
    hone__frame_coder_free(new_coder);
    *coder = NULL;
    return hone_fail_memory(error, sizeof *new_coder);
}

void hone__frame_coder_free(hone_frame_coder *coder) {
    if (!coder) return;
    ZSTD_freeCCtx(coder->packer);
    ZSTD_freeDCtx(coder->unpacker);
    hone__free(coder->allocator, coder, sizeof *coder);
}

static bool same_sizes(const hone_frame *frame) {
    return frame->old_bytes && frame->old_size == frame->size;
}

static void to_planes(const hone_frame *frame, const uint8_t *bytes, uint8_t *planes) {
    size_t width = hone__residual_width(frame->element), count = frame->size / width;
    for (size_t b = 0; b < width; b++)
        for (size_t i = 0; i < count; i++) planes[b * count + i] = bytes[i * width + b];
    memcpy(planes + count * width, bytes + count * width, frame->size - count * width);
}

static void from_planes(const hone_frame *frame, const uint8_t *planes, uint8_t *bytes) {
    size_t width = hone__residual_width(frame->element), count = frame->size / width;
    for (size_t b = 0; b < width; b++)
        for (size_t i = 0; i < count; i++) bytes[i * width + b] = planes[b * count + i];
    memcpy(bytes + count * width, planes + count * width, frame->size - count * width);
}

/* ---- encoding: each way writes to `trial` and tells its size, SIZE_MAX where it has none ---- */

static size_t pack(hone_frame_coder *c, const hone_frame *frame, const uint8_t *bytes,
                   bool with_prefix, size_t room) {
    int level = frame->quick                           ? LEVEL_QUICK
                : frame->element == HONE_ELEMENT_BYTES ? LEVEL_BYTES
                                                       : LEVEL_NUMBERS;
    ZSTD_CCtx_reset(c->packer, ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(c->packer, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(c->packer, ZSTD_c_contentSizeFlag, 0);
    if (with_prefix) ZSTD_CCtx_refPrefix(c->packer, frame->old_bytes, frame->old_size);
    size_t used = ZSTD_compress2(c->packer, c->trial, room, bytes, frame->size);
    return ZSTD_isError(used) ? SIZE_MAX : used;
}

static size_t try_zstd(hone_frame_coder *c, const hone_frame *frame, const uint8_t *bytes,
                       size_t room) {
    return pack(c, frame, bytes, false, room);
}

static size_t try_prefix(hone_frame_coder *c, const hone_frame *frame, const uint8_t *bytes,
                         size_t room) {
    return frame->old_bytes ? pack(c, frame, bytes, true, room) : SIZE_MAX;
}

static size_t try_planes(hone_frame_coder *c, const hone_frame *frame, const uint8_t *bytes,
                         size_t room) {
    if (hone__residual_width(frame->element) == 1) return SIZE_MAX;
    to_planes(frame, bytes, c->planes);
    return pack(c, frame, c->planes, false, room);
}

static size_t try_residual(hone_frame_coder *c, const hone_frame *frame, const uint8_t *bytes,
                           size_t room) {
    size_t width = hone__residual_width(frame->element);
    hone_residual_span span = {frame->element, frame->row, frame->size / width};
    if (!same_sizes(frame) || frame->size % width) return SIZE_MAX;
    return hone__residual_encode(&c->models, &span, frame->old_bytes, bytes, c->trial, room);
}

/* The likeliest first: what comes after gets only the room that would make it the better one. */
static const struct {
    hone_frame_method method;
    size_t (*attempt)(hone_frame_coder *, const hone_frame *, const uint8_t *, size_t);
} ways[] = {
    {HONE_FRAME_RESIDUAL, try_residual},
    {HONE_FRAME_PREFIX, try_prefix},
    {HONE_FRAME_PLANES, try_planes},
    {HONE_FRAME_ZSTD, try_zstd},
};

/* In a hurry: the old bytes if there are any; else the one way that suits the element. Packing that
 * saves less than a twentieth is not worth unpacking. */
static bool is_worth_trying(const hone_frame *frame, hone_frame_method method, size_t used) {
    if (!frame->quick) return true;
    bool wide = hone__residual_width(frame->element) > 1;
    if (used < frame->size - frame->size / 20) return false;
    if (method == HONE_FRAME_PREFIX) return frame->element == HONE_ELEMENT_BYTES;
    return method != HONE_FRAME_ZSTD || !wide;
}

static size_t room_for(const hone_frame *frame, size_t used) {
    return frame->quick ? frame->size - frame->size / 20 : used - 1;
}

hone_status hone__frame_encode(hone_frame_coder *coder, const hone_frame *frame,
                               const uint8_t *new_bytes, hone_frame_method *method,
                               const uint8_t **data, size_t *used, hone_error *error) {
    *method = HONE_FRAME_PLAIN;
    *data = new_bytes;
    *used = frame->size;
    if (!frame->size || frame->size > HONE_FRAME_BYTES || frame->old_size > HONE_FRAME_BYTES)
        return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "a frame of %zu bytes", frame->size);
    if (same_sizes(frame) && !memcmp(frame->old_bytes, new_bytes, frame->size)) {
        *method = HONE_FRAME_SAME;
        *used = 0;
        return HONE_OK;
    }
    for (size_t i = 0; i < sizeof ways / sizeof *ways && *used; i++) {
        if (!is_worth_trying(frame, ways[i].method, *used)) continue;
        size_t size = ways[i].attempt(coder, frame, new_bytes, room_for(frame, *used));
        if (size >= *used) continue;
        memcpy(coder->best, coder->trial, size);
        *method = ways[i].method;
        *data = coder->best;
        *used = size;
    }
    return HONE_OK;
}

/* ---- decoding ---- */

static bool unpack(hone_frame_coder *c, const hone_frame *frame, bool with_prefix,
                   const uint8_t *data, size_t size, uint8_t *to) {
    ZSTD_DCtx_reset(c->unpacker, ZSTD_reset_session_and_parameters);
    if (with_prefix) ZSTD_DCtx_refPrefix(c->unpacker, frame->old_bytes, frame->old_size);
    return ZSTD_decompressDCtx(c->unpacker, to, frame->size, data, size) == frame->size;
}

static bool decode(hone_frame_coder *c, const hone_frame *frame, uint32_t method,
                   const uint8_t *data, size_t size, uint8_t *to) {
    size_t width = hone__residual_width(frame->element);
    hone_residual_span span = {frame->element, frame->row, frame->size / width};
    switch (method) {
    case HONE_FRAME_SAME:
        if (!same_sizes(frame) || size) return false;
        memcpy(to, frame->old_bytes, frame->size);
        return true;
    case HONE_FRAME_PLAIN:
        if (size != frame->size) return false;
        memcpy(to, data, size);
        return true;
    case HONE_FRAME_ZSTD:
        return unpack(c, frame, false, data, size, to);
    case HONE_FRAME_PREFIX:
        return frame->old_bytes && unpack(c, frame, true, data, size, to);
    case HONE_FRAME_PLANES:
        if (!unpack(c, frame, false, data, size, c->planes)) return false;
        from_planes(frame, c->planes, to);
        return true;
    case HONE_FRAME_RESIDUAL:
        if (!same_sizes(frame) || frame->size % width) return false;
        hone__residual_decode(&c->models, &span, frame->old_bytes, to, data, size);
        return true;
    default:
        return false;
    }
}

hone_status hone__frame_decode(hone_frame_coder *coder, const hone_frame *frame, uint32_t method,
                               const uint8_t *data, size_t data_size, uint8_t *new_bytes,
                               hone_error *error) {
    if (!frame->size || frame->size > HONE_FRAME_BYTES || frame->old_size > HONE_FRAME_BYTES)
        return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET, "a frame of %zu bytes", frame->size);
    if (decode(coder, frame, method, data, data_size, new_bytes)) return HONE_OK;
    return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET, "a frame cannot be decoded");
}
