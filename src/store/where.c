/* SPDX-License-Identifier: Apache-2.0 */
/* The little language of `list --where`: "accuracy>0.9 and (size<4MB or type=int8)".
 *
 *   any   = all { "or" all }        all  = one { "and" one }
 *   one   = "not" one | "(" any ")" | FIELD ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) VALUE
 *
 * Recursive descent to SQL in which only the words of the tables below stand; what the caller wrote
 * is bound as a value, never pasted. */
#include "base/error.h"
#include "base/text.h"
#include "store/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_VALUES = 64, MOST_DEPTH = 32 };

typedef enum unit { UNIT_TEXT, UNIT_BYTES, UNIT_MS, UNIT_FRACTION } unit;

static const struct {
    const char *name, *sql;
    unit unit;
} fields[] = {{"name", "m.model_name", UNIT_TEXT},        {"version", "m.version", UNIT_TEXT},
              {"size", "m.file_size", UNIT_BYTES},        {"stored", "stored", UNIT_BYTES},
              {"created", "m.created_at", UNIT_TEXT},     {"format", "f.format", UNIT_TEXT},
              {"type", "o.quantization_type", UNIT_TEXT}, {"accuracy", "o.accuracy", UNIT_FRACTION},
              {"latency", "o.inference_time", UNIT_MS}};

static const struct {
    const char *name;
    unit unit;
    double factor;
} units[] = {{"", UNIT_BYTES, 1},          {"B", UNIT_BYTES, 1},         {"kB", UNIT_BYTES, 1e3},
             {"MB", UNIT_BYTES, 1e6},      {"GB", UNIT_BYTES, 1e9},      {"KiB", UNIT_BYTES, 1024},
             {"MiB", UNIT_BYTES, 1 << 20}, {"GiB", UNIT_BYTES, 1 << 30}, {"", UNIT_MS, 1},
             {"us", UNIT_MS, 1e-3},        {"ms", UNIT_MS, 1},           {"s", UNIT_MS, 1e3},
             {"", UNIT_FRACTION, 1},       {"%", UNIT_FRACTION, 0.01}};

/* Longer ones first. */
static const char *const operators[] = {"!=", "<=", ">=", "=", "<", ">"};

typedef struct value {
    const char *text; /* NULL: a number */
    size_t length;
    double number;
} value;

typedef struct parser {
    const char *start, *at;
    hone_text sql;
    value values[MOST_VALUES];
    int value_count, depth;
    hone_error *error;
} parser;

static hone_status any(parser *p);

static hone_status fail(const parser *p, const char *why) {
    size_t at = (size_t)(p->at - p->start);
    return hone_fail(p->error, HONE_USAGE, at, "'%.200s': %s (at character %zu)", p->start, why,
                     at + 1);
}

static void skip_space(parser *p) {
    while (*p->at == ' ' || *p->at == '\t') p->at++;
}

static void emit(parser *p, const char *sql) {
    hone__text_add(&p->sql, sql, strlen(sql));
}

/* Characters of a word or number: all but space, parentheses, operators and quotes. */
static size_t word(const parser *p) {
    return strcspn(p->at, " \t()=!<>'\"");
}

static bool take_word(parser *p, const char *wanted) {
    size_t length = word(p);
    if (length != strlen(wanted) || strncasecmp(p->at, wanted, length) != 0) return false;
    p->at += length;
    skip_space(p);
    return true;
}

static bool take_char(parser *p, char wanted) {
    if (*p->at != wanted) return false;
    p->at++;
    skip_space(p);
    return true;
}

/* ---- comparisons ---- */

static hone_status take_field(parser *p, unit *kind) {
    size_t length = word(p);
    for (size_t i = 0; length && i < sizeof fields / sizeof *fields; i++) {
        if (strlen(fields[i].name) != length || strncasecmp(p->at, fields[i].name, length) != 0)
            continue;
        emit(p, fields[i].sql);
        *kind = fields[i].unit;
        p->at += length;
        skip_space(p);
        return HONE_OK;
    }
    return fail(p, "a field is wanted: name, version, size, stored, created, format, type, "
                   "accuracy or latency");
}

static hone_status take_operator(parser *p) {
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        size_t length = strlen(operators[i]);
        if (strncmp(p->at, operators[i], length) != 0) continue;
        emit(p, operators[i]);
        p->at += length;
        skip_space(p);
        return HONE_OK;
    }
    return fail(p, "one of = != < <= > >= is wanted");
}

