/* SPDX-License-Identifier: Apache-2.0 */
/* Card: JSON text to a struct. Unknown keys are ignored, so that newer cards stay readable; a known
 * key with a wrong type or value is an error that names the key, because a wrong guess about
 * preprocessing costs accuracy without a sound. */
#include "data/card.h"

#include "base/error.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define CARD_MAX_BYTES  (16u << 20)
#define CARD_MAX_INPUTS 64
#define CARD_MAX_LABELS 1000000u

/* A key and where it stands, for error messages: "input.resize" + "short_side". */
typedef struct reader {
    hone_card *card;
    hone_error *error;
} reader;

typedef struct word {
    const char *word;
    int value;
} word;

static hone_status wrong(const reader *r, const char *where, const char *key, const char *wanted) {
    return hone_fail(r->error, HONE_FORMAT, HONE_NO_OFFSET, "card: '%s%s' must be %s", where, key,
                     wanted);
}

static hone_status get_text(const reader *r, const json_t *in, const char *where, const char *key,
                            const char **out) {
    const json_t *v = json_object_get(in, key);
    if (!v || json_is_null(v)) return HONE_OK;
    if (!json_is_string(v)) return wrong(r, where, key, "text");
    *out = hone__arena_text(&r->card->arena, json_string_value(v), json_string_length(v));
    return *out ? HONE_OK : hone_fail_memory(r->error, json_string_length(v));
}

static hone_status get_word(const reader *r, const json_t *in, const char *where, const char *key,
                            const word *words, int *out, bool *found) {
    const json_t *v = json_object_get(in, key);
    char wanted[200] = "one of";
    if (!v || json_is_null(v)) return HONE_OK;
    for (const word *w = words; w->word; w++) {
        size_t used = strlen(wanted);
        if (json_is_string(v) && strcmp(json_string_value(v), w->word) == 0) {
            *out = w->value;
            if (found) *found = true;
            return HONE_OK;
        }
        (void)snprintf(wanted + used, sizeof wanted - used, " '%s'", w->word);
    }
    return wrong(r, where, key, wanted);
}

static hone_status to_size(const reader *r, const json_t *v, const char *where, const char *key,
                           uint32_t least, uint32_t most, uint32_t *out) {
    char wanted[80];
    json_int_t n = json_is_integer(v) ? json_integer_value(v) : -1;
    if (json_is_real(v) && json_real_value(v) == floor(json_real_value(v)) &&
        fabs(json_real_value(v)) < 1e9)
        n = (json_int_t)json_real_value(v);
    (void)snprintf(wanted, sizeof wanted, "a whole number of %u to %u", least, most);
    if (n < (json_int_t)least || n > (json_int_t)most) return wrong(r, where, key, wanted);
    *out = (uint32_t)n;
    return HONE_OK;
}

static hone_status get_size(const reader *r, const json_t *in, const char *where, const char *key,
                            uint32_t least, uint32_t most, uint32_t *out) {
    const json_t *v = json_object_get(in, key);
    if (!v || json_is_null(v)) return HONE_OK;
    return to_size(r, v, where, key, least, most, out);
}

/* [width, height] */
static hone_status get_pair(const reader *r, const json_t *in, const char *where, const char *key,
                            uint32_t *width, uint32_t *height) {
    const json_t *v = json_object_get(in, key);
    if (!v || json_is_null(v)) return HONE_OK;
    if (!json_is_array(v) || json_array_size(v) != 2)
        return wrong(r, where, key, "[width, height]");
    HONE_TRY(to_size(r, json_array_get(v, 0), where, key, 1, HONE_MAX_SIDE, width));
    return to_size(r, json_array_get(v, 1), where, key, 1, HONE_MAX_SIDE, height);
}

static hone_status get_number(const reader *r, const json_t *in, const char *where, const char *key,
                              double least, double most, double *out) {
    const json_t *v = json_object_get(in, key);
    char wanted[80];
    if (!v || json_is_null(v)) return HONE_OK;
    (void)snprintf(wanted, sizeof wanted, "a number of %g to %g", least, most);
    if (!json_is_number(v)) return wrong(r, where, key, wanted);
    *out = json_number_value(v);
    return *out >= least && *out <= most ? HONE_OK : wrong(r, where, key, wanted);
}

