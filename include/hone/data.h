/* SPDX-License-Identifier: Apache-2.0 */
/* Data: the model card, pictures, arrays, datasets, and how samples become the inputs of a model.
 *
 * Files are hostile: pictures, arrays and labels are checked against the bytes there are and the
 * limits below, and one error names the file. Nothing here prints. */
#ifndef HONE_DATA_H
#define HONE_DATA_H

#include <hone/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The card: what a tensor means (docs/formats.md). Parsed once, read only from then on. ----
 */

/* X(name, number, word in the card) */
#define HONE_TASK_MAP(X)                                                                           \
    X(CLASSIFICATION, 0, "classification")                                                         \
    X(DETECTION, 1, "detection")                                                                   \
    X(REGRESSION, 2, "regression")                                                                 \
    X(ANOMALY, 3, "anomaly")                                                                       \
    X(KEYWORD, 4, "keyword")

typedef enum hone_task_kind {
#define HONE_TASK_ENUM(name, number, word) HONE_TASK_##name = number,
    HONE_TASK_MAP(HONE_TASK_ENUM)
#undef HONE_TASK_ENUM
} hone_task_kind;

typedef enum hone_layout { HONE_LAYOUT_NCHW = 0, HONE_LAYOUT_NHWC } hone_layout;
typedef enum hone_color { HONE_COLOR_RGB = 0, HONE_COLOR_BGR, HONE_COLOR_GRAY } hone_color;
typedef enum hone_filter {
    HONE_FILTER_NEAREST = 0,
    HONE_FILTER_BILINEAR,
    HONE_FILTER_BICUBIC
} hone_filter;
typedef enum hone_decoder {
    HONE_DECODER_NONE = 0,
    HONE_DECODER_FASTESTDET,
    HONE_DECODER_BOXES_SCORES
} hone_decoder;

#define HONE_CARD_MAX_COLUMNS 64

/* One model input. Fields of kinds of data that it does not use are zero. */
typedef struct hone_card_input {
    const char *name; /* NULL: the only one */
    hone_layout layout;
    bool has_color; /* false: the card says nothing of pictures */
    hone_color color;
    uint32_t short_side;              /* 0: not asked for */
    uint32_t to_width, to_height;     /* 0: not asked for */
    hone_filter filter;               /* default bilinear */
    uint32_t crop_width, crop_height; /* 0: none */
    float mean[4], std[4];            /* per channel as the card counts them; default 0 and 1 */
    /* Series. */
    uint32_t window, horizon;
    uint32_t column_count;
    const char *columns[HONE_CARD_MAX_COLUMNS];
    const char *target;
    /* Sound. */
    const char *sound_kind; /* "mfcc", "logmel" or NULL */
    uint32_t sample_rate, bands, coefficients;
    double frame_ms, hop_ms;
} hone_card_input;

typedef struct hone_card_decoder {
    hone_decoder type;
    float score, nms_iou;
    const char *boxes, *scores; /* output names of boxes_scores; NULL: the first, the second */
    bool pixels;                /* corners are in pixels of the input, not relative */
} hone_card_decoder;

typedef struct hone_card hone_card;

/* Unknown keys are ignored; a key of a wrong type or value is HONE_FORMAT and named. A label file
 * ({"file": F}) that was not written into the card is HONE_UNSUPPORTED: hone_model_load does it. */
HONE_API hone_status hone_card_parse(const char *json, size_t size, hone_card **card,
                                     hone_error *error);
/* The card of a model; HONE_NOT_FOUND where it has none. */
HONE_API hone_status hone_card_of(const hone_model *model, hone_card **card, hone_error *error);
HONE_API void hone_card_free(hone_card *card);

HONE_API hone_task_kind hone_card_task(const hone_card *card);
HONE_API const char *hone_task_name(hone_task_kind task);
HONE_API uint32_t hone_card_inputs(const hone_card *card);
/* Input `index`, NULL beyond the last. */
HONE_API const hone_card_input *hone_card_get_input(const hone_card *card, uint32_t index);
HONE_API const hone_card_decoder *hone_card_get_decoder(const hone_card *card);
/* Labels name outputs: class c of the data is output c + class_offset. NULL where there is none. */
HONE_API uint32_t hone_card_labels(const hone_card *card);
HONE_API const char *hone_card_label(const hone_card *card, uint32_t output);
HONE_API uint32_t hone_card_class_offset(const hone_card *card);

