/* SPDX-License-Identifier: Apache-2.0 */
/* Names, versions, and what they stand for. */
#include "base/error.h"
#include "base/file.h"
#include "store/store.h"

#include <string.h>
#include <unistd.h>

static const char *const formats[] = {[HONE_FORMAT_UNKNOWN] = "unknown",
                                      [HONE_FORMAT_ONNX] = "onnx",
                                      [HONE_FORMAT_HONE] = "hone",
                                      [HONE_FORMAT_TFLITE] = "tflite"};

const char *hone__format_name(hone_format format) {
    return (size_t)format < sizeof formats / sizeof *formats ? formats[format] : formats[0];
}

hone_format hone__format_of(const char *name) {
    for (size_t i = 1; i < sizeof formats / sizeof *formats; i++)
        if (!strcmp(name, formats[i])) return (hone_format)i;
    return HONE_FORMAT_UNKNOWN;
}

hone_dtype hone__type_of(const char *name) {
    for (int type = HONE_DTYPE_NONE + 1; type < HONE_DTYPE_COUNT; type++)
        if (!strcmp(name, hone_dtype_name((hone_dtype)type))) return (hone_dtype)type;
    return HONE_DTYPE_NONE;
}

/* Length of the well-formed UTF-8 sequence at p (RFC 3629), 0 where there is none. */
static size_t sequence(const unsigned char *p, size_t left) {
    if (p[0] < 0x80) return 1;
    size_t length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || length > left) return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool outside = (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f);
    bool control = p[0] == 0xc2 && p[1] < 0xa0;
    return overlong || outside || control ? 0 : length;
}

static bool name_is_sound(const char *name, size_t length) {
    if (!length || length > HONE_STORE_MAX_NAME || *name == '.' || *name == '-') return false;
    for (size_t at = 0, step; at < length; at += step) {
        unsigned char c = (unsigned char)name[at];
        step = sequence((const unsigned char *)name + at, length - at);
        if (!step || c < 0x20 || c == 0x7f || strchr("/\\:@", (int)c)) return false;
    }
    return true;
}

hone_status hone__name_check(const char *name, size_t length, hone_error *error) {
    if (name_is_sound(name, length)) return HONE_OK;
    return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET,
                     "'%.*s' is no name of a model: 1 to %d bytes of UTF-8 without / \\ : @ and "
                     "control characters, not beginning with . or -",
                     (int)(length < 200 ? length : 200), name, HONE_STORE_MAX_NAME);
}

/* ---- versions ---- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Digits without a leading zero; their count, 0 where there are none such. */
static size_t number(const char *text) {
    size_t length = 0;
    while (is_digit(text[length])) length++;
    return length > 1 && *text == '0' ? 0 : length;
}

/* Identifiers of semver.org section 9 and 10: letters, digits, hyphens, separated by dots. */
static size_t identifiers(const char *text) {
    size_t length = 0, part = 0;
    for (;; length++) {
        char c = text[length];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (letter || is_digit(c) || c == '-')
            part++;
        else if (!part)
            return 0;
        else if (c == '.')
            part = 0;
        else
            return length;
    }
}

static bool is_semantic(const char *text) {
    for (int part = 0; part < 3; part++) {
        size_t length = number(text);
        if (!length) return false;
        text += length;
        if (part < 2 && *text++ != '.') return false;
    }
    for (const char *mark = "-+"; *mark; mark++) {
        if (*text != *mark) continue;
        size_t length = identifiers(++text);
        if (!length) return false;
        text += length;
    }
    return !*text;
}

static bool is_counter(const char *text) {
    size_t length = number(text);
    return length && length <= 18 && !text[length] && *text != '0';
}

hone_status hone__version_check(const char *version, hone_error *error) {
    bool sound = strlen(version) <= HONE_STORE_MAX_VERSION;
    if (sound && (is_counter(version) || is_semantic(version))) return HONE_OK;
    return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET,
                     "'%.100s' is no version: a number from 1, or MAJOR.MINOR.PATCH", version);
}

/* ---- finding ---- */

static hone_status find_id(hone_store *store, const char *name, size_t length, const char *version,
                           int64_t *id, hone_error *error) {
    static const char newest[] =
        "SELECT model_id FROM main.ai_models WHERE model_name = ?1 ORDER BY model_id DESC LIMIT 1";
    static const char exact[] =
        "SELECT model_id FROM main.ai_models WHERE model_name = ?1 AND version = ?2";
    sqlite3_stmt *statement;
    bool row = false;
    hone_status status = hone__db_prepare(store, version ? exact : newest, &statement, error);
    if (status == HONE_OK) {
        sqlite3_bind_text(statement, 1, name, (int)length, SQLITE_STATIC);
        if (version) sqlite3_bind_text(statement, 2, version, -1, SQLITE_STATIC);
        status = hone__db_step(store, statement, &row, error);
    }
    if (row) *id = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    if (status != HONE_OK || row) return status;
    return hone_fail(error, HONE_NOT_FOUND, HONE_NO_OFFSET, "%s: there is no model '%.*s'%s%s",
                     store->path, (int)length, name, version ? " of version " : "",
                     version ? version : "");
}

hone_status hone__model_find(hone_store *store, const char *model, const char *name, int64_t *id,
                             hone_error *error) {
    const char *at = strchr(model, '@');
    const char *version = at ? at + 1 : name ? model : NULL;
    if (at || !name) name = model;
    size_t length = at ? (size_t)(at - model) : strlen(name);
    HONE_TRY(hone__name_check(name, length, error));
    if (version) HONE_TRY(hone__version_check(version, error));
    return find_id(store, name, length, version, id, error);
}

bool hone_store_is_model(const char *text, size_t *path_length, const char **model) {
    const char *colon = strrchr(text, ':');
    if (!colon || colon - text < 4 || memcmp(colon - 3, ".db", 3) || strchr(colon, '/'))
        return false;
    if (!access(text, F_OK)) return false;
    *path_length = (size_t)(colon - text);
    *model = colon + 1;
    return true;
}
