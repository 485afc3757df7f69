/* SPDX-License-Identifier: Apache-2.0 */
/* A frame: at most 1 MiB of new bytes, told in the shortest of several ways. */
#ifndef HONE_STORE_DELTA_FRAME_H
#define HONE_STORE_DELTA_FRAME_H

#include "base/alloc.h"
#include "store/delta/residual.h"

#define HONE_FRAME_BYTES (1u << 20)

/* Numbers are part of the format. */
typedef enum hone_frame_method {
    HONE_FRAME_SAME = 0,     /* the old bytes; no data */
    HONE_FRAME_PLAIN = 1,    /* as they are */
    HONE_FRAME_ZSTD = 2,     /* one zstd frame (RFC 8878) */
    HONE_FRAME_PREFIX = 3,   /* the same, with the old bytes as prefix */
    HONE_FRAME_PLANES = 4,   /* first bytes of all elements, then second ones, ...; zstd */
    HONE_FRAME_RESIDUAL = 5, /* residual.h against the old bytes, as many as new ones */
    HONE_FRAME_METHODS
} hone_frame_method;

typedef struct hone_frame {
    hone_element element;
    size_t row;               /* elements of one output channel; 0: unknown */
    const uint8_t *old_bytes; /* NULL: none */
    size_t old_size;          /* at most HONE_FRAME_BYTES */
    size_t size;              /* of the new bytes, 1 to HONE_FRAME_BYTES */
    bool quick;               /* encoding: rather quickly than in the shortest way */
} hone_frame;

/* Memory for coding; one thread at a time. About 3 MB. */
typedef struct hone_frame_coder hone_frame_coder;

hone_status hone__frame_coder_new(const hone_allocator *allocator, hone_frame_coder **coder,
                                  hone_error *error);
void hone__frame_coder_free(hone_frame_coder *coder); /* NULL is fine */

/* *data and *used: the coded bytes in the coder's memory, or the new bytes themselves; valid until
 * the next call. Never more than `size` bytes. */
hone_status hone__frame_encode(hone_frame_coder *coder, const hone_frame *frame,
                               const uint8_t *new_bytes, hone_frame_method *method,
                               const uint8_t **data, size_t *used, hone_error *error);

/* Fills exactly frame->size bytes. HONE_CORRUPT where the data cannot be such a frame; damage that
 * decodes to other bytes is for the caller's checksum to find. */
hone_status hone__frame_decode(hone_frame_coder *coder, const hone_frame *frame, uint32_t method,
                               const uint8_t *data, size_t data_size, uint8_t *new_bytes,
                               hone_error *error);

#endif