/* ---- Pictures: 8 bits, 1 (gray) or 3 (RGB) channels, rows without padding. ---- */

typedef struct hone_picture {
    uint32_t width, height, channels;
    uint8_t *data; /* height * width * channels bytes, owned: hone_picture_free */
} hone_picture;

#define HONE_MAX_SIDE   65500u     /* pixels; what JPEG allows */
#define HONE_MAX_PIXELS 178956970u /* where Pillow refuses a picture as a bomb */

HONE_API hone_status hone_picture_new(uint32_t width, uint32_t height, uint32_t channels,
                                      hone_picture *picture, hone_error *error);
HONE_API void hone_picture_free(hone_picture *picture);

/* JPEG or PNG, told by content. `max_pixels` 0: HONE_MAX_PIXELS. Alpha is dropped, CMYK and
 * palettes become RGB, 16 bits keep the upper 8. HONE_FORMAT names the file where given. */
HONE_API hone_status hone_picture_read(const char *path, uint64_t max_pixels, hone_picture *picture,
                                       hone_error *error);
HONE_API hone_status hone_picture_decode(const void *bytes, size_t size, uint64_t max_pixels,
                                         hone_picture *picture, hone_error *error);
/* Written beside and renamed. */
HONE_API hone_status hone_picture_write_png(const hone_picture *picture, const char *path,
                                            hone_error *error);
/* A PNG in memory; *bytes is freed with free(). */
HONE_API hone_status hone_picture_encode_png(const hone_picture *picture, uint8_t **bytes,
                                             size_t *size, hone_error *error);

/* Convolution resampling with antialiasing when shrinking; the bytes are those of Pillow's
 * Image.resize. *out is new. */
HONE_API hone_status hone_picture_resize(const hone_picture *picture, uint32_t width,
                                         uint32_t height, hone_filter filter, hone_picture *out,
                                         hone_error *error);
/* 1 channel to 3 by copying, 3 to 1 by ITU-R 601 as Pillow's "L"; always a new picture. */
HONE_API hone_status hone_picture_convert(const hone_picture *picture, uint32_t channels,
                                          hone_picture *out, hone_error *error);

/* ---- numpy files: format 1 to 3, C order, little-endian. ---- */

/* *tensor is freed with hone_tensor_free. HONE_UNSUPPORTED for Fortran order, objects, strings. */
HONE_API hone_status hone_npy_read(const char *path, hone_tensor *tensor, hone_error *error);
HONE_API hone_status hone_npy_write(const hone_tensor *tensor, const char *path, hone_error *error);

/* ---- Datasets ---- */

/* Corners relative to the picture, 0 to 1. `class_index` is the data's class, or in detections the
 * data's class that the model means. */
typedef struct hone_box {
    float x0, y0, x1, y1, score;
    int32_t class_index;
} hone_box;

typedef struct hone_boxes {
    hone_box *box; /* owned */
    uint32_t count, capacity;
} hone_boxes;

HONE_API void hone_boxes_free(hone_boxes *boxes);

/* X(name, number, word): the forms that are recognised */
#define HONE_FORM_MAP(X)                                                                           \
    X(IDX, 0, "idx")                                                                               \
    X(FOLDERS, 1, "class folders")                                                                 \
    X(CSV, 2, "labels.csv")                                                                        \
    X(YOLO, 3, "yolo")                                                                             \
    X(NPY, 4, "npy")

typedef enum hone_form {
#define HONE_FORM_ENUM(name, number, word) HONE_FORM_##name = number,
    HONE_FORM_MAP(HONE_FORM_ENUM)
#undef HONE_FORM_ENUM
} hone_form;

/* One sample. Either picture.data or tensor.data is not NULL. Zero it before the first read, then
 * it may be read into again and again; free with hone_sample_free. */
typedef struct hone_sample {
    hone_picture picture;
    hone_tensor tensor;  /* a row of x.npy, without the leading dimension; a view of the dataset */
    int64_t class_index; /* -1: none */
    float target;        /* regression (a floating-point y.npy) */
    hone_boxes boxes;    /* YOLO labels */
} hone_sample;

