/* SPDX-License-Identifier: Apache-2.0 */
/* hone run: one inference. */
#include "data.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MOST_PORTS 64
#define MOST_TOP   100
#define SEEN_SCORE 0.3 /* a card asks for less when it is made for measuring mAP */

typedef struct request {
    const char *model, *output, *draw;
    cli_list inputs;
    uint64_t top;
    double score;
} request;

typedef struct inference {
    hone_model *model;
    hone_card *card; /* NULL: none */
    hone_session *session;
    hone_feed *feed; /* pictures only */
    hone_picture picture;
    hone_tensor given[MOST_PORTS], outputs[MOST_PORTS];
    bool owned[MOST_PORTS];
    uint32_t inputs, output_count;
    double ms;
} inference;

static bool ends_with(const char *text, const char *ending) {
    size_t length = strlen(text), tail = strlen(ending);
    return length >= tail && strcmp(text + length - tail, ending) == 0;
}

static hone_status fail(cli *c, hone_status status, const char *what, const char *about) {
    c->error.status = status;
    c->error.offset = HONE_NO_OFFSET;
    snprintf(c->error.message, sizeof c->error.message, "%s: %s", about, what);
    return status;
}

/* ---- Inputs ---- */

/* "NAME=FILE" to an input's index; a word without a name is the next input. */
static hone_status find_input(cli *c, const inference *r, const char *word, size_t place,
                              const char **file, uint32_t *index) {
    const char *equals = strchr(word, '=');
    *file = word;
    *index = (uint32_t)place;
    for (uint32_t i = 0; equals && i < r->inputs; i++) {
        hone_port port;
        if (hone_model_input(r->model, i, &port) != HONE_OK) continue;
        if (strlen(port.name) != (size_t)(equals - word) ||
            strncmp(port.name, word, (size_t)(equals - word)) != 0)
            continue;
        *index = i;
        *file = equals + 1;
        return HONE_OK;
    }
    if (*index < r->inputs) return HONE_OK;
    return fail(c, HONE_USAGE, "the model has no such input", word);
}

static hone_status read_input(cli *c, inference *r, const char *word, size_t place) {
    const char *file = NULL;
    uint32_t index = 0;
    hone_status status = find_input(c, r, word, place, &file, &index);
    if (status != HONE_OK) return status;
    if (r->owned[index]) return fail(c, HONE_USAGE, "this input was given twice", word);
    if (ends_with(file, ".wav"))
        return fail(c, HONE_UNSUPPORTED, "sound features are not computed yet; give a .npy", file);
    if (ends_with(file, ".npy"))
        status = hone_npy_read(file, &r->given[index], &c->error);
    else if (ends_with(file, ".pb"))
        status = hone_tensor_read_pb(file, &r->given[index], &c->error);
    else
        return hone_picture_read(file, 0, &r->picture, &c->error);
    r->owned[index] = status == HONE_OK;
    return status;
}

/* Shapes of given arrays are the shapes that the session plans for. */
static hone_status open_session(cli *c, inference *r) {
    hone_session_options options = cli_session_options(c);
    hone_shape shapes[MOST_PORTS];
    bool any = false;
    for (uint32_t i = 0; i < r->inputs; i++) {
        hone_port port;
        hone_status status = hone_model_input(r->model, i, &port);
        if (status != HONE_OK) return status;
        shapes[i] = r->owned[i] ? r->given[i].shape : port.shape;
        for (int32_t d = 0; d < shapes[i].rank; d++)
            if (shapes[i].dim[d] < 0 && d == 0) shapes[i].dim[d] = 1;
        any = any || r->owned[i];
    }
    if (any) options.input_shapes = shapes;
    return hone_session_create(r->model, &options, &r->session, &c->error);
}

/* The picture through the card; what was not given is zeros, which is said. */
static hone_status fill_inputs(cli *c, inference *r) {
    hone_sample sample = {.picture = r->picture, .class_index = -1};
    hone_status status = HONE_OK;
    if (r->picture.data) {
        status = hone_feed_create(r->model, r->session, r->card, &r->feed, &c->error);
        if (status == HONE_OK) status = hone_feed_put(r->feed, 0, &sample, &c->error);
        if (status == HONE_OK) r->given[0] = *hone_feed_inputs(r->feed);
        return status;
    }
    for (uint32_t i = 0; i < r->inputs && status == HONE_OK; i++) {
        hone_port port;
        if (r->owned[i]) continue;
        status = hone_session_input(r->session, i, &port);
        if (status != HONE_OK) break;
        status = hone_tensor_new(port.dtype, &port.shape, &r->given[i], &c->error);
        r->owned[i] = status == HONE_OK;
        if (!c->quiet) fprintf(stderr, "hone: input '%s' was not given: zeros\n", port.name);
    }
    return status;
}

