/* SPDX-License-Identifier: Apache-2.0 */
/* Feeding: a sample becomes the bytes of one place of a session's input. A pixel has 256 values, so
 * that (pixel - mean) / std, computed once a channel and value in float32 as numpy does it, and its
 * quantization are a table. */
#include "data/feed.h"

#include "base/alloc.h"
#include "base/error.h"
#include "data/values.h"
#include "tensor/tensor.h"
#include <math.h>
#include <string.h>

#define MAX_ELEMENT 8 /* bytes of the widest input type */

struct hone_feed {
    const hone_card_input *input; /* NULL: arrays only */
    hone_port port;
    hone_port_quant quant;
    uint32_t batch;
    size_t elements, element_bytes; /* of one sample */
    /* Pictures; width 0: any picture of so many elements (a flat input). */
    uint32_t width, height, channels;
    uint8_t table[3][256][MAX_ELEMENT];
    hone_tensor tensor;
};

/* ---- One number to the input's type ---- */

static int64_t to_integer(double x, int64_t least, int64_t most) {
    double r = rint(x);
    if (isnan(r)) return 0;
    return r <= (double)least ? least : r >= (double)most ? most : (int64_t)r;
}

static int64_t quantize(float x, hone_port_quant q, int64_t least, int64_t most) {
    float scaled = q.scale != 0 ? x * (1.0f / q.scale) : x;
    if (isnan(scaled)) return q.zero_point;
    return to_integer(rint((double)scaled) + q.zero_point, least, most);
}

/* Little-endian, as every machine that this runs on. */
static bool encode(hone_dtype dtype, hone_port_quant q, float x, uint8_t *out) {
    static const struct {
        hone_dtype dtype;
        int64_t least, most;
    } integers[] = {
        {HONE_U8, 0, UINT8_MAX},          {HONE_S8, INT8_MIN, INT8_MAX},
        {HONE_U16, 0, UINT16_MAX},        {HONE_S16, INT16_MIN, INT16_MAX},
        {HONE_S32, INT32_MIN, INT32_MAX}, {HONE_S64, -((int64_t)1 << 53), (int64_t)1 << 53}};
    uint16_t half = dtype == HONE_F16 ? hone__f32_to_f16(x) : 0;
    double wide = (double)x;
    if (dtype == HONE_F32) return memcpy(out, &x, sizeof x), true;
    if (dtype == HONE_F16) return memcpy(out, &half, sizeof half), true;
    if (dtype == HONE_F64) return memcpy(out, &wide, sizeof wide), true;
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++) {
        int64_t v = 0;
        if (integers[i].dtype != dtype) continue;
        v = quantize(x, q, integers[i].least, integers[i].most);
        memcpy(out, &v, hone_dtype_bits(dtype) / 8);
        return true;
    }
    return false;
}

static void make_table(hone_feed *f) {
    for (uint32_t c = 0; c < f->channels; c++)
        for (int v = 0; v < 256; v++) {
            float x = ((float)v - f->input->mean[c]) / f->input->std[c];
            (void)encode(f->port.dtype, f->quant, x, f->table[c][v]);
        }
}

/* ---- Making one ---- */

static hone_status read_shape(hone_feed *f, hone_error *error) {
    const hone_shape *s = &f->port.shape;
    uint8_t probe[MAX_ELEMENT];
    int64_t elements = 0;
    HONE_TRY(hone_shape_elements(s, &elements, error));
    if (s->rank < 1 || elements == 0 || s->dim[0] > UINT32_MAX)
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "input '%s' has no leading dimension for samples", f->port.name);
    if (!encode(f->port.dtype, f->quant, 0, probe))
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "input '%s' is of type %s, which data is not turned into", f->port.name,
                         hone_dtype_name(f->port.dtype));
    f->batch = (uint32_t)s->dim[0];
    f->elements = (size_t)(elements / s->dim[0]);
    f->element_bytes = hone_dtype_bits(f->port.dtype) / 8;
    return HONE_OK;
}

