/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG through libjpeg-turbo, with the settings that Pillow uses (accurate integer DCT, fancy
 * upsampling), so that the pixels are the same. The library's errors leave it by longjmp into
 * decode() alone. Of its warnings, a file that ends early is an error here, as in Pillow: a picture
 * that is half gray would cost accuracy without a sound. */
#include "data/picture.h"

#include "base/alloc.h"
#include "base/error.h"
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

/* Scans of a progressive file; a hostile one has thousands and costs minutes. */
#define JPEG_MAX_SCANS 500

typedef struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr manager;
    struct jpeg_progress_mgr progress;
    jmp_buf leave;
    char message[JMSG_LENGTH_MAX];
    hone_picture *picture;
    uint8_t *row; /* CMYK only */
    size_t row_bytes;
    uint64_t max_pixels;
    hone_error *error;
    hone_status status; /* of our own checks */
} decoder;

static void on_error(j_common_ptr jpeg) {
    decoder *d = (decoder *)jpeg->client_data;
    (*jpeg->err->format_message)(jpeg, d->message);
    longjmp(d->leave, 1);
}

/* level -1 is a warning about damaged data, others are traces. */
static void on_message(j_common_ptr jpeg, int level) {
    if (level < 0 && jpeg->err->msg_code == JWRN_JPEG_EOF) on_error(jpeg);
}

static void on_output(j_common_ptr jpeg) {
    (void)jpeg;
}

static void on_progress(j_common_ptr jpeg) {
    decoder *d = (decoder *)jpeg->client_data;
    if (d->jpeg.input_scan_number > JPEG_MAX_SCANS) {
        (void)snprintf(d->message, sizeof d->message, "more than %d scans", JPEG_MAX_SCANS);
        longjmp(d->leave, 1);
    }
}

static uint8_t multiply_255(unsigned a, unsigned b) {
    unsigned t = a * b + 128;
    return (uint8_t)(((t >> 8) + t) >> 8);
}

/* Adobe stores inks inverted, which is what Pillow assumes of every CMYK JPEG. With inverted inks
 * i, Pillow's cmyk2rgb is k - k * (255 - c) / 255, rounded as multiply_255 does. */
static void cmyk_to_rgb(const uint8_t *in, uint8_t *out, uint32_t pixels) {
    for (uint32_t x = 0; x < pixels; x++, in += 4, out += 3)
        for (int c = 0; c < 3; c++) out[c] = (uint8_t)(in[3] - multiply_255(255u - in[c], in[3]));
}

static hone_status start(decoder *d) {
    struct jpeg_decompress_struct *jpeg = &d->jpeg;
    HONE_TRY(hone__picture_check(jpeg->image_width, jpeg->image_height, d->max_pixels, d->error));
    switch (jpeg->jpeg_color_space) {
    case JCS_GRAYSCALE:
        jpeg->out_color_space = JCS_GRAYSCALE;
        break;
    case JCS_CMYK:
    case JCS_YCCK:
        jpeg->out_color_space = JCS_CMYK;
        break;
    default:
        jpeg->out_color_space = JCS_RGB;
    }
    jpeg->dct_method = JDCT_ISLOW;
    HONE_TRY(hone_picture_new(jpeg->image_width, jpeg->image_height,
                              jpeg->out_color_space == JCS_GRAYSCALE ? 1 : 3, d->picture,
                              d->error));
    if (jpeg->out_color_space != JCS_CMYK) return HONE_OK;
    d->row_bytes = (size_t)jpeg->image_width * 4;
    d->row = hone__alloc(NULL, d->row_bytes, 1);
    return d->row ? HONE_OK : hone_fail_memory(d->error, d->row_bytes);
}

static void read_rows(decoder *d) {
    hone_picture *p = d->picture;
    while (d->jpeg.output_scanline < d->jpeg.output_height) {
        uint8_t *out = p->data + (size_t)d->jpeg.output_scanline * p->width * p->channels;
        JSAMPROW row = d->row ? d->row : out;
        (void)jpeg_read_scanlines(&d->jpeg, &row, 1);
        if (d->row) cmyk_to_rgb(d->row, out, p->width);
    }
}

/* All that can longjmp is called from here. */
static hone_status decode(decoder *d, const void *bytes, size_t size) {
    if (setjmp(d->leave)) return hone_fail(d->error, HONE_FORMAT, HONE_NO_OFFSET, "%s", d->message);
    jpeg_create_decompress(&d->jpeg);
    d->jpeg.client_data = d;
    d->progress.progress_monitor = on_progress;
    d->jpeg.progress = &d->progress;
    jpeg_mem_src(&d->jpeg, bytes, (unsigned long)size);
    (void)jpeg_read_header(&d->jpeg, TRUE);
    d->status = start(d);
    if (d->status != HONE_OK) return d->status;
    (void)jpeg_start_decompress(&d->jpeg);
    read_rows(d);
    (void)jpeg_finish_decompress(&d->jpeg);
    return HONE_OK;
}

hone_status hone__jpeg_decode(const void *bytes, size_t size, uint64_t max_pixels,
                              hone_picture *picture, hone_error *error) {
    decoder d;
    hone_status status = HONE_OK;
    memset(&d, 0, sizeof d);
    d.jpeg.err = jpeg_std_error(&d.manager);
    d.manager.error_exit = on_error;
    d.manager.emit_message = on_message;
    d.manager.output_message = on_output;
    d.jpeg.client_data = &d;
    d.picture = picture;
    d.max_pixels = max_pixels;
    d.error = error;
    status = decode(&d, bytes, size);
    jpeg_destroy_decompress(&d.jpeg);
    if (d.row) hone__free(NULL, d.row, d.row_bytes);
    if (status != HONE_OK) hone_picture_free(picture);
    return status;
}
