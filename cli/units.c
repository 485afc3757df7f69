/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with units, read strictly and written for people. */
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;
    double factor;
} unit;

static const unit byte_units[] = {{"", 1},     {"B", 1},      {"KB", 1e3},      {"MB", 1e6},
                                  {"GB", 1e9}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824},
                                  {NULL, 0}};
static const unit time_units[] = {{"", 1},      {"ms", 1},    {"us", 1e-3}, {"s", 1e3},
                                  {"min", 6e4}, {"h", 3.6e6}, {NULL, 0}};
static const unit no_units[] = {{"", 1}, {NULL, 0}};

/* A non-negative decimal number and one of `units` behind it. */
static bool read(const char *text, const unit *units, double *value) {
    char *end;
    if (*text < '0' || *text > '9') return false;
    errno = 0;
    double number = strtod(text, &end);
    if (errno || !isfinite(number) || memchr(text, 'x', (size_t)(end - text))) return false;
    for (; units->name; units++)
        if (!strcmp(units->name, end)) {
            *value = number * units->factor;
            return true;
        }
    return false;
}

bool cli_read_bytes(const char *text, uint64_t *bytes) {
    double value;
    if (!read(text, byte_units, &value) || value > 1e18) return false;
    *bytes = (uint64_t)value;
    return true;
}

bool cli_read_ms(const char *text, double *ms) {
    return read(text, time_units, ms);
}

bool cli_read_number(const char *text, double *value) {
    bool negative = *text == '-';
    if (!read(text + negative, no_units, value)) return false;
    if (negative) *value = -*value;
    return true;
}

bool cli_read_count(const char *text, uint64_t *count) {
    char *end;
    if (*text < '0' || *text > '9') return false;
    errno = 0;
    *count = strtoull(text, &end, 10);
    return !errno && !*end;
}

char *cli_bytes_text(uint64_t bytes, char *out, size_t size) {
    static const char *const names[] = {"B", "KB", "MB", "GB"};
    double value = (double)bytes;
    size_t i = 0;
    for (; value >= 1000 && i < 3; i++) value /= 1000;
    snprintf(out, size, i ? "%.2f %s" : "%.0f %s", value, names[i]);
    return out;
}

char *cli_shape_text(const hone_model *model, const hone_shape *shape, char *out, size_t size) {
    if (shape->rank < 0) {
        snprintf(out, size, "[...]");
        return out;
    }
    size_t at = (size_t)snprintf(out, size, "[");
    for (int32_t i = 0; i < shape->rank && at < size; i++) {
        int64_t dim = shape->dim[i];
        int n = dim < 0 ? snprintf(out + at, size - at, "%s%s", i ? "," : "",
                                   hone_model_symbol(model, dim))
                        : snprintf(out + at, size - at, "%s%" PRId64, i ? "," : "", dim);
        at += (size_t)n;
    }
    if (at < size) snprintf(out + at, size - at, "]");
    return out;
}
