/* SPDX-License-Identifier: Apache-2.0 */
/* hone onnx-test: the ONNX backend test folders, each case in a process of its own, so that neither
 * a crash nor a hang of one can stop the others or go unnoticed. */
#include "cli.h"

#include <hone/conformance.h>

#include <dirent.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef enum { PASSED, FAILED, UNSUPPORTED, VERDICTS } verdict;

static const char *const verdict_names[VERDICTS] = {"passed", "failed", "unsupported"};

/* What a child tells its parent; small enough for one write into a pipe. */
typedef struct {
    verdict verdict;
    char why[HONE_ERROR_TEXT];
} answer;

typedef struct {
    uint64_t counts[VERDICTS], crashes, hangs;
    json_t *cases;
} tally;

static void judge(const char *folder, answer *a) {
    hone_conformance_result result = {0};
    hone_error error = {0};
    if (hone_conformance_run_case(folder, &result, &error) != HONE_OK) {
        *a = (answer){.verdict = FAILED};
        snprintf(a->why, sizeof a->why, "%s", error.message);
        return;
    }
    a->verdict = result.verdict == HONE_CONFORMANCE_PASSED   ? PASSED
                 : result.verdict == HONE_CONFORMANCE_FAILED ? FAILED
                                                             : UNSUPPORTED;
    snprintf(a->why, sizeof a->why, "%s", result.reason);
}

static void child(const char *folder, int pipe_end) {
    answer a = {0};
    judge(folder, &a);
    ssize_t written = write(pipe_end, &a, sizeof a);
    _exit(written == (ssize_t)sizeof a ? 0 : 1);
}

/* The child's answer, or why there is none. */
static void await(pid_t pid, int pipe_end, int seconds, answer *a, tally *t) {
    struct pollfd ready = {.fd = pipe_end, .events = POLLIN};
    int status = 0;
    bool in_time = poll(&ready, 1, seconds * 1000) > 0;
    bool answered = in_time && read(pipe_end, a, sizeof *a) == (ssize_t)sizeof *a;
    if (!in_time) kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    if (answered && WIFEXITED(status) && !WEXITSTATUS(status)) return;
    *a = (answer){.verdict = FAILED};
    if (!in_time) {
        t->hangs++;
        snprintf(a->why, sizeof a->why, "HANG: no answer after %d s", seconds);
    } else {
        t->crashes++;
        snprintf(a->why, sizeof a->why, "CRASH: signal %d, status %d",
                 WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                 WIFEXITED(status) ? WEXITSTATUS(status) : 0);
    }
}

static hone_status run_case(cli *c, const char *folder, int seconds, tally *t) {
    int ends[2];
    answer a = {0};
    if (pipe(ends)) return HONE_IO;
    pid_t pid = fork();
    if (!pid) {
        close(ends[0]);
        child(folder, ends[1]);
    }
    close(ends[1]);
    if (pid > 0) await(pid, ends[0], seconds, &a, t);
    close(ends[0]);
    if (pid < 0) return HONE_IO;
    const char *slash = strrchr(folder, '/');
    t->counts[a.verdict]++;
    json_array_append_new(t->cases, json_pack("{s:s, s:s, s:s}", "name", slash ? slash + 1 : folder,
                                              "result", verdict_names[a.verdict], "why", a.why));
    if (a.verdict != PASSED && (c->verbose || a.verdict == FAILED))
        cli_print(c, "%-11s %s: %s\n", verdict_names[a.verdict], slash ? slash + 1 : folder, a.why);
    return HONE_OK;
}

static bool is_case(const char *folder) {
    char path[4200];
    struct stat facts;
    snprintf(path, sizeof path, "%s/model.onnx", folder);
    return !stat(path, &facts);
}

static int is_visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

/* DIR is a case, or holds cases. */
static hone_status run_folder(cli *c, const char *folder, int seconds, tally *t) {
    struct dirent **entries;
    hone_status status = HONE_OK;
    if (is_case(folder)) return run_case(c, folder, seconds, t);
    int count = scandir(folder, &entries, is_visible, alphasort);
    if (count < 0) {
        snprintf(c->error.message, sizeof c->error.message, "%s: no such folder", folder);
        return HONE_NOT_FOUND;
    }
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (status == HONE_OK && is_case(path)) status = run_case(c, path, seconds, t);
        if (status == HONE_OK && !cli_progress(c, "onnx-test", (uint64_t)i + 1, (uint64_t)count))
            status = HONE_CANCELLED;
        free(entries[i]);
    }
    free(entries);
    return status;
}

static hone_status show_score(cli *c, tally *t) {
    uint64_t total = t->counts[PASSED] + t->counts[FAILED] + t->counts[UNSUPPORTED];
    for (int v = 0; v < VERDICTS; v++)
        cli_set(c, verdict_names[v], json_integer((json_int_t)t->counts[v]));
    cli_set(c, "crashes", json_integer((json_int_t)t->crashes));
    cli_set(c, "hangs", json_integer((json_int_t)t->hangs));
    cli_set(c, "total", json_integer((json_int_t)total));
    cli_set(c, "cases", json_incref(t->cases));
    if (!total) {
        snprintf(c->error.message, sizeof c->error.message,
                 "no case found: a case is a folder with model.onnx and test_data_set_0");
        return HONE_NOT_FOUND;
    }
    cli_print(c,
              "%" PRIu64 " of %" PRIu64 " passed (%.1f %%), %" PRIu64 " failed, %" PRIu64
              " unsupported; %" PRIu64 " crashes, %" PRIu64 " hangs\n",
              t->counts[PASSED], total, 100.0 * (double)t->counts[PASSED] / (double)total,
              t->counts[FAILED], t->counts[UNSUPPORTED], t->crashes, t->hangs);
    return t->counts[FAILED] ? HONE_NOT_MET : HONE_OK;
}

#define MOST_FOLDERS 4096

int cli_onnx_test(cli *c, int argc, char **argv) {
    uint64_t seconds = 60;
    const cli_option options[] = {
        {"--timeout", "SECONDS", CLI_COUNT, &seconds, "most time for one case (default 60)"}, {0}};
    const char **folders = calloc(MOST_FOLDERS, sizeof *folders);
    tally t = {.cases = json_array()};
    hone_status status = HONE_OK;
    if (!folders || !t.cases) return cli_end(c, HONE_MEMORY);
    int stop = cli_parse(c, options, argc, argv, folders, 1, MOST_FOLDERS);
    if (stop < 0 && (!seconds || seconds > 86400)) stop = cli_usage(c, "--timeout: 1 to 86400");
    for (int i = 0; stop < 0 && i < MOST_FOLDERS && folders[i] && status == HONE_OK; i++)
        status = run_folder(c, folders[i], (int)seconds, &t);
    if (stop < 0) stop = cli_end(c, status == HONE_OK ? show_score(c, &t) : status);
    json_decref(t.cases);
    free(folders);
    return stop;
}
