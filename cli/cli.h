/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of the command `hone` share. A verb is one file, verb_NAME.c, with one function
 * `int cli_NAME(cli *c, int argc, char **argv)` and one row in verbs.def. It parses its options
 * with cli_parse, calls the public library, and ends with cli_end(): people get a table or a
 * sentence, scripts (--json) one object. */
#ifndef HONE_CLI_H
#define HONE_CLI_H

#include <hone/model.h>
#include <hone/session.h>
#include <hone/store.h>

#include <jansson.h>

typedef struct cli_verb cli_verb;

#define CLI_MOST_STORED 4 /* models from stores that one run may read */

/* One run of the command. */
typedef struct cli {
    const cli_verb *verb;
    bool json, quiet, verbose;
    uint64_t threads; /* 0: physical cores */
    uint64_t seed;
    hone_cpu_tier cpu;
    const char *cache; /* folder of packed weights, "off", or NULL: the user's */
    char cache_folder[4096];
    bool verify_sums; /* of the weights too, in every model that is loaded */
    json_t *out;      /* what --json prints; always there, so that a verb fills it without asking */
    hone_error error; /* of the call that failed; cli_end prints it */
    double last_line_ms, started_ms; /* of the progress shown */
    bool bar_shown;
    hone_store_bytes
        kept[CLI_MOST_STORED]; /* of models that came from stores: outlive the models */
    uint32_t kept_count;
} cli;

struct cli_verb {
    const char *name;
    int (*run)(cli *c, int argc, char **argv);
    const char *words;    /* behind the name in the usage line: "MODEL -o OUT" */
    const char *summary;  /* one line */
    const char *examples; /* two lines or more */
};

/* Exit statuses; see docs or --help. */
enum {
    CLI_DONE = 0,
    CLI_NO = 1,
    CLI_USAGE = 2,
    CLI_INPUT = 3,
    CLI_SYSTEM = 4,
    CLI_INTERRUPTED = 130
};

typedef enum cli_kind {
    CLI_SWITCH, /* bool: no value */
    CLI_COUNT,  /* uint64_t: a whole number */
    CLI_NUMBER, /* double */
    CLI_BYTES,  /* uint64_t: 50MB, 512KiB, or plain bytes */
    CLI_MS,     /* double, milliseconds: 80ms, 1.5s, 2min */
    CLI_TEXT,   /* const char * */
    CLI_LIST    /* cli_list: may be given again and again */
} cli_kind;

#define CLI_MOST_ITEMS 64
typedef struct cli_list {
    const char *item[CLI_MOST_ITEMS];
    size_t count;
} cli_list;

typedef struct cli_option {
    const char *name;  /* "--data" or "-o" */
    const char *value; /* what stands for its value in the help, NULL for a switch */
    cli_kind kind;
    void *target;
    const char *help;
} cli_option;

/* Reads options (anywhere) and words (the rest) of a verb. `options` ends with a row without a
 * name. `words` has room for `most`; missing ones are NULL. Returns -1 to go on, or the exit status
 * to return at once (help was printed, or the usage was wrong, which it has said). Global options
 * are read here too. */
int cli_parse(cli *c, const cli_option *options, int argc, char **argv, const char **words,
              int least, int most);

/* Ends a verb: prints the error if `status` is one (HONE_NOT_MET: its message, if any), else c->out
 * with --json. Returns the exit status. */
int cli_end(cli *c, hone_status status);
/* The same for a usage error that the verb itself finds. */
int cli_usage(cli *c, const char *format, ...) HONE_PRINTF(2, 3);

/* To stdout, unless --json or --quiet. */
void cli_print(cli *c, const char *format, ...) HONE_PRINTF(2, 3);
/* A fact for both readers: the json key, and nothing else. */
void cli_set(cli *c, const char *key, json_t *value); /* steals value */
/* Reals are rounded to 6 significant digits; NaN and infinities become null. */
json_t *cli_real(double value);
json_t *cli_shape(const hone_shape *shape); /* symbolic dimensions: null */

/* hone_progress for a library call; `user` is the cli. */
bool cli_progress(void *user, const char *what, uint64_t done, uint64_t total);
/* Ends the bar, if one is shown. */
void cli_progress_end(cli *c);
/* Ctrl-C was pressed. */
bool cli_interrupted(void);
void cli_catch_interrupts(void);

/* MODEL: a path or STORE.db:NAME[@VERSION]. */
hone_status cli_load(cli *c, const char *model, hone_model **out);
/* The same, simplified: for verbs that run it. */
hone_status cli_load_to_run(cli *c, const char *model, hone_model **out);
/* Of a file; 0 where there is none. */
uint64_t cli_file_bytes(const char *path);
/* The common options as the session wants them; the cache folder's text is the cli's. */
hone_session_options cli_session_options(cli *c);

/* "12.3 MB", "1,234" and so on for people; each returns `out`. */
char *cli_bytes_text(uint64_t bytes, char *out, size_t size);
char *cli_shape_text(const hone_model *model, const hone_shape *shape, char *out, size_t size);

/* Milliseconds of a clock that never goes back. */
double cli_now_ms(void);
/* Peak resident memory of this process in bytes (VmHWM), 0 where unknown. */
uint64_t cli_peak_memory(void);

const cli_verb *cli_find_verb(const char *name);
extern const cli_verb cli_verbs[];
extern const size_t cli_verb_count;

#define CLI_VERB(id, ...) int cli_##id(cli *c, int argc, char **argv);
#include "verbs.def"
#undef CLI_VERB

#endif