typedef struct hone_dataset hone_dataset;

typedef struct hone_dataset_options {
    uint64_t max_pixels; /* of one picture; 0: HONE_MAX_PIXELS */
    uint64_t max_bytes;  /* of one unpacked IDX file; 0: 4 GiB */
    uint64_t limit;      /* 0: all; else a random sample of that many, in their order */
    uint64_t seed;
} hone_dataset_options;

/* Opens DATA: PATH[#SPLIT][:K/N | :-K/N]. `card` (may be NULL) gives class folders their indices;
 * it need not outlive the call. `options` may be NULL. HONE_FORMAT says what was looked for;
 * HONE_UNSUPPORTED for sound folders and series. */
HONE_API hone_status hone_dataset_open(const char *spec, const hone_card *card,
                                       const hone_dataset_options *options, hone_dataset **dataset,
                                       hone_error *error);
HONE_API void hone_dataset_free(hone_dataset *dataset);

/* Every n-th sample from the k-th on (k from 1), or with `others` all the rest; a random sample of
 * `limit` in their order. The results share the data and are freed on their own. */
HONE_API hone_status hone_dataset_part(const hone_dataset *dataset, uint64_t k, uint64_t n,
                                       bool others, hone_dataset **part, hone_error *error);
HONE_API hone_status hone_dataset_limit(const hone_dataset *dataset, uint64_t limit, uint64_t seed,
                                        hone_dataset **part, hone_error *error);

HONE_API size_t hone_dataset_count(const hone_dataset *dataset);
HONE_API hone_form hone_dataset_form(const hone_dataset *dataset);
HONE_API const char *hone_form_name(hone_form form);
/* Number of classes that the data shows (largest index + 1); 0 where it has none. */
HONE_API uint32_t hone_dataset_classes(const hone_dataset *dataset);
/* The data's own name of a class (a folder, a fourth column), or NULL. */
HONE_API const char *hone_dataset_class_name(const hone_dataset *dataset, uint32_t class_index);
/* The file of a sample, or "#17" for row 17 of a packed form. Written to `out`. */
HONE_API void hone_dataset_item_name(const hone_dataset *dataset, size_t index, char *out,
                                     size_t size);

/* Decodes sample `index`. Any number of threads may read from one dataset, each into its own
 * sample. */
HONE_API hone_status hone_dataset_read(const hone_dataset *dataset, size_t index,
                                       hone_sample *sample, hone_error *error);
/* The label alone, without decoding the picture: as in hone_sample.class_index. */
HONE_API hone_status hone_dataset_class(const hone_dataset *dataset, size_t index,
                                        int64_t *class_index, hone_error *error);
HONE_API void hone_sample_free(hone_sample *sample);

/* ---- Feeding: samples to the inputs of a session, as the card says ---- */

typedef struct hone_feed hone_feed;

/* For models with one input. `card` NULL: arrays (npy) are fed as they are, pictures are refused.
 * Model, session and card must outlive the feed. Buffers are allocated here, for the session's
 * planned batch. An integer graph input is quantized with the scale and zero point of the
 * DequantizeLinear that reads it; without one the pixels themselves are fed. */
HONE_API hone_status hone_feed_create(const hone_model *model, const hone_session *session,
                                      const hone_card *card, hone_feed **feed, hone_error *error);
HONE_API void hone_feed_free(hone_feed *feed);

/* Samples a run takes: the leading dimension of the planned input. */
HONE_API uint32_t hone_feed_batch(const hone_feed *feed);
/* Puts one sample into place `slot` < batch. Places never filled hold zeros. */
HONE_API hone_status hone_feed_put(hone_feed *feed, uint32_t slot, const hone_sample *sample,
                                   hone_error *error);
/* Reads samples first .. first + count - 1 into places 0 .. count - 1; count <= batch. */
HONE_API hone_status hone_feed_load(hone_feed *feed, const hone_dataset *dataset, size_t first,
                                    uint32_t count, hone_error *error);
/* What hone_session_run takes; valid as long as the feed. */
HONE_API const hone_tensor *hone_feed_inputs(const hone_feed *feed);

#ifdef __cplusplus
}
#endif
#endif
