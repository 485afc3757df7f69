/* SPDX-License-Identifier: Apache-2.0 */
/* Status names and the making of errors. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT2(x) #x
#define TEXT(x)  TEXT2(x)

const char *hone_version(void) {
    return TEXT(HONE_VERSION_MAJOR) "." TEXT(HONE_VERSION_MINOR) "." TEXT(HONE_VERSION_PATCH);
}

static const struct {
    const char *name, *text;
} statuses[] = {
#define HONE_STATUS_ROW(name, number, text) [number] = {#name, text},
    HONE_STATUS_MAP(HONE_STATUS_ROW)
#undef HONE_STATUS_ROW
};

static bool known(hone_status status) {
    return (size_t)status < sizeof statuses / sizeof *statuses;
}

const char *hone_status_name(hone_status status) {
    return known(status) ? statuses[status].name : "UNKNOWN";
}

const char *hone_status_text(hone_status status) {
    return known(status) ? statuses[status].text : "unknown status";
}

/* A message is one line whatever a hostile name in it holds. */
static void one_line(char *message) {
    for (char *c = message; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = ' ';
}

hone_status(hone_fail)(hone_error *error, hone_status status, uint64_t offset, const char *format,
                       ...) {
    if (!error) return status;
    va_list args;
    va_start(args, format);
    error->status = status;
    error->offset = offset;
    vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    one_line(error->message);
    return status;
}

hone_status(hone_fail_memory)(hone_error *error, size_t bytes) {
    return hone_fail(error, HONE_MEMORY, HONE_NO_OFFSET, "out of memory (%zu bytes wanted)", bytes);
}

hone_status hone_error_prefix(hone_error *error, const char *format, ...) {
    if (!error) return HONE_FORMAT;
    char prefix[HONE_ERROR_TEXT / 2], message[HONE_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    memcpy(message, error->message, sizeof message);
    /* What no longer fits is cut from the end of the message. */
    int room = (int)(sizeof error->message - strlen(prefix) - 3);
    snprintf(error->message, sizeof error->message, "%s: %.*s", prefix, room, message);
    one_line(error->message);
    return error->status;
}
