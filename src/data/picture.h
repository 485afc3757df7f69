/* SPDX-License-Identifier: Apache-2.0 */
/* Decoders behind hone_picture_decode. Bytes are hostile; nothing is printed, nothing exits. */
#ifndef HONE_DATA_PICTURE_H
#define HONE_DATA_PICTURE_H

#include <hone/data.h>

/* HONE_FORMAT without pixels, HONE_LIMIT above HONE_MAX_SIDE or max_pixels (0: HONE_MAX_PIXELS). */
hone_status hone__picture_check(uint64_t width, uint64_t height, uint64_t max_pixels,
                                hone_error *error);
hone_status hone__jpeg_decode(const void *bytes, size_t size, uint64_t max_pixels,
                              hone_picture *picture, hone_error *error);
hone_status hone__png_decode(const void *bytes, size_t size, uint64_t max_pixels,
                             hone_picture *picture, hone_error *error);

#endif
