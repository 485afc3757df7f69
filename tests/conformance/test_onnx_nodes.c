/* SPDX-License-Identifier: Apache-2.0 */
/* The node tests that the Python package onnx carries (onnx/backend/test/data/node), where
 * HONE_ONNX_NODE_TESTS names that folder. A case runs in a process of its own with a time limit. */
#include "testing.h"

#include <hone/conformance.h>

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define CASE_SECONDS 60

enum { CRASHED = 3, NO_VERDICT = 4 };

static int run_in_child(const char *folder) {
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        hone_conformance_result result;
        hone_error error = {0};
        signal(SIGSEGV, SIG_DFL); /* cmocka catches these, and would go on */
        signal(SIGFPE, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        alarm(CASE_SECONDS);
        hone_status status = hone_conformance_run_case(folder, &result, &error);
        if (status == HONE_OK && result.verdict == HONE_CONFORMANCE_FAILED)
            printf("%s: %s\n", folder, result.reason);
        fflush(stdout);
        _exit(status == HONE_OK ? (int)result.verdict : NO_VERDICT);
    }
    int how = 0;
    assert_true(waitpid(child, &how, 0) == child);
    return WIFEXITED(how) ? WEXITSTATUS(how) : CRASHED;
}

static void no_node_test_crashes_or_fails(void **state) {
    const char *root = getenv("HONE_ONNX_NODE_TESTS");
    DIR *folder = root ? opendir(root) : NULL;
    unsigned counts[5] = {0};
    if (!folder) {
        print_message("skipped: HONE_ONNX_NODE_TESTS does not name a folder\n");
        skip();
        return;
    }
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        char path[4096];
        if (strncmp(entry->d_name, "test_", 5) != 0) continue;
        snprintf(path, sizeof path, "%s/%s", root, entry->d_name);
        int verdict = run_in_child(path);
        counts[verdict < 5 ? verdict : CRASHED]++;
        if (verdict == CRASHED) print_message("%s crashed or hung\n", entry->d_name);
    }
    closedir(folder);
    print_message("passed %u, failed %u, unsupported %u\n", counts[0], counts[1], counts[2]);
    assert_int_equal(counts[CRASHED], 0);
    assert_int_equal(counts[NO_VERDICT], 0);
    assert_int_equal(counts[HONE_CONFORMANCE_FAILED], 0);
    assert_true(counts[0] > 10 * counts[2]); /* of onnx 1.20.1: 1579 passed, 74 unsupported */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_node_test_crashes_or_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
