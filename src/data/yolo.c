/* SPDX-License-Identifier: Apache-2.0 */
/* YOLO: images/NAME.jpg with labels/NAME.txt, a line a box: class, centre x, centre y, width,
 * height, relative to the picture. A picture without a label file has no boxes. */
#include "data/source.h"

#include "base/error.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_MAX_BYTES ((size_t)16 << 20)

static hone_status bad(const char *path, unsigned line, const char *what, hone_error *error) {
    return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET, "%s: line %u: %s", path, line, what);
}

/* One line, NUL-terminated. */
static hone_status read_line(const char *path, unsigned line, char *text, hone_box *box,
                             hone_error *error) {
    double v[5];
    char *at = text, *end = NULL;
    for (int i = 0; i < 5; i++, at = end) {
        v[i] = strtod(at, &end);
        if (end == at || !isfinite(v[i]))
            return bad(path, line, "expected: class x y width height", error);
    }
    if (at[strspn(at, " \t\r")])
        return bad(path, line, "more than five numbers (outlines are not supported)", error);
    if (v[0] < 0 || v[0] >= HONE_DATA_MAX_CLASSES || v[0] != floor(v[0]))
        return bad(path, line, "the class is not a whole number from 0 on", error);
    for (int i = 1; i < 5; i++)
        if (v[i] < -0.5 || v[i] > 1.5)
            return bad(path, line, "places must be relative to the picture, 0 to 1", error);
    *box = (hone_box){(float)(v[1] - v[3] / 2),
                      (float)(v[2] - v[4] / 2),
                      (float)(v[1] + v[3] / 2),
                      (float)(v[2] + v[4] / 2),
                      1.0f,
                      (int32_t)v[0]};
    return HONE_OK;
}

static hone_status read_boxes(hone_source *s, const char *path, hone_error *error) {
    char *text = NULL;
    size_t size = 0;
    hone_status status = HONE_OK;
    unsigned line = 0;
    HONE_TRY(hone__file_read(NULL, path, LABEL_MAX_BYTES, &text, &size, error));
    for (char *at = text, *next = NULL; status == HONE_OK && at; at = next) {
        hone_box box;
        next = strchr(at, '\n');
        if (next) *next++ = 0;
        line++;
        if (!at[strspn(at, " \t\r")]) continue;
        status = read_line(path, line, at, &box, error);
        if (status == HONE_OK) status = hone__source_add_class(s, box.class_index, NULL, error);
        if (status == HONE_OK) status = hone__source_add_box(s, &box, error);
    }
    hone__free(NULL, text, size + 1);
    return status;
}

static hone_status add_picture(hone_source *s, const char *images, const char *labels,
                               const char *name, hone_error *error) {
    char text[300];
    const char *path = NULL;
    HONE_TRY(hone__source_add_item(s, hone__join(&s->arena, images, name), -1, error));
    (void)snprintf(text, sizeof text, "%.*s.txt", (int)(hone__path_ending(name) - name), name);
    path = hone__join(&s->arena, labels, text);
    if (!path) return hone_fail_memory(error, 256);
    return hone__is_file(path) ? read_boxes(s, path, error) : HONE_OK;
}

hone_status hone__open_yolo(hone_source *source, const char *images, const char *labels,
                            hone_error *error) {
    hone_listing listing = {0};
    hone_status status = HONE_OK;
    source->form = HONE_FORM_YOLO;
    if (!images || !labels) return hone_fail_memory(error, 256);
    HONE_TRY(hone__list_folder(&source->arena, images, &listing, error));
    for (size_t i = 0; status == HONE_OK && i < listing.count; i++)
        if (!listing.entry[i].folder && hone__is_picture_name(listing.entry[i].name))
            status = add_picture(source, images, labels, listing.entry[i].name, error);
    hone__listing_free(&listing);
    return status;
}
