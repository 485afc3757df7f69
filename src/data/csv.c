/* SPDX-License-Identifier: Apache-2.0 */
/* labels.csv: a first line of column names with `file` and `class_index` among them, then a line a
 * picture, in that order. Fields may be quoted as RFC 4180 says (no line breaks inside). Files are
 * named from the folder in which the table lies. A column `name` names the class. */
#include "data/source.h"

#include "base/error.h"
#include <stdlib.h>
#include <string.h>

#define CSV_MAX_BYTES   ((size_t)1 << 30)
#define CSV_MAX_COLUMNS 64

typedef struct table {
    char *at; /* in the text, which is cut up in place */
    uint64_t line;
    char *field[CSV_MAX_COLUMNS];
    int fields, file, class_index, name; /* columns, -1: none */
    const char *path;
    hone_error *error;
} table;

static hone_status bad(const table *t, const char *what) {
    return hone_fail(t->error, HONE_FORMAT, HONE_NO_OFFSET, "%s: line %llu: %s", t->path,
                     (unsigned long long)t->line, what);
}

/* One field, unquoted in place; *at stands behind its comma or on the end of the line. */
static char *cut_field(char **at, bool *more) {
    char *in = *at, *field = in, *out = in;
    if (*in == '"') {
        for (in++; *in && *in != '\n'; in++) {
            if (*in == '"' && *++in != '"') break;
            *out++ = *in;
        }
    }
    while (*in && *in != ',' && *in != '\n') *out++ = *in++;
    *more = *in == ',';
    *at = in + (*in == ',');
    if (!*more && *in == '\n') *at = in + 1;
    while (out > field && out[-1] == '\r') out--;
    *out = 0;
    return field;
}

/* The next line that is not empty; false at the end. */
static bool next_line(table *t) {
    bool more = true;
    while (*t->at == '\n' || *t->at == '\r') t->line += *t->at++ == '\n';
    if (!*t->at) return false;
    t->line++;
    for (t->fields = 0; more;) {
        char *field = cut_field(&t->at, &more);
        if (t->fields < CSV_MAX_COLUMNS) t->field[t->fields++] = field;
    }
    return true;
}

static int column(const table *t, const char *name) {
    for (int i = 0; i < t->fields; i++)
        if (strcmp(t->field[i], name) == 0) return i;
    return -1;
}

static hone_status read_names(table *t) {
    if (strncmp(t->at, "\xef\xbb\xbf", 3) == 0) t->at += 3; /* a byte order mark */
    if (!next_line(t)) return bad(t, "the table is empty");
    t->file = column(t, "file");
    t->class_index = column(t, "class_index");
    t->name = column(t, "name");
    return t->file >= 0 && t->class_index >= 0
               ? HONE_OK
               : bad(t, "the first line must name the columns 'file' and 'class_index'");
}

static hone_status add_row(hone_source *s, table *t, const char *folder) {
    char *end = NULL;
    const char *path = NULL, *name = NULL;
    long index = 0;
    if (t->fields <= t->file || t->fields <= t->class_index) return bad(t, "fields are missing");
    index = strtol(t->field[t->class_index], &end, 10);
    if (end == t->field[t->class_index] || *end || index < 0 || index >= HONE_DATA_MAX_CLASSES)
        return bad(t, "class_index is not a whole number from 0 on");
    if (!*t->field[t->file]) return bad(t, "the file's name is empty");
    if (!hone__is_picture_name(t->field[t->file]))
        return hone_fail(t->error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "%s: line %llu: '%.100s' is neither .jpg nor .png", t->path,
                         (unsigned long long)t->line, t->field[t->file]);
    path = t->field[t->file][0] == '/'
               ? hone__arena_text(&s->arena, t->field[t->file], strlen(t->field[t->file]))
               : hone__join(&s->arena, folder, t->field[t->file]);
    if (t->name >= 0 && t->name < t->fields) {
        name = hone__arena_text(&s->arena, t->field[t->name], strlen(t->field[t->name]));
        if (!name) return hone_fail_memory(t->error, 64);
    }
    HONE_TRY(hone__source_add_class(s, index, name, t->error));
    return hone__source_add_item(s, path, index, t->error);
}

hone_status hone__open_csv(hone_source *source, const char *path, hone_error *error) {
    const char *slash = strrchr(path, '/');
    const char *folder =
        slash ? hone__arena_text(&source->arena, path, (size_t)(slash - path)) : ".";
    char *text = NULL;
    size_t size = 0;
    table t = {.path = path, .error = error};
    hone_status status = HONE_OK;
    source->form = HONE_FORM_CSV;
    if (!folder) return hone_fail_memory(error, 256);
    if (slash == path) folder = "/";
    HONE_TRY(hone__file_read(NULL, path, CSV_MAX_BYTES, &text, &size, error));
    t.at = text;
    status = strlen(text) == size ? read_names(&t) : bad(&t, "a NUL byte in the table");
    while (status == HONE_OK && next_line(&t)) status = add_row(source, &t, folder);
    hone__free(NULL, text, size + 1);
    return status;
}
