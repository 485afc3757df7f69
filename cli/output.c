/* SPDX-License-Identifier: Apache-2.0 */
/* Ending a verb: errors in one line, JSON in one object, exit statuses in one table. */
#include "cli.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static int exit_of(hone_status status) {
    switch (status) {
    case HONE_OK:
        return CLI_DONE;
    case HONE_NOT_MET:
        return CLI_NO;
    case HONE_USAGE:
        return CLI_USAGE;
    case HONE_MEMORY:
    case HONE_IO:
    case HONE_BUSY:
        return CLI_SYSTEM;
    case HONE_CANCELLED:
        return CLI_INTERRUPTED;
    default:
        return CLI_INPUT;
    }
}

static int print_json(cli *c) {
    char *text = json_dumps(c->out, JSON_INDENT(1) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
    if (!text) {
        fprintf(stderr, "hone: out of memory\n");
        return CLI_SYSTEM;
    }
    bool written = puts(text) >= 0 && !fflush(stdout);
    free(text);
    if (written) return CLI_DONE;
    fprintf(stderr, "hone: cannot write to stdout\n");
    return CLI_SYSTEM;
}

int cli_end(cli *c, hone_status status) {
    int code = exit_of(status);
    cli_progress_end(c);
    if (status != HONE_OK && status != HONE_NOT_MET) {
        fprintf(stderr, "hone: %s\n",
                c->error.message[0] ? c->error.message : hone_status_text(status));
        return code;
    }
    if (status == HONE_NOT_MET && c->error.message[0] && !c->quiet)
        fprintf(stderr, "hone: %s\n", c->error.message);
    if (c->json && print_json(c) != CLI_DONE) return CLI_SYSTEM;
    return code;
}

int cli_usage(cli *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "hone %s: ", c->verb->name);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nusage: hone %s %s (hone %s --help tells more)\n", c->verb->name,
            c->verb->words, c->verb->name);
    va_end(args);
    return CLI_USAGE;
}

void cli_print(cli *c, const char *format, ...) {
    if (c->json || c->quiet) return;
    cli_progress_end(c);
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
}

void cli_set(cli *c, const char *key, json_t *value) {
    json_object_set_new(c->out, key, value);
}

json_t *cli_real(double value) {
    if (!isfinite(value)) return json_null();
    char text[32];
    snprintf(text, sizeof text, "%.6g", value);
    return json_real(strtod(text, NULL));
}

json_t *cli_shape(const hone_shape *shape) {
    if (shape->rank < 0) return json_null();
    json_t *dims = json_array();
    for (int32_t i = 0; i < shape->rank; i++)
        json_array_append_new(dims, shape->dim[i] < 0 ? json_null() : json_integer(shape->dim[i]));
    return dims;
}