/* Which dimensions of the input are height, width and channels. */
static hone_status read_picture_shape(hone_feed *f, hone_error *error) {
    const hone_shape *s = &f->port.shape;
    bool nhwc = f->input->layout == HONE_LAYOUT_NHWC;
    char text[96];
    f->channels = f->input->color == HONE_COLOR_GRAY ? 1 : 3;
    if (s->rank <= 2) return HONE_OK;
    if (s->rank == 4 && s->dim[nhwc ? 3 : 1] == (int64_t)f->channels) {
        f->height = (uint32_t)s->dim[nhwc ? 1 : 2];
        f->width = (uint32_t)s->dim[nhwc ? 2 : 3];
        return HONE_OK;
    }
    if (s->rank == 3 && f->channels == 1) {
        f->height = (uint32_t)s->dim[1];
        f->width = (uint32_t)s->dim[2];
        return HONE_OK;
    }
    hone__shape_print(s, text, sizeof text);
    return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET,
                     "input '%s' is %s, which is no %s picture of %u channels as its card says",
                     f->port.name, text, nhwc ? "nhwc" : "nchw", f->channels);
}

static const hone_card_input *input_named(const hone_card *card, const char *name) {
    for (uint32_t i = 0; card && i < hone_card_inputs(card); i++) {
        const hone_card_input *input = hone_card_get_input(card, i);
        if (input->name && strcmp(input->name, name) == 0) return input;
    }
    return card ? hone_card_get_input(card, 0) : NULL;
}

static hone_status set_up(hone_feed *f, const hone_model *model, const hone_session *session,
                          const hone_card *card, hone_error *error) {
    HONE_TRY(hone_session_input(session, 0, &f->port));
    f->quant = hone__input_quant(model, 0);
    f->input = input_named(card, f->port.name);
    if (f->input && !f->input->has_color) f->input = NULL;
    HONE_TRY(read_shape(f, error));
    if (f->input) {
        HONE_TRY(read_picture_shape(f, error));
        make_table(f);
    }
    return hone_tensor_new(f->port.dtype, &f->port.shape, &f->tensor, error);
}

hone_status hone_feed_create(const hone_model *model, const hone_session *session,
                             const hone_card *card, hone_feed **feed, hone_error *error) {
    hone_feed *f = NULL;
    hone_status status = HONE_OK;
    *feed = NULL;
    if (hone_session_inputs(session) != 1)
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "the model has %u inputs; data is fed to models with one",
                         hone_session_inputs(session));
    f = hone__calloc(NULL, 1, sizeof *f);
    if (!f) return hone_fail_memory(error, sizeof *f);
    status = set_up(f, model, session, card, error);
    if (status == HONE_OK)
        *feed = f;
    else
        hone_feed_free(f);
    return status;
}

void hone_feed_free(hone_feed *feed) {
    if (!feed) return;
    hone_tensor_free(&feed->tensor);
    hone__free(NULL, feed, sizeof *feed);
}

/* ---- Pictures ---- */

static hone_status check_size(const hone_feed *f, const hone_view *view, hone_error *error) {
    if (f->width == 0 && (uint64_t)view->width * view->height * f->channels == f->elements)
        return HONE_OK;
    if (view->width == f->width && view->height == f->height) return HONE_OK;
    if (f->width == 0)
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET,
                         "a picture of %u x %u, where the model takes %zu values", view->width,
                         view->height, f->elements);
    return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET,
                     "a picture of %u x %u, where the model takes %u x %u: say in the card's "
                     "input.resize how to scale it",
                     view->width, view->height, f->width, f->height);
}

/* Copies the part of `p` that the view shows, through the tables. */
static void write_pixels(const hone_feed *f, const hone_picture *p, const hone_view *view,
                         uint8_t *out) {
    size_t n = p->channels, size = f->element_bytes, plane = (size_t)view->width * view->height;
    bool nhwc = f->input->layout == HONE_LAYOUT_NHWC, swap = f->input->color == HONE_COLOR_BGR;
    for (size_t c = 0; c < n; c++) {
        size_t from = swap ? n - 1 - c : c, step = (nhwc ? n : 1) * size;
        uint8_t *to = out + (nhwc ? c : c * plane) * size;
        for (uint32_t y = 0; y < view->height; y++) {
            const uint8_t *row =
                p->data + ((size_t)(view->top + y) * p->width + view->left) * n + from;
            for (uint32_t x = 0; x < view->width; x++, to += step)
                memcpy(to, f->table[c][row[x * n]], size);
        }
    }
}

