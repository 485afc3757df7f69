/* SPDX-License-Identifier: Apache-2.0 */
/* The card beside a model file: a JSON object, whose labels may lie in a file of the card's own
 * folder. Its lines are written into the card, so that the model carries them from then on. */
#include "base/error.h"
#include "base/file.h"
#include "formats/front.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CARD_MAX_BYTES = 16 << 20, LABELS_MAX_BYTES = 16 << 20 };

char *hone__path_folder(const hone_allocator *allocator, const char *path) {
    const char *slash = strrchr(path, '/');
    const char *from = slash ? path : ".";
    size_t length = slash ? (size_t)(slash - path) + (slash == path) : 1;
    char *folder = hone__alloc(allocator, length + 1, 1);
    if (!folder) return NULL;
    memcpy(folder, from, length);
    folder[length] = 0;
    return folder;
}

char *hone__card_path(const hone_allocator *allocator, const char *model_path) {
    static const char ending[] = ".card.json";
    size_t stem = (size_t)(hone__path_ending(model_path) - model_path);
    char *path = hone__alloc(allocator, stem + sizeof ending, 1);
    if (!path) return NULL;
    memcpy(path, model_path, stem);
    memcpy(path + stem, ending, sizeof ending);
    return path;
}

static hone_status parse(const char *text, size_t size, json_t **card, hone_error *error) {
    json_error_t why;
    *card = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
    if (!*card)
        return hone_fail(error, HONE_FORMAT, (uint64_t)why.position,
                         "the card is not JSON: %s (line %d)", why.text, why.line);
    if (json_is_object(*card)) return HONE_OK;
    json_decref(*card);
    *card = NULL;
    return hone_fail(error, HONE_FORMAT, 0, "the card is not a JSON object");
}

/* A plain name of the folder itself: no path, no link, no device. The file that was checked is the
 * one that is read, through its descriptor. */
static hone_status read_label_file(const char *folder, const char *name, char **text, size_t *size,
                                   hone_error *error) {
    if (!*name || strchr(name, '/') || strchr(name, '\\') || !strcmp(name, ".") ||
        !strcmp(name, ".."))
        return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET,
                         "the label file '%s' is not in the card's own folder", name);
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = at < 0 ? -1 : openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int reason = errno;
    if (at >= 0) close(at);
    if (fd < 0 && reason == ELOOP)
        return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET,
                         "the label file '%s' is a link, which is not followed", name);
    if (fd < 0)
        return hone_fail(error, HONE_IO, HONE_NO_OFFSET, "the label file '%s' cannot be opened: %s",
                         name, strerror(reason));
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    hone_status status = hone__file_read(NULL, path, LABELS_MAX_BYTES, text, size, error);
    close(fd);
    if (status != HONE_OK) hone_error_prefix(error, "the label file '%s'", name);
    return status;
}

/* Lines from `first` on; a carriage return before the line's end is not part of it. */
static json_t *lines_of(const char *text, size_t size, int64_t first) {
    json_t *list = json_array();
    const char *end = text + size;
    for (int64_t line = 0; list && text < end; line++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        if (!stop) stop = end;
        size_t length = (size_t)(stop - text);
        if (length && text[length - 1] == '\r') length--;
        if (line >= first && json_array_append_new(list, json_stringn(text, length))) {
            json_decref(list); /* not UTF-8, or no memory */
            return NULL;
        }
        text = stop + 1;
    }
    return list;
}

static hone_status replace_labels(json_t *card, const json_t *labels, const char *folder,
                                  hone_error *error) {
    const json_t *file = json_object_get(labels, "file"), *first = json_object_get(labels, "first");
    if (!json_is_string(file) || strlen(json_string_value(file)) != json_string_length(file) ||
        (first && (!json_is_integer(first) || json_integer_value(first) < 0)))
        return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET,
                         "the card's labels are neither a list nor {\"file\": NAME, \"first\": N}");
    if (!folder)
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET,
                         "the card names the label file '%s': give the labels as a list",
                         json_string_value(file));
    char *text;
    size_t size;
    HONE_TRY(read_label_file(folder, json_string_value(file), &text, &size, error));
    json_t *list = lines_of(text, size, first ? json_integer_value(first) : 0);
    hone__free(NULL, text, size + 1);
    if (list && !json_object_set_new(card, "labels", list)) return HONE_OK;
    return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET, "the label file '%s' is not UTF-8 text",
                     json_string_value(file));
}

/* Into the model: as it was written, or with the labels of the file put in. */
static hone_status take_card(hone_model *model, const char *text, size_t size, const char *folder,
                             hone_error *error) {
    json_t *card;
    HONE_TRY(parse(text, size, &card, error));
    const json_t *labels = json_object_get(card, "labels");
    hone_status status = HONE_OK;
    if (json_is_object(labels)) {
        status = replace_labels(card, labels, folder, error);
        char *dump = status == HONE_OK ? json_dumps(card, JSON_INDENT(2)) : NULL;
        if (dump) status = hone__model_put_card(model, dump, strlen(dump), error);
        if (!dump && status == HONE_OK) status = hone_fail_memory(error, size);
        free(dump);
    } else {
        status = hone__model_put_card(model, text, size, error);
    }
    json_decref(card);
    return status;
}

static hone_status load_from(hone_model *model, const char *path, hone_error *error) {
    char *text;
    size_t size;
    char *folder = hone__path_folder(model->allocator, path);
    if (!folder) return hone_fail_memory(error, strlen(path));
    hone_status status =
        hone__file_read(model->allocator, path, CARD_MAX_BYTES, &text, &size, error);
    if (status == HONE_OK) {
        status = take_card(model, text, size, folder, error);
        hone__free(model->allocator, text, size + 1);
        if (status != HONE_OK) hone_error_prefix(error, "%s", path);
    }
    hone__free(model->allocator, folder, strlen(folder) + 1);
    return status;
}

hone_status hone__card_load(hone_model *model, const char *model_path, hone_error *error) {
    char *path = hone__card_path(model->allocator, model_path);
    if (!path) return hone_fail_memory(error, strlen(model_path));
    hone_status status = access(path, F_OK) ? HONE_OK : load_from(model, path, error);
    hone__free(model->allocator, path, strlen(path) + 1);
    return status;
}

hone_status hone_model_set_card(hone_model *model, const char *json, size_t size,
                                hone_error *error) {
    return size ? take_card(model, json, size, NULL, error)
                : hone__model_put_card(model, NULL, 0, error);
}
