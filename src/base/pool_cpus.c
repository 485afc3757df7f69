/* SPDX-License-Identifier: Apache-2.0 */
/* How many threads are worth starting: physical cores among the CPUs this process may run on, cut
 * by the CPU quota of its cgroup (version 2: cpu.max; version 1: cpu.cfs_quota_us), each group up
 * to the root counted. Whatever cannot be read does not limit. */
#include "base/pool.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 512

/* The first line of a small file, without its end; false when it cannot be read. */
static bool read_line(const char *path, char *line, size_t size) {
    FILE *file = fopen(path, "re");
    if (!file) return false;
    bool got = fgets(line, (int)size, file) != NULL;
    fclose(file);
    if (got) line[strcspn(line, "\n")] = 0;
    return got;
}

/* Whether `cpu` is the first of its core's hardware threads that the process may use. */
static bool leads_core(int cpu, const cpu_set_t *allowed) {
    char path[PATH_BYTES], list[PATH_BYTES];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    if (!read_line(path, list, sizeof list)) return true;
    for (const char *at = list; *at;) { /* "0,4" or "0-1" */
        char *end;
        long first = strtol(at, &end, 10), last = first;
        if (end == at) return true;
        if (*end == '-') last = strtol(end + 1, &end, 10);
        for (long other = first; other <= last && other < cpu; other++)
            if (other >= 0 && other < CPU_SETSIZE && CPU_ISSET((size_t)other, allowed))
                return false;
        at = *end == ',' ? end + 1 : "";
    }
    return true;
}

static uint32_t cores(void) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
    uint32_t count = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET((size_t)cpu, &allowed) && leads_core(cpu, &allowed)) count++;
    return count ? count : 1;
}

static uint32_t whole_cpus(long long quota, long long period) {
    if (quota <= 0 || period <= 0) return UINT32_MAX;
    long long cpus = (quota + period - 1) / period;
    return cpus > UINT32_MAX ? UINT32_MAX : (uint32_t)cpus;
}

static uint32_t quota_v2(const char *folder) {
    char path[PATH_BYTES + 32], line[128];
    long long quota, period;
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    if (!read_line(path, line, sizeof line)) return UINT32_MAX;
    if (sscanf(line, "%lld %lld", &quota, &period) != 2) return UINT32_MAX; /* "max 100000" */
    return whole_cpus(quota, period);
}

static uint32_t quota_v1(const char *folder) {
    char path[PATH_BYTES + 32], quota[64], period[64];
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
    if (!read_line(path, quota, sizeof quota)) return UINT32_MAX;
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    if (!read_line(path, period, sizeof period)) return UINT32_MAX;
    return whole_cpus(strtoll(quota, NULL, 10), strtoll(period, NULL, 10));
}

/* The least quota of `group` and the groups round it, below the hierarchy's mount point. */
static uint32_t least_quota(const char *mount, const char *group, uint32_t (*quota)(const char *)) {
    char folder[PATH_BYTES];
    int length = snprintf(folder, sizeof folder, "%s%s", mount, group);
    if (length < 0 || (size_t)length >= sizeof folder) return UINT32_MAX;
    uint32_t least = UINT32_MAX;
    for (;;) {
        uint32_t here = quota(folder);
        if (here < least) least = here;
        char *slash = strrchr(folder, '/');
        if (!slash || strlen(folder) <= strlen(mount)) return least;
        *slash = 0;
    }
}

/* Whether the comma-separated list holds "cpu". */
static bool has_cpu(const char *controllers, size_t length) {
    for (size_t at = 0; at < length;) {
        size_t word = strcspn(controllers + at, ",:");
        if (word == 3 && !strncmp(controllers + at, "cpu", 3)) return true;
        at += word + 1;
    }
    return false;
}

static uint32_t quota_of_process(void) {
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file) return UINT32_MAX;
    char line[PATH_BYTES];
    uint32_t least = UINT32_MAX;
    while (fgets(line, sizeof line, file)) { /* "0::/group" or "4:cpu,cpuacct:/group" */
        line[strcspn(line, "\n")] = 0;
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group) continue;
        uint32_t here = UINT32_MAX;
        if (group == controllers + 1)
            here = least_quota("/sys/fs/cgroup", group + 1, quota_v2);
        else if (has_cpu(controllers + 1, (size_t)(group - controllers - 1)))
            here = least_quota("/sys/fs/cgroup/cpu", group + 1, quota_v1);
        if (here < least) least = here;
    }
    fclose(file);
    return least;
}

uint32_t hone__cpu_count(void) {
    uint32_t physical = cores(), quota = quota_of_process();
    return quota < physical ? quota : physical;
}
