/* SPDX-License-Identifier: Apache-2.0 */
/* Time and memory of this process. */
#include "cli.h"

#include <stdio.h>
#include <time.h>

double cli_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

uint64_t cli_peak_memory(void) {
    char line[256];
    unsigned long long kib = 0;
    FILE *file = fopen("/proc/self/status", "re");
    if (!file) return 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %llu", &kib) == 1) break;
    fclose(file);
    return (uint64_t)kib * 1024;
}
