/* SPDX-License-Identifier: Apache-2.0 */
/* Every figure in the README comes from a JSON file that a named command wrote.
 *
 * A figure stands in the README between two comments that a reader does not see:
 *     <!--demo:chosen.ratio_size %.2f-->0.25<!--/-->
 * which says: docs/figures/demo.json, the value at the path, printed so. A divisor may follow
 * ("%.1f/1048576"). Paths are keys joined by dots, [N] takes an element of an array. The command
 * that writes the file stands in scripts/figures. With HONE_WRITE_FIGURES=1 in the environment the
 * text between the comments is written anew instead of compared: `make figures` does that. */
#include <ctype.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define README  HONE_SOURCE_DIR "/README.md"
#define FIGURES HONE_SOURCE_DIR "/docs/figures/"
#define OPEN    "<!--"
#define CLOSE   "<!--/-->"

static char *read_text(const char *path) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const long size = ftell(file);
    assert_true(size >= 0);
    rewind(file);
    char *text = malloc((size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, file), (size_t)size);
    text[size] = '\0';
    fclose(file);
    return text;
}

/* One figure: where its text stands in the README, and what it has to say. */
typedef struct figure {
    char file[64], path[128], format[32];
    double divisor;
    const char *text, *end; /* of what stands between the comments */
} figure;

/* Finds the next figure at or after `at`; false when there is none. Comments without a ':' are no
 * figures. */
static bool next_figure(const char *at, figure *found) {
    for (const char *p = strstr(at, OPEN); p; p = strstr(p + 1, OPEN)) {
        char number[32] = "";
        int used = 0;
        if (sscanf(p, OPEN "%63[a-z0-9_]:%127[^ ] %31[^-/]%n", found->file, found->path,
                   found->format, &used) != 3)
            continue;
        found->divisor = 1;
        const char *rest = p + used;
        if (sscanf(rest, "/%31[0-9.]%n", number, &used) == 1) {
            found->divisor = strtod(number, NULL);
            rest += used;
        }
        assert_int_equal(strncmp(rest, "-->", 3), 0);
        found->text = rest + 3;
        found->end = strstr(found->text, CLOSE);
        assert_non_null(found->end);
        return true;
    }
    return false;
}