/* ---- Outputs ---- */

static void show_outputs(cli *c, const inference *r) {
    json_t *list = json_array();
    char shape[256];
    for (uint32_t i = 0; i < r->output_count; i++) {
        hone_port port;
        if (hone_session_output(r->session, i, &port) != HONE_OK) continue;
        json_array_append_new(list, json_pack("{s:s, s:o, s:s}", "name", port.name, "shape",
                                              cli_shape(&port.shape), "dtype",
                                              hone_dtype_name(port.dtype)));
        cli_print(c, "%s %s%s\n", port.name, hone_dtype_name(port.dtype),
                  cli_shape_text(r->model, &port.shape, shape, sizeof shape));
    }
    cli_set(c, "outputs", list);
}

/* Names of outputs become file names: what a file name cannot hold becomes '_'. */
static hone_status write_outputs(cli *c, const inference *r, const char *folder) {
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return fail(c, HONE_IO, strerror(errno), folder);
    for (uint32_t i = 0; i < r->output_count; i++) {
        hone_port port;
        char path[4096], name[256];
        hone_status status = hone_session_output(r->session, i, &port);
        if (status != HONE_OK) return status;
        snprintf(name, sizeof name, "%s", port.name);
        for (char *p = name; *p; p++)
            if (*p == '/' || *p == ':' || (unsigned char)*p < ' ') *p = '_';
        snprintf(path, sizeof path, "%s/%s.npy", folder, name);
        status = hone_npy_write(&r->outputs[i], path, &c->error);
        if (status != HONE_OK) return status;
    }
    return HONE_OK;
}

static hone_status show_top(cli *c, const inference *r, const request *q) {
    hone_ranked ranked[MOST_TOP];
    uint32_t count = 0;
    json_t *list = json_array();
    hone_status status = hone_top_k(r->model, r->card, &r->outputs[0], 0, (uint32_t)q->top, ranked,
                                    &count, &c->error);
    for (uint32_t i = 0; status == HONE_OK && i < count; i++) {
        json_array_append_new(list, json_pack("{s:s?, s:i, s:o}", "label", ranked[i].label, "index",
                                              ranked[i].output, "score",
                                              cli_real((double)ranked[i].score)));
        cli_print(c, "%6.2f %%  %5d  %s\n", 100 * (double)ranked[i].score, ranked[i].output,
                  ranked[i].label ? ranked[i].label : "");
    }
    cli_set(c, "top", list);
    return status;
}

static double clip(float v) {
    return v > 0 ? (v < 1 ? (double)v : 1.0) : 0.0;
}

static void show_box(cli *c, const inference *r, const hone_box *box, json_t *list) {
    uint32_t output = (uint32_t)box->class_index + hone_card_class_offset(r->card);
    const char *label = hone_card_label(r->card, output);
    double x0 = clip(box->x0), y0 = clip(box->y0), x1 = clip(box->x1), y1 = clip(box->y1);
    json_array_append_new(list, json_pack("{s:s?, s:i, s:o, s:o, s:o, s:o, s:o}", "label", label,
                                          "index", box->class_index, "score",
                                          cli_real((double)box->score), "x0", cli_real(x0), "y0",
                                          cli_real(y0), "x1", cli_real(x1), "y1", cli_real(y1)));
    cli_print(c, "%6.2f %%  %-20s  x %.3f to %.3f, y %.3f to %.3f\n", 100 * (double)box->score,
              label ? label : "", x0, x1, y0, y1);
}

static hone_status draw(cli *c, const inference *r, const hone_boxes *boxes, const char *path) {
    hone_picture canvas = {0};
    hone_status status = hone_picture_convert(&r->picture, 3, &canvas, &c->error);
    if (status == HONE_OK) status = hone_picture_draw_boxes(&canvas, r->card, boxes, &c->error);
    if (status == HONE_OK) status = hone_picture_write_png(&canvas, path, &c->error);
    hone_picture_free(&canvas);
    return status;
}

static double least_score(const inference *r, const request *q) {
    double card = (double)hone_card_get_decoder(r->card)->score;
    return q->score > 0 ? q->score : card > SEEN_SCORE ? card : SEEN_SCORE;
}

