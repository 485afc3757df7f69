/* SPDX-License-Identifier: Apache-2.0 */
/* The command `hone`: finds the verb, or says which there are. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

const cli_verb cli_verbs[] = {
#define CLI_VERB(id, name, words, summary, examples) {name, cli_##id, words, summary, examples},
#include "verbs.def"
#undef CLI_VERB
};
const size_t cli_verb_count = sizeof cli_verbs / sizeof *cli_verbs;

const cli_verb *cli_find_verb(const char *name) {
    for (size_t i = 0; i < cli_verb_count; i++)
        if (!strcmp(cli_verbs[i].name, name)) return &cli_verbs[i];
    return NULL;
}

static int help(FILE *to) {
    fprintf(to,
            "hone %s: makes trained networks small and fast, and runs them\n\n"
            "usage: hone VERB ... (hone VERB --help tells more)\n\n",
            hone_version());
    for (size_t i = 0; i < cli_verb_count; i++)
        fprintf(to, "  %-13s %s\n", cli_verbs[i].name, cli_verbs[i].summary);
    fprintf(to,
            "\nMODEL is a .onnx, .tflite or .hone file, or STORE.db:NAME[@VERSION].\n"
            "Every verb takes --json, --threads N, --cpu TIER, --cache DIR, --seed N, --quiet,\n"
            "--verbose.\n"
            "Exit status: 0 done; 1 done, and the answer is no; 2 wrong usage; 3 bad input;\n"
            "4 the system failed.\n");
    return to == stdout ? CLI_DONE : CLI_USAGE;
}

/* The verb that a mistyped one most likely means: the same first letters. */
static const char *nearest(const char *word) {
    const char *best = NULL;
    size_t most = 0;
    for (size_t i = 0; i < cli_verb_count; i++) {
        size_t same = 0;
        while (word[same] && word[same] == cli_verbs[i].name[same]) same++;
        if (same > most) most = same, best = cli_verbs[i].name;
    }
    return best;
}

static int unknown_verb(const char *word) {
    const char *guess = nearest(word);
    fprintf(stderr, "hone: there is no verb '%s'%s%s%s; 'hone --help' lists them\n", word,
            guess ? "; do you mean '" : "", guess ? guess : "", guess ? "'?" : "");
    return CLI_USAGE;
}

static int run_verb(const cli_verb *verb, int argc, char **argv) {
    cli c = {.verb = verb, .out = json_object()};
    if (!c.out) {
        fprintf(stderr, "hone: out of memory\n");
        return CLI_SYSTEM;
    }
    cli_catch_interrupts();
    int status = verb->run(&c, argc, argv);
    while (c.kept_count) hone_store_bytes_free(&c.kept[--c.kept_count]);
    json_decref(c.out);
    return status;
}

int main(int argc, char **argv) {
    if (argc < 2) return help(stderr);
    const char *word = argv[1];
    if (!strcmp(word, "--version")) {
        printf("hone %s\n", hone_version());
        return CLI_DONE;
    }
    if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help"))
        return argc > 2 && cli_find_verb(argv[2])
                   ? run_verb(cli_find_verb(argv[2]), 1, (char *[]){"--help", NULL})
                   : help(stdout);
    const cli_verb *verb = cli_find_verb(word);
    return verb ? run_verb(verb, argc - 2, argv + 2) : unknown_verb(word);
}
