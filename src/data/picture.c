/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures: memory, conversion between gray and RGB, and finding the decoder by content. */
#include "data/picture.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include <string.h>

static size_t picture_bytes(const hone_picture *p) {
    return (size_t)p->width * p->height * p->channels;
}

hone_status hone__picture_check(uint64_t width, uint64_t height, uint64_t max_pixels,
                                hone_error *error) {
    uint64_t most = max_pixels ? max_pixels : HONE_MAX_PIXELS;
    if (width == 0 || height == 0)
        return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET, "the picture has no pixels");
    if (width > HONE_MAX_SIDE || height > HONE_MAX_SIDE || width * height > most)
        return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET,
                         "the picture is %llu x %llu; at most %llu pixels are allowed",
                         (unsigned long long)width, (unsigned long long)height,
                         (unsigned long long)most);
    return HONE_OK;
}

hone_status hone_picture_new(uint32_t width, uint32_t height, uint32_t channels,
                             hone_picture *picture, hone_error *error) {
    hone_picture made = {width, height, channels, NULL};
    memset(picture, 0, sizeof *picture);
    if (channels != 1 && channels != 3)
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET, "a picture has 1 or 3 channels");
    HONE_TRY(hone__picture_check(width, height, UINT64_MAX, error));
    made.data = hone__alloc(NULL, picture_bytes(&made), 1);
    if (!made.data) return hone_fail_memory(error, picture_bytes(&made));
    *picture = made;
    return HONE_OK;
}

void hone_picture_free(hone_picture *picture) {
    if (picture->data) hone__free(NULL, picture->data, picture_bytes(picture));
    memset(picture, 0, sizeof *picture);
}

hone_status hone_picture_decode(const void *bytes, size_t size, uint64_t max_pixels,
                                hone_picture *picture, hone_error *error) {
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    static const uint8_t jpeg[3] = {0xff, 0xd8, 0xff};
    memset(picture, 0, sizeof *picture);
    if (size >= sizeof png && memcmp(bytes, png, sizeof png) == 0)
        return hone__png_decode(bytes, size, max_pixels, picture, error);
    if (size >= sizeof jpeg && memcmp(bytes, jpeg, sizeof jpeg) == 0)
        return hone__jpeg_decode(bytes, size, max_pixels, picture, error);
    return hone_fail(error, HONE_FORMAT, 0, "neither JPEG nor PNG");
}

hone_status hone_picture_read(const char *path, uint64_t max_pixels, hone_picture *picture,
                              hone_error *error) {
    hone_mapping mapping = {0};
    hone_status status = HONE_OK;
    memset(picture, 0, sizeof *picture);
    HONE_TRY(hone__file_map(path, &mapping, error));
    status = hone_picture_decode(mapping.data, mapping.size, max_pixels, picture, error);
    hone__file_unmap(&mapping);
    if (status != HONE_OK) (void)hone_error_prefix(error, "%s", path);
    return status;
}

static void gray_to_rgb(const uint8_t *in, uint8_t *out, size_t pixels) {
    for (size_t i = 0; i < pixels; i++) out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = in[i];
}

/* ITU-R 601-2 luma in 16-bit fixed point, rounded: Pillow's Convert.c, L24. */
static void rgb_to_gray(const uint8_t *in, uint8_t *out, size_t pixels) {
    for (size_t i = 0; i < pixels; i++)
        out[i] = (uint8_t)((in[3 * i] * 19595u + in[3 * i + 1] * 38470u + in[3 * i + 2] * 7471u +
                            0x8000u) >>
                           16);
}

hone_status hone_picture_convert(const hone_picture *picture, uint32_t channels, hone_picture *out,
                                 hone_error *error) {
    size_t pixels = (size_t)picture->width * picture->height;
    HONE_TRY(hone_picture_new(picture->width, picture->height, channels, out, error));
    if (channels == picture->channels)
        memcpy(out->data, picture->data, pixels * channels);
    else if (channels == 3)
        gray_to_rgb(picture->data, out->data, pixels);
    else
        rgb_to_gray(picture->data, out->data, pixels);
    return HONE_OK;
}