/* A number for all channels, or a list of one to four; a shorter list's last value goes on. */
static hone_status get_channels(const reader *r, const json_t *in, const char *key, float *out,
                                bool divisor) {
    const json_t *v = json_object_get(in, key);
    size_t count = json_is_array(v) ? json_array_size(v) : 1;
    if (!v || json_is_null(v)) return HONE_OK;
    if (count < 1 || count > 4) return wrong(r, "input.", key, "one to four numbers");
    for (size_t c = 0; c < 4; c++) {
        const json_t *n = json_is_array(v) ? json_array_get(v, c < count ? c : count - 1) : v;
        if (!json_is_number(n)) return wrong(r, "input.", key, "one to four numbers");
        out[c] = (float)json_number_value(n);
        if (!isfinite(out[c])) return wrong(r, "input.", key, "finite");
        if (divisor && !isnormal(out[c])) return wrong(r, "input.", key, "other than zero");
    }
    return HONE_OK;
}

static hone_status read_resize(const reader *r, const json_t *in, hone_card_input *input) {
    static const word filters[] = {{"nearest", HONE_FILTER_NEAREST},
                                   {"bilinear", HONE_FILTER_BILINEAR},
                                   {"bicubic", HONE_FILTER_BICUBIC},
                                   {NULL, 0}};
    const json_t *resize = json_object_get(in, "resize");
    int filter = HONE_FILTER_BILINEAR;
    if (!resize || json_is_null(resize)) return HONE_OK;
    if (!json_is_object(resize)) return wrong(r, "input.", "resize", "an object");
    HONE_TRY(
        get_size(r, resize, "input.resize.", "short_side", 1, HONE_MAX_SIDE, &input->short_side));
    HONE_TRY(get_pair(r, resize, "input.resize.", "to", &input->to_width, &input->to_height));
    HONE_TRY(get_word(r, resize, "input.resize.", "filter", filters, &filter, NULL));
    input->filter = (hone_filter)filter;
    if ((input->short_side != 0) == (input->to_width != 0))
        return wrong(r, "input.", "resize", "given as one of 'short_side' and 'to'");
    return HONE_OK;
}

static hone_status read_picture(const reader *r, const json_t *in, hone_card_input *input) {
    static const word layouts[] = {{"nchw", HONE_LAYOUT_NCHW}, {"nhwc", HONE_LAYOUT_NHWC}, {0}};
    static const word colors[] = {
        {"rgb", HONE_COLOR_RGB}, {"bgr", HONE_COLOR_BGR}, {"gray", HONE_COLOR_GRAY}, {0}};
    int layout = HONE_LAYOUT_NCHW, color = HONE_COLOR_RGB;
    HONE_TRY(get_word(r, in, "input.", "layout", layouts, &layout, NULL));
    HONE_TRY(get_word(r, in, "input.", "color", colors, &color, &input->has_color));
    input->layout = (hone_layout)layout;
    input->color = (hone_color)color;
    for (int c = 0; c < 4; c++) input->std[c] = 1.0f;
    HONE_TRY(get_channels(r, in, "mean", input->mean, false));
    HONE_TRY(get_channels(r, in, "std", input->std, true));
    HONE_TRY(read_resize(r, in, input));
    return get_pair(r, in, "input.", "crop", &input->crop_width, &input->crop_height);
}

static hone_status read_series(const reader *r, const json_t *in, hone_card_input *input) {
    const json_t *columns = json_object_get(in, "columns"), *name = NULL;
    size_t index = 0;
    HONE_TRY(get_size(r, in, "input.", "window", 1, 1000000, &input->window));
    HONE_TRY(get_size(r, in, "input.", "horizon", 0, 1000000, &input->horizon));
    HONE_TRY(get_text(r, in, "input.", "target", &input->target));
    if (!columns || json_is_null(columns)) return HONE_OK;
    if (!json_is_array(columns) || json_array_size(columns) > HONE_CARD_MAX_COLUMNS)
        return wrong(r, "input.", "columns", "a list of at most 64 names");
    json_array_foreach(columns, index, name) {
        if (!json_is_string(name)) return wrong(r, "input.", "columns", "a list of names");
        input->columns[index] =
            hone__arena_text(&r->card->arena, json_string_value(name), json_string_length(name));
        if (!input->columns[index]) return hone_fail_memory(r->error, json_string_length(name));
    }
    input->column_count = (uint32_t)json_array_size(columns);
    return HONE_OK;
}

