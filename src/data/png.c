/* SPDX-License-Identifier: Apache-2.0 */
/* PNG through libpng: reading to 8-bit gray or RGB, writing 8-bit gray or RGB. libpng's errors
 * leave it by longjmp into decode() and encode() alone; its warnings are dropped. Gamma, colour
 * profiles and alpha are ignored, as Pillow's convert("RGB") ignores them. */
#include "data/picture.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PNG_MAX_CHUNK (8u << 20) /* bytes that an unpacked text or profile chunk may take */

typedef struct coder {
    png_structp png;
    png_infop info;
    const uint8_t *in; /* reading */
    size_t in_size, at;
    uint8_t *out; /* writing */
    size_t out_size, out_capacity;
    uint64_t max_pixels;
    char message[160];
    hone_error *error;
} coder;

static void on_error(png_structp png, png_const_charp message) {
    coder *c = (coder *)png_get_error_ptr(png);
    (void)snprintf(c->message, sizeof c->message, "%s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void on_read(png_structp png, png_bytep to, size_t size) {
    coder *c = (coder *)png_get_io_ptr(png);
    if (size > c->in_size - c->at) png_error(png, "the file ends early");
    memcpy(to, c->in + c->at, size);
    c->at += size;
}

static hone_status start(coder *c, hone_picture *picture) {
    uint8_t type = png_get_color_type(c->png, c->info);
    bool gray = type == PNG_COLOR_TYPE_GRAY || type == PNG_COLOR_TYPE_GRAY_ALPHA;
    uint32_t width = png_get_image_width(c->png, c->info);
    uint32_t height = png_get_image_height(c->png, c->info);
    HONE_TRY(hone__picture_check(width, height, c->max_pixels, c->error));
    if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(c->png);
    if (gray) png_set_expand_gray_1_2_4_to_8(c->png);
    png_set_strip_16(c->png);
    png_set_strip_alpha(c->png);
    return hone_picture_new(width, height, gray ? 1 : 3, picture, c->error);
}

static void read_rows(coder *c, hone_picture *picture) {
    size_t stride = (size_t)picture->width * picture->channels;
    int passes = png_set_interlace_handling(c->png);
    png_read_update_info(c->png, c->info);
    if (png_get_rowbytes(c->png, c->info) != stride) png_error(c->png, "unexpected pixel format");
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < picture->height; y++)
            png_read_row(c->png, picture->data + y * stride, NULL);
    png_read_end(c->png, NULL);
}

/* All reading that can longjmp is called from here. */
static hone_status decode(coder *c, hone_picture *picture) {
    if (setjmp(png_jmpbuf(c->png)))
        return hone_fail(c->error, HONE_FORMAT, c->at, "PNG: %s", c->message);
    png_set_read_fn(c->png, c, on_read);
    png_set_user_limits(c->png, HONE_MAX_SIDE, HONE_MAX_SIDE);
    png_set_chunk_malloc_max(c->png, PNG_MAX_CHUNK);
    png_read_info(c->png, c->info);
    HONE_TRY(start(c, picture));
    read_rows(c, picture);
    return HONE_OK;
}

hone_status hone__png_decode(const void *bytes, size_t size, uint64_t max_pixels,
                             hone_picture *picture, hone_error *error) {
    coder c = {.in = bytes, .in_size = size, .max_pixels = max_pixels, .error = error};
    hone_status status = HONE_OK;
    c.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &c, on_error, on_warning);
    c.info = c.png ? png_create_info_struct(c.png) : NULL;
    status = c.info ? decode(&c, picture) : hone_fail_memory(error, 0);
    png_destroy_read_struct(&c.png, &c.info, NULL);
    if (status != HONE_OK) hone_picture_free(picture);
    return status;
}

static void on_write(png_structp png, png_bytep data, size_t size) {
    coder *c = (coder *)png_get_io_ptr(png);
    if (size > c->out_capacity - c->out_size) {
        size_t capacity = (c->out_size + size) * 2;
        uint8_t *grown = hone__grow(NULL, c->out, c->out_capacity, capacity);
        if (!grown) png_error(png, "out of memory");
        c->out = grown;
        c->out_capacity = capacity;
    }
    memcpy(c->out + c->out_size, data, size);
    c->out_size += size;
}

static void on_flush(png_structp png) {
    (void)png;
}

/* All writing that can longjmp is called from here. */
static hone_status encode(coder *c, const hone_picture *p) {
    if (setjmp(png_jmpbuf(c->png)))
        return hone_fail(c->error, HONE_MEMORY, HONE_NO_OFFSET, "PNG: %s", c->message);
    png_set_write_fn(c->png, c, on_write, on_flush);
    png_set_IHDR(c->png, c->info, p->width, p->height, 8,
                 p->channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(c->png, c->info);
    for (uint32_t y = 0; y < p->height; y++)
        png_write_row(c->png, p->data + (size_t)y * p->width * p->channels);
    png_write_end(c->png, c->info);
    return HONE_OK;
}

hone_status hone_picture_encode_png(const hone_picture *picture, uint8_t **bytes, size_t *size,
                                    hone_error *error) {
    coder c = {.error = error};
    hone_status status = HONE_OK;
    *bytes = NULL;
    *size = 0;
    c.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &c, on_error, on_warning);
    c.info = c.png ? png_create_info_struct(c.png) : NULL;
    status = c.info ? encode(&c, picture) : hone_fail_memory(error, 0);
    png_destroy_write_struct(&c.png, &c.info);
    if (status == HONE_OK) {
        *bytes = c.out;
        *size = c.out_size;
    } else {
        hone__free(NULL, c.out, c.out_capacity);
    }
    return status;
}

hone_status hone_picture_write_png(const hone_picture *picture, const char *path,
                                   hone_error *error) {
    hone_writer writer = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;
    hone_status status = hone_picture_encode_png(picture, &bytes, &size, error);
    if (status == HONE_OK) status = hone__writer_open(&writer, path, error);
    if (status == HONE_OK) status = hone__writer_put(&writer, bytes, size, error);
    if (status == HONE_OK) status = hone__writer_commit(&writer, error);
    hone__writer_abandon(&writer);
    free(bytes);
    return status;
}
