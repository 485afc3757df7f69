/* SPDX-License-Identifier: Apache-2.0 */
/* Progress on stderr: a bar with the time left on a terminal, a line every ten seconds elsewhere.
 * Ctrl-C asks the library to stop at the next step; a second one ends the process at once. */
#include "cli.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal) {
    (void)signal;
    interrupted = 1;
}

void cli_catch_interrupts(void) {
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool cli_interrupted(void) {
    return interrupted;
}

static void print_left(double ms, uint64_t done, uint64_t total) {
    if (!done || done >= total) return;
    double left = ms * (double)(total - done) / (double)done / 1e3;
    fprintf(stderr, left < 90 ? ", %.0f s left" : ", %.0f s left (%.1f min)", left, left / 60);
}

/* "17/100", or just "17" where nobody knows how many there are. */
static void print_count(uint64_t done, uint64_t total) {
    fprintf(stderr, "%" PRIu64, done);
    if (total) fprintf(stderr, "/%" PRIu64, total);
}

static void print_bar(const char *what, uint64_t done, uint64_t total, double ms) {
    static const char full[] = "##############################";
    int filled = total ? (int)(30 * done / total) : 0;
    fprintf(stderr, "\r\033[K%s ", what);
    if (total) fprintf(stderr, "[%-30.*s] ", filled, full);
    print_count(done, total);
    print_left(ms, done, total);
    fflush(stderr);
}

static void print_line(const char *what, uint64_t done, uint64_t total, double ms) {
    fprintf(stderr, "hone: %s: ", what);
    print_count(done, total);
    print_left(ms, done, total);
    fputc('\n', stderr);
}

bool cli_progress(void *user, const char *what, uint64_t done, uint64_t total) {
    cli *c = user;
    double now = cli_now_ms();
    bool terminal = isatty(STDERR_FILENO);
    if (done <= 1 || !c->started_ms) c->started_ms = now;
    if (!c->last_line_ms) c->last_line_ms = now;
    if (!c->quiet && now - c->last_line_ms >= (terminal ? 100 : 10000)) {
        c->last_line_ms = now;
        c->bar_shown = terminal;
        (terminal ? print_bar : print_line)(what, done, total, now - c->started_ms);
    }
    return !interrupted;
}

void cli_progress_end(cli *c) {
    if (c->bar_shown) fprintf(stderr, "\r\033[K");
    c->bar_shown = false;
}