static hone_status encode_picture(const hone_feed *f, const hone_picture *picture, uint8_t *out,
                                  hone_error *error) {
    hone_picture converted = {0}, resized = {0};
    const hone_picture *p = picture;
    hone_view view;
    hone_status status = HONE_OK;
    if (!f->input)
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET,
                         "the model's card does not say how a picture becomes its input "
                         "(input.color, input.mean, input.std)");
    HONE_TRY(hone__view_plan(f->input, picture->width, picture->height, &view, error));
    HONE_TRY(check_size(f, &view, error));
    if (p->channels != f->channels) {
        status = hone_picture_convert(p, f->channels, &converted, error);
        p = &converted;
    }
    if (status == HONE_OK && (view.resized_width != p->width || view.resized_height != p->height)) {
        status = hone_picture_resize(p, view.resized_width, view.resized_height, f->input->filter,
                                     &resized, error);
        p = &resized;
    }
    if (status == HONE_OK) write_pixels(f, p, &view, out);
    hone_picture_free(&converted);
    hone_picture_free(&resized);
    return status;
}

/* ---- Arrays ---- */

/* Bytes of height x width, or of height x width x 1 or 3, for a model that takes pictures. */
static bool as_picture(const hone_feed *f, const hone_tensor *t, hone_picture *picture) {
    const hone_shape *s = &t->shape;
    bool flat = s->rank == 2, deep = s->rank == 3 && (s->dim[2] == 1 || s->dim[2] == 3);
    if (!f->input || t->dtype != HONE_U8 || (!flat && !deep)) return false;
    if (s->dim[0] > HONE_MAX_SIDE || s->dim[1] > HONE_MAX_SIDE) return false;
    *picture = (hone_picture){(uint32_t)s->dim[1], (uint32_t)s->dim[0],
                              flat ? 1 : (uint32_t)s->dim[2], t->data};
    return true;
}

static hone_status encode_array(const hone_feed *f, const hone_tensor *t, uint8_t *out,
                                hone_error *error) {
    int64_t elements = 0;
    hone_picture picture;
    char text[96];
    if (as_picture(f, t, &picture)) return encode_picture(f, &picture, out, error);
    HONE_TRY(hone_shape_elements(&t->shape, &elements, error));
    if ((uint64_t)elements != f->elements || !hone__value_readable(t->dtype)) {
        hone__shape_print(&t->shape, text, sizeof text);
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET,
                         "a sample is %s %s, where the model takes %zu values of %s", text,
                         hone_dtype_name(t->dtype), f->elements, hone_dtype_name(f->port.dtype));
    }
    if (t->dtype == f->port.dtype) {
        memcpy(out, t->data, f->elements * f->element_bytes);
        return HONE_OK;
    }
    for (size_t i = 0; i < f->elements; i++)
        (void)encode(f->port.dtype, f->quant, (float)hone__value_at(t, i),
                     out + i * f->element_bytes);
    return HONE_OK;
}

size_t hone__feed_bytes(const hone_feed *feed) {
    return feed->elements * feed->element_bytes;
}

hone_status hone__feed_encode(const hone_feed *feed, const hone_sample *sample, void *out,
                              hone_error *error) {
    if (sample->picture.data) return encode_picture(feed, &sample->picture, out, error);
    return encode_array(feed, &sample->tensor, out, error);
}

void *hone__feed_slot(hone_feed *feed, uint32_t slot) {
    return (uint8_t *)feed->tensor.data + slot * hone__feed_bytes(feed);
}

uint32_t hone_feed_batch(const hone_feed *feed) {
    return feed->batch;
}
const hone_tensor *hone_feed_inputs(const hone_feed *feed) {
    return &feed->tensor;
}

hone_status hone_feed_put(hone_feed *feed, uint32_t slot, const hone_sample *sample,
                          hone_error *error) {
    if (slot >= feed->batch)
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET, "place %u of a batch of %u", slot,
                         feed->batch);
    return hone__feed_encode(feed, sample, hone__feed_slot(feed, slot), error);
}

hone_status hone_feed_load(hone_feed *feed, const hone_dataset *dataset, size_t first,
                           uint32_t count, hone_error *error) {
    hone_sample sample = {0};
    hone_status status = HONE_OK;
    char name[256];
    for (uint32_t i = 0; status == HONE_OK && i < count; i++) {
        status = hone_dataset_read(dataset, first + i, &sample, error);
        if (status != HONE_OK) break;
        status = hone_feed_put(feed, i, &sample, error);
        hone_dataset_item_name(dataset, first + i, name, sizeof name);
        if (status != HONE_OK) (void)hone_error_prefix(error, "%s", name);
    }
    hone_sample_free(&sample);
    return status;
}