static hone_status read_number(parser *p, unit kind, value *v) {
    char *end;
    v->number = strtod(p->at, &end);
    size_t length = word(p), used = (size_t)(end - p->at);
    if (!used || used > length || !isfinite(v->number)) return fail(p, "a number is wanted");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].unit != kind || strlen(units[i].name) != length - used ||
            strncasecmp(end, units[i].name, length - used) != 0)
            continue;
        v->number *= units[i].factor;
        p->at += length;
        return HONE_OK;
    }
    p->at += used;
    return fail(p, "this unit is not known here");
}

static hone_status read_text(parser *p, value *v) {
    char quote = *p->at;
    if (quote == '\'' || quote == '"') {
        const char *end = strchr(++p->at, quote);
        if (!end) return fail(p, "a quote is not closed");
        *v = (value){.text = p->at, .length = (size_t)(end - p->at)};
        p->at = end + 1;
        return HONE_OK;
    }
    *v = (value){.text = p->at, .length = word(p)};
    p->at += v->length;
    return v->length ? HONE_OK : fail(p, "a word is wanted");
}

static hone_status take_value(parser *p, unit kind) {
    if (p->value_count == MOST_VALUES) return fail(p, "more than 64 comparisons");
    value *v = &p->values[p->value_count++];
    *v = (value){0};
    HONE_TRY(kind == UNIT_TEXT ? read_text(p, v) : read_number(p, kind, v));
    hone__text_format(&p->sql, " ?%d", p->value_count);
    skip_space(p);
    return HONE_OK;
}

/* ---- joining ---- */

static hone_status comparison(parser *p) {
    unit kind;
    emit(p, "coalesce(");
    HONE_TRY(take_field(p, &kind));
    HONE_TRY(take_operator(p));
    HONE_TRY(take_value(p, kind));
    emit(p, ", 0)"); /* what was not measured compares with nothing */
    return HONE_OK;
}

static hone_status one(parser *p) {
    if (++p->depth > MOST_DEPTH) return fail(p, "nested too deep");
    hone_status status;
    if (take_word(p, "not")) {
        emit(p, "NOT ");
        status = one(p);
    } else if (take_char(p, '(')) {
        emit(p, "(");
        status = any(p);
        if (status == HONE_OK && !take_char(p, ')')) status = fail(p, "a ) is missing");
        emit(p, ")");
    } else {
        status = comparison(p);
    }
    p->depth--;
    return status;
}

static hone_status all(parser *p) {
    HONE_TRY(one(p));
    while (take_word(p, "and")) {
        emit(p, " AND ");
        HONE_TRY(one(p));
    }
    return HONE_OK;
}

static hone_status any(parser *p) {
    HONE_TRY(all(p));
    while (take_word(p, "or")) {
        emit(p, " OR ");
        HONE_TRY(all(p));
    }
    return HONE_OK;
}

static hone_status bind_values(sqlite3_stmt *statement, const void *context) {
    const parser *p = context;
    for (int i = 0; i < p->value_count; i++) {
        const value *v = &p->values[i];
        if (v->text)
            sqlite3_bind_text(statement, i + 1, v->text, (int)v->length, SQLITE_STATIC);
        else
            sqlite3_bind_double(statement, i + 1, v->number);
    }
    return HONE_OK;
}

static hone_status parse(parser *p) {
    emit(p, "WHERE ");
    skip_space(p);
    HONE_TRY(any(p));
    if (*p->at) return fail(p, "'and' or 'or' is wanted");
    emit(p, " ORDER BY m.model_name, m.model_id DESC");
    return p->sql.failed ? hone_fail_memory(p->error, p->sql.length) : HONE_OK;
}

hone_status hone_store_find(hone_store *store, const char *where, hone_store_list *list,
                            hone_error *error) {
    *list = (hone_store_list){0};
    if (!where || !where[strspn(where, " \t")]) return hone_store_log(store, NULL, list, error);
    parser p = {.start = where, .at = where, .error = error};
    hone__text_init(&p.sql, store->allocator);
    hone_status status = parse(&p);
    if (status == HONE_OK)
        status = hone__list_query(store, p.sql.data, bind_values, &p, list, error);
    hone__text_release(&p.sql);
    return status;
}
