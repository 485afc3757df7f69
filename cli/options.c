/* SPDX-License-Identifier: Apache-2.0 */
/* Options and words of a verb; its help is made from the same table. */
#include "cli.h"
#include "units.h"

#include <stdio.h>
#include <string.h>

#define COMMON_OPTIONS 8

typedef struct {
    cli *c;
    const char *cpu;
    bool help;
    cli_option common[COMMON_OPTIONS + 1];
} parser;

static void set_common(parser *p) {
    cli *c = p->c;
    const cli_option rows[] = {
        {"--json", NULL, CLI_SWITCH, &c->json, "one JSON object on stdout, nothing else there"},
        {"--threads", "N", CLI_COUNT, &c->threads, "threads (default: physical cores)"},
        {"--cpu", "TIER", CLI_TEXT, &p->cpu,
         "highest instruction set: scalar, avx2, avxvnni, avx512, vnni, neon, neondot, best"},
        {"--cache", "DIR|off", CLI_TEXT, &c->cache,
         "keeps weights as this CPU wants them (default: $HONE_CACHE_DIR, else the user's cache)"},
        {"--seed", "N", CLI_COUNT, &c->seed, "of all random choices (default: 0)"},
        {"--quiet", NULL, CLI_SWITCH, &c->quiet, "no progress, no table"},
        {"--verbose", NULL, CLI_SWITCH, &c->verbose, "say more"},
        {"--help", NULL, CLI_SWITCH, &p->help, "this text"},
        {0}};
    memcpy(p->common, rows, sizeof rows);
}

static void print_rows(const cli_option *options) {
    for (; options->name; options++) {
        char left[48];
        snprintf(left, sizeof left, "%s%s%s", options->name, options->value ? " " : "",
                 options->value ? options->value : "");
        printf("  %-20s %s\n", left, options->help);
    }
}

static void print_examples(const char *at) {
    while (*at) {
        size_t line = strcspn(at, "\n");
        printf("  %.*s\n", (int)line, at);
        at += line + (at[line] == '\n');
    }
}

static int print_help(const parser *p, const cli_option *options) {
    const cli_verb *verb = p->c->verb;
    printf("hone %s: %s\n\nusage: hone %s %s\n\n", verb->name, verb->summary, verb->name,
           verb->words);
    print_rows(options);
    print_rows(p->common);
    printf("\nexamples:\n");
    print_examples(verb->examples);
    return CLI_DONE;
}

static const cli_option *find(const cli_option *options, const char *name, size_t length) {
    for (; options->name; options++)
        if (strlen(options->name) == length && !memcmp(options->name, name, length)) return options;
    return NULL;
}

static const char *put_number(const cli_option *option, const char *value) {
    switch (option->kind) {
    case CLI_COUNT:
        return cli_read_count(value, option->target) ? NULL : "a whole number is wanted";
    case CLI_NUMBER:
        return cli_read_number(value, option->target) ? NULL : "a number is wanted";
    case CLI_BYTES:
        return cli_read_bytes(value, option->target) ? NULL
                                                     : "a size is wanted, such as 50MB or 512KiB";
    case CLI_MS:
        return cli_read_ms(value, option->target) ? NULL : "a time is wanted, such as 80ms or 1.5s";
    default:
        return "no value is wanted";
    }
}

/* NULL, or what is wrong. */
static const char *put(const cli_option *option, const char *value) {
    if (option->kind == CLI_TEXT) {
        *(const char **)option->target = value;
        return NULL;
    }
    if (option->kind != CLI_LIST) return put_number(option, value);
    cli_list *list = option->target;
    if (list->count == CLI_MOST_ITEMS) return "given too often";
    list->item[list->count++] = value;
    return NULL;
}

static int bad_option(cli *c, const char *word) {
    return cli_usage(c, "unknown option %s", word);
}

/* Takes argv[*at], an option, and its value; -1 when all is well. */
static int take_option(parser *p, const cli_option *options, int argc, char **argv, int *at) {
    const char *word = argv[*at], *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    const cli_option *option = find(options, word, length);
    if (!option) option = find(p->common, word, length);
    if (!option) return bad_option(p->c, word);
    if (option->kind == CLI_SWITCH) {
        if (equals) return cli_usage(p->c, "%s takes no value", option->name);
        *(bool *)option->target = true;
        return -1;
    }
    if (!equals && ++*at >= argc) return cli_usage(p->c, "%s needs a value", option->name);
    const char *value = equals ? equals + 1 : argv[*at];
    const char *wrong = put(option, value);
    return wrong ? cli_usage(p->c, "%s %s: %s", option->name, value, wrong) : -1;
}

static int check_common(parser *p) {
    cli *c = p->c;
    if (c->threads > 1024) return cli_usage(c, "--threads: at most 1024");
    if (p->cpu && hone_cpu_tier_parse(p->cpu, &c->cpu, &c->error) != HONE_OK)
        return cli_usage(c, "%s", c->error.message);
    return -1;
}

int cli_parse(cli *c, const cli_option *options, int argc, char **argv, const char **words,
              int least, int most) {
    parser p = {.c = c};
    int count = 0, stop = -1;
    set_common(&p);
    for (int i = 0; i < most; i++) words[i] = NULL;
    bool only_words = false;
    for (int i = 0; i < argc && stop < 0; i++) {
        bool is_option = argv[i][0] == '-' && argv[i][1] && !only_words;
        if (is_option && !strcmp(argv[i], "--"))
            only_words = true;
        else if (is_option)
            stop = take_option(&p, options, argc, argv, &i);
        else if (count == most)
            stop = cli_usage(c, "'%s' is one word too many", argv[i]);
        else
            words[count++] = argv[i];
    }
    if (p.help) return print_help(&p, options);
    if (stop < 0) stop = check_common(&p);
    if (stop >= 0) return stop;
    return count < least ? cli_usage(c, "too few words") : -1;
}