static hone_status read_sound(const reader *r, const json_t *in, hone_card_input *input) {
    const json_t *f = json_object_get(in, "features");
    const char *where = "input.features.";
    if (!f || json_is_null(f)) return HONE_OK;
    if (!json_is_object(f)) return wrong(r, "input.", "features", "an object");
    HONE_TRY(get_size(r, f, where, "sample_rate", 1, 768000, &input->sample_rate));
    HONE_TRY(get_text(r, f, where, "type", &input->sound_kind));
    HONE_TRY(get_size(r, f, where, "bands", 1, 4096, &input->bands));
    HONE_TRY(get_size(r, f, where, "coefficients", 1, 4096, &input->coefficients));
    HONE_TRY(get_number(r, f, where, "frame_ms", 0, 1e6, &input->frame_ms));
    return get_number(r, f, where, "hop_ms", 0, 1e6, &input->hop_ms);
}

static hone_status read_input(const reader *r, const json_t *in, hone_card_input *input) {
    if (!json_is_object(in)) return wrong(r, "", "input", "an object or a list of objects");
    HONE_TRY(get_text(r, in, "input.", "name", &input->name));
    HONE_TRY(read_picture(r, in, input));
    HONE_TRY(read_series(r, in, input));
    return read_sound(r, in, input);
}

static hone_status read_inputs(const reader *r, const json_t *root) {
    const json_t *in = json_object_get(root, "input");
    size_t count = json_is_array(in) ? json_array_size(in) : 1;
    if (!in || json_is_null(in) || count == 0) return HONE_OK;
    if (count > CARD_MAX_INPUTS) return wrong(r, "", "input", "a list of at most 64 inputs");
    r->card->inputs = hone__arena_alloc(&r->card->arena, count, sizeof *r->card->inputs);
    if (!r->card->inputs) return hone_fail_memory(r->error, count * sizeof *r->card->inputs);
    for (size_t i = 0; i < count; i++)
        HONE_TRY(
            read_input(r, json_is_array(in) ? json_array_get(in, i) : in, &r->card->inputs[i]));
    r->card->input_count = (uint32_t)count;
    return HONE_OK;
}

static hone_status read_labels(const reader *r, const json_t *root) {
    const json_t *labels = json_object_get(root, "labels");
    hone_card *card = r->card;
    size_t count = json_array_size(labels);
    if (!labels || json_is_null(labels)) return HONE_OK;
    if (json_is_object(labels))
        return hone_fail(r->error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "card: 'labels' names a file that was not read; load the card together "
                         "with its model");
    if (!json_is_array(labels) || count > CARD_MAX_LABELS)
        return wrong(r, "", "labels", "a list of names or {\"file\": F, \"first\": N}");
    card->labels = hone__arena_alloc(&card->arena, count, sizeof *card->labels);
    if (!card->labels) return hone_fail_memory(r->error, count * sizeof *card->labels);
    for (size_t i = 0; i < count; i++) {
        const json_t *name = json_array_get(labels, i);
        if (!json_is_string(name)) return wrong(r, "", "labels", "a list of names");
        card->labels[i] =
            hone__arena_text(&card->arena, json_string_value(name), json_string_length(name));
        if (!card->labels[i]) return hone_fail_memory(r->error, json_string_length(name));
    }
    card->label_count = (uint32_t)count;
    return HONE_OK;
}

static hone_status read_decoder(const reader *r, const json_t *root) {
    static const word types[] = {
        {"fastestdet", HONE_DECODER_FASTESTDET}, {"boxes_scores", HONE_DECODER_BOXES_SCORES}, {0}};
    static const word corners[] = {{"relative", 0}, {"pixels", 1}, {0}};
    const json_t *in = json_object_get(root, "decoder");
    hone_card_decoder *decoder = &r->card->decoder;
    double score = 0.3, nms_iou = 0.45;
    int type = HONE_DECODER_NONE, pixels = 0;
    if (!in || json_is_null(in)) return HONE_OK;
    if (!json_is_object(in)) return wrong(r, "", "decoder", "an object");
    HONE_TRY(get_word(r, in, "decoder.", "type", types, &type, NULL));
    if (type == HONE_DECODER_NONE) return wrong(r, "decoder.", "type", "given");
    HONE_TRY(get_word(r, in, "decoder.", "corners", corners, &pixels, NULL));
    HONE_TRY(get_number(r, in, "decoder.", "score", 0, 1, &score));
    HONE_TRY(get_number(r, in, "decoder.", "nms_iou", 0, 1, &nms_iou));
    HONE_TRY(get_text(r, in, "decoder.", "boxes", &decoder->boxes));
    HONE_TRY(get_text(r, in, "decoder.", "scores", &decoder->scores));
    decoder->type = (hone_decoder)type;
    decoder->pixels = pixels != 0;
    decoder->score = (float)score;
    decoder->nms_iou = (float)nms_iou;
    return HONE_OK;
}