/* Corners are relative to the picture, 0 to 1. */
static hone_status show_boxes(cli *c, const inference *r, const request *q) {
    hone_boxes boxes = {0};
    json_t *list = json_array();
    hone_port port;
    uint32_t width = r->picture.width, height = r->picture.height;
    hone_status status = hone_session_input(r->session, 0, &port);
    if (!r->picture.data && port.shape.rank == 4) {
        width = (uint32_t)port.shape.dim[3];
        height = (uint32_t)port.shape.dim[2];
    }
    if (status == HONE_OK)
        status = hone_detect(r->model, r->card, r->outputs, r->output_count, 0, width, height,
                             (float)least_score(r, q), &boxes, &c->error);
    for (uint32_t i = 0; status == HONE_OK && i < boxes.count; i++)
        show_box(c, r, &boxes.box[i], list);
    cli_set(c, "boxes", list);
    if (status == HONE_OK && q->draw) status = draw(c, r, &boxes, q->draw);
    hone_boxes_free(&boxes);
    return status;
}

static bool ranks(const inference *r) {
    const hone_shape *s = &r->outputs[0].shape;
    if (r->card)
        return hone_card_task(r->card) == HONE_TASK_CLASSIFICATION ||
               hone_card_task(r->card) == HONE_TASK_KEYWORD;
    return r->output_count == 1 && s->rank == 2 && s->dim[1] > 1;
}

static hone_status show(cli *c, const inference *r, const request *q) {
    hone_status status = HONE_OK;
    show_outputs(c, r);
    if (r->card && hone_card_task(r->card) == HONE_TASK_DETECTION)
        status = show_boxes(c, r, q);
    else if (q->draw)
        status = fail(c, HONE_USAGE, "only detectors find boxes to draw", q->model);
    else if (ranks(r))
        status = show_top(c, r, q);
    if (status == HONE_OK && q->output) status = write_outputs(c, r, q->output);
    cli_set(c, "ms", cli_real(r->ms));
    cli_print(c, "%.3f ms\n", r->ms);
    return status;
}

/* ---- All of it ---- */

static hone_status open_all(cli *c, inference *r, const request *q) {
    hone_status status = cli_load_to_run(c, q->model, &r->model);
    if (status != HONE_OK) return status;
    r->inputs = hone_model_inputs(r->model);
    r->output_count = hone_model_outputs(r->model);
    if (r->inputs > MOST_PORTS || r->output_count > MOST_PORTS)
        return fail(c, HONE_UNSUPPORTED, "more than 64 inputs or outputs", q->model);
    status = hone_card_of(r->model, &r->card, &c->error);
    if (status == HONE_NOT_FOUND) status = HONE_OK;
    for (size_t i = 0; status == HONE_OK && i < q->inputs.count; i++)
        status = read_input(c, r, q->inputs.item[i], i);
    if (status == HONE_OK && q->draw && !r->picture.data)
        return fail(c, HONE_USAGE, "needs a picture as --input", "--draw");
    return status;
}

static hone_status infer(cli *c, inference *r) {
    double started = 0;
    hone_status status = open_session(c, r);
    if (status == HONE_OK) status = fill_inputs(c, r);
    started = cli_now_ms();
    if (status == HONE_OK) status = hone_session_run(r->session, r->given, r->outputs, &c->error);
    r->ms = cli_now_ms() - started;
    return status;
}

static void close_all(inference *r) {
    for (uint32_t i = 0; i < r->inputs && i < MOST_PORTS; i++)
        if (r->owned[i]) hone_tensor_free(&r->given[i]);
    hone_picture_free(&r->picture);
    hone_feed_free(r->feed);
    hone_session_free(r->session);
    hone_card_free(r->card);
    hone_model_free(r->model);
}

int cli_run(cli *c, int argc, char **argv) {
    request q = {.top = 5};
    inference r = {0};
    const cli_option options[] = {
        {"--input", "[NAME=]FILE", CLI_LIST, &q.inputs, "a picture, .npy or .pb; one an input"},
        {"--output", "DIR", CLI_TEXT, &q.output, "write every output as DIR/NAME.npy"},
        {"--draw", "OUT.png", CLI_TEXT, &q.draw, "draw the boxes onto the picture"},
        {"--top", "N", CLI_COUNT, &q.top, "how many classes (default 5)"},
        {"--score", "X", CLI_NUMBER, &q.score,
         "least score of a box (default 0.3, or the card's if more)"},
        {0}};
    int stop = cli_parse(c, options, argc, argv, &q.model, 1, 1);
    if (stop >= 0) return stop;
    if (!q.top || q.top > MOST_TOP) return cli_usage(c, "--top: 1 to %d", MOST_TOP);
    if (q.score < 0 || q.score > 1) return cli_usage(c, "--score: 0 to 1");
    hone_status status = open_all(c, &r, &q);
    if (status == HONE_OK) status = infer(c, &r);
    if (status == HONE_OK) status = show(c, &r, &q);
    close_all(&r);
    return cli_end(c, status);
}