static const json_t *value_at(const json_t *root, const char *path) {
    char keys[128];
    snprintf(keys, sizeof keys, "%s", path);
    const json_t *value = root;
    char *rest = NULL;
    for (char *key = strtok_r(keys, ".", &rest); key; key = strtok_r(NULL, ".", &rest)) {
        char *bracket = strchr(key, '[');
        if (bracket) *bracket = '\0';
        value = json_object_get(value, key);
        if (bracket) value = json_array_get(value, strtoul(bracket + 1, NULL, 10));
    }
    return value;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the format is the README's, checked below  \
                                                      */
static void print_value(const figure *f, const json_t *value, char *out, size_t size) {
    const char *conversion = f->format + strcspn(f->format, "%");
    const size_t digits = strspn(conversion + 1, "0123456789.+");
    const char kind = conversion[0] == '%' ? conversion[1 + digits] : '\0';
    assert_int_equal(strcspn(conversion + 1, "%"), strlen(conversion + 1));
    if (kind == 's' && json_is_string(value))
        snprintf(out, size, f->format, json_string_value(value));
    else if (kind == 'f' && json_is_number(value))
        snprintf(out, size, f->format, json_number_value(value) / f->divisor);
    else
        fail_msg("%s:%s cannot be printed as '%s'", f->file, f->path, f->format);
}
#pragma GCC diagnostic pop

static void expected_text(const figure *f, char *out, size_t size) {
    char path[512];
    json_error_t why;
    snprintf(path, sizeof path, FIGURES "%s.json", f->file);
    json_t *root = json_load_file(path, 0, &why);
    if (!root) fail_msg("%s: %s", path, why.text);
    const json_t *value = value_at(root, f->path);
    if (!value) fail_msg("%s has nothing at '%s'", path, f->path);
    print_value(f, value, out, size);
    json_decref(root);
}

static void every_figure_in_the_readme_is_the_one_in_its_json_file(void **state) {
    (void)state;
    char *readme = read_text(README);
    unsigned wrong = 0;
    figure f;
    for (const char *at = readme; next_figure(at, &f); at = f.end) {
        char expected[128];
        const int length = (int)(f.end - f.text);
        expected_text(&f, expected, sizeof expected);
        if (strlen(expected) == (size_t)length && !strncmp(expected, f.text, (size_t)length))
            continue;
        print_message("README says %.*s, docs/figures/%s.json says %s (%s)\n", length, f.text,
                      f.file, expected, f.path);
        wrong++;
    }
    free(readme);
    assert_int_equal(wrong, 0);
}

static void every_json_file_of_the_readme_has_its_command_in_the_script(void **state) {
    (void)state;
    char *readme = read_text(README), *script = read_text(HONE_SOURCE_DIR "/scripts/figures");
    figure f;
    for (const char *at = readme; next_figure(at, &f); at = f.end) {
        char name[80];
        snprintf(name, sizeof name, "%s.json", f.file);
        if (!strstr(script, name)) fail_msg("scripts/figures has no command for %s", name);
    }
    free(readme);
    free(script);
}

/* Blanks what may hold numbers that are no figures of ours: fences, `code`, and checked figures. */
static void blank(char *from, const char *to) {
    for (; from < to; from++)
        if (*from != '\n') *from = ' ';
}

static void blank_between(char *text, const char *open, const char *close) {
    for (char *p = strstr(text, open); p; p = strstr(p, open)) {
        char *end = strstr(p + strlen(open), close);
        if (!end) return;
        end += strlen(close);
        blank(p, end);
        p = end;
    }
}

static bool is_unit(const char *p) {
    static const char *units[] = {"%",  "ms", "KB",    "KiB",    "MB", "MiB",
                                  "GB", "x",  "times", "points", "µs", "percent"};
    p += *p == ' ';
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const size_t length = strlen(units[i]);
        if (!strncmp(p, units[i], length) && !isalnum((unsigned char)p[length])) return true;
    }
    return false;
}

static void no_number_with_a_unit_stands_outside_a_figure(void **state) {
    (void)state;
    char *readme = read_text(README);
    figure f;
    for (const char *at = readme; next_figure(at, &f); at = f.end)
        blank(readme + (f.text - readme), f.end);
    blank_between(readme, "```", "```");
    blank_between(readme, "`", "`");
    blank_between(readme, OPEN, "-->");
    for (const char *p = readme; *p; p++) {
        if (!isdigit((unsigned char)*p)) continue;
        const char *start = p;
        while (isdigit((unsigned char)*p) || *p == '.' || *p == ',') p++;
        if (is_unit(p)) fail_msg("'%.24s' is no figure from docs/figures", start);
        if (!*p) break;
    }
    free(readme);
}

static void write_figures(void) {
    char *readme = read_text(README);
    FILE *out = fopen(README ".new", "wb");
    assert_non_null(out);
    const char *at = readme;
    figure f;
    while (next_figure(at, &f)) {
        char text[128];
        expected_text(&f, text, sizeof text);
        fwrite(at, 1, (size_t)(f.text - at), out);
        fputs(text, out);
        at = f.end;
    }
    fputs(at, out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(rename(README ".new", README), 0);
    free(readme);
}

static void figures_are_written(void **state) {
    (void)state;
    write_figures();
}

int main(void) {
    const struct CMUnitTest writing[] = {cmocka_unit_test(figures_are_written)};
    const struct CMUnitTest checks[] = {
        cmocka_unit_test(every_figure_in_the_readme_is_the_one_in_its_json_file),
        cmocka_unit_test(every_json_file_of_the_readme_has_its_command_in_the_script),
        cmocka_unit_test(no_number_with_a_unit_stands_outside_a_figure),
    };
    const char *write = getenv("HONE_WRITE_FIGURES");
    if (write && !strcmp(write, "1")) return cmocka_run_group_tests(writing, NULL, NULL);
    return cmocka_run_group_tests(checks, NULL, NULL);
}