static hone_status read_card(const reader *r, const json_t *root) {
    static const word tasks[] = {
#define TASK_WORD(name, number, text) {text, number},
        HONE_TASK_MAP(TASK_WORD)
#undef TASK_WORD
            {NULL, 0}};
    int task = HONE_TASK_CLASSIFICATION;
    bool found = false;
    if (!json_is_object(root)) return wrong(r, "", "the whole", "a JSON object");
    HONE_TRY(get_word(r, root, "", "task", tasks, &task, &found));
    if (!found) return wrong(r, "", "task", "given");
    r->card->task = (hone_task_kind)task;
    HONE_TRY(read_inputs(r, root));
    HONE_TRY(read_labels(r, root));
    HONE_TRY(get_size(r, root, "", "class_offset", 0, CARD_MAX_LABELS, &r->card->class_offset));
    return read_decoder(r, root);
}

hone_status hone_card_parse(const char *json, size_t size, hone_card **card, hone_error *error) {
    json_error_t where;
    json_t *root = NULL;
    reader r = {NULL, error};
    hone_status status = HONE_OK;
    *card = NULL;
    if (size > CARD_MAX_BYTES)
        return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "card: more than %u bytes",
                         CARD_MAX_BYTES);
    root = json_loadb(json, size, 0, &where);
    if (!root)
        return hone_fail(error, HONE_FORMAT, (uint64_t)(where.position < 0 ? 0 : where.position),
                         "card: line %d: %s", where.line, where.text);
    r.card = hone__calloc(NULL, 1, sizeof *r.card);
    if (r.card) {
        hone__arena_init(&r.card->arena, NULL);
        status = read_card(&r, root);
    } else {
        status = hone_fail_memory(error, sizeof *r.card);
    }
    json_decref(root);
    if (status != HONE_OK)
        hone_card_free(r.card);
    else
        *card = r.card;
    return status;
}

hone_status hone_card_of(const hone_model *model, hone_card **card, hone_error *error) {
    size_t size = 0;
    const char *json = hone_model_card(model, &size);
    *card = NULL;
    if (!json)
        return hone_fail(error, HONE_NOT_FOUND, HONE_NO_OFFSET,
                         "the model has no card; write NAME.card.json beside it");
    return hone_card_parse(json, size, card, error);
}

void hone_card_free(hone_card *card) {
    if (!card) return;
    hone__arena_release(&card->arena);
    hone__free(NULL, card, sizeof *card);
}

hone_task_kind hone_card_task(const hone_card *card) {
    return card->task;
}

const char *hone_task_name(hone_task_kind task) {
    switch (task) {
#define TASK_NAME(name, number, text)                                                              \
    case HONE_TASK_##name:                                                                         \
        return text;
        HONE_TASK_MAP(TASK_NAME)
#undef TASK_NAME
    }
    return "unknown";
}

uint32_t hone_card_inputs(const hone_card *card) {
    return card->input_count;
}

const hone_card_input *hone_card_get_input(const hone_card *card, uint32_t index) {
    return index < card->input_count ? &card->inputs[index] : NULL;
}

const hone_card_decoder *hone_card_get_decoder(const hone_card *card) {
    return &card->decoder;
}

uint32_t hone_card_labels(const hone_card *card) {
    return card->label_count;
}

const char *hone_card_label(const hone_card *card, uint32_t output) {
    return output < card->label_count ? card->labels[output] : NULL;
}

uint32_t hone_card_class_offset(const hone_card *card) {
    return card->class_offset;
}

int64_t hone__card_class_named(const hone_card *card, const char *name) {
    for (uint32_t i = card->class_offset; i < card->label_count; i++)
        if (strcmp(card->labels[i], name) == 0) return (int64_t)(i - card->class_offset);
    return -1;
}
