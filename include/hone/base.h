/* SPDX-License-Identifier: Apache-2.0 */
/* What every other public header needs: visibility, status, error, allocator, version, logging,
 * cancelling. */
#ifndef HONE_BASE_H
#define HONE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HONE_VERSION_MAJOR 0
#define HONE_VERSION_MINOR 1
#define HONE_VERSION_PATCH 0

#if defined(__GNUC__)
#define HONE_API                         __attribute__((visibility("default")))
#define HONE_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#else
#define HONE_API
#define HONE_PRINTF(format_at, first_at)
#endif

/* X(name, number, text): every status there is. Numbers never change; new ones are added at the
 * end. */
#define HONE_STATUS_MAP(X)                                                                         \
    X(OK, 0, "done")                                                                               \
    X(USAGE, 1, "wrong use of a function or flag")                                                 \
    X(MEMORY, 2, "out of memory")                                                                  \
    X(IO, 3, "the system could not read or write")                                                 \
    X(FORMAT, 4, "the bytes are not what the format allows")                                       \
    X(LIMIT, 5, "a documented limit was exceeded")                                                 \
    X(UNSUPPORTED, 6, "known, but not supported")                                                  \
    X(SHAPE, 7, "shapes or types do not fit together")                                             \
    X(CORRUPT, 8, "a checksum does not match")                                                     \
    X(NOT_FOUND, 9, "not found")                                                                   \
    X(EXISTS, 10, "exists already")                                                                \
    X(BUSY, 11, "in use by somebody else")                                                         \
    X(CANCELLED, 12, "cancelled by the caller")                                                    \
    X(NOT_MET, 13, "done, and the answer is no")

typedef enum hone_status {
#define HONE_STATUS_ENUM(name, number, text) HONE_##name = number,
    HONE_STATUS_MAP(HONE_STATUS_ENUM)
#undef HONE_STATUS_ENUM
} hone_status;

#define HONE_ERROR_TEXT 512

/* What went wrong. Filled by the function that understood the failure; a caller prints `message`,
 * one line: what, where, what to do. `offset` is the byte in the file that `message` names, or
 * HONE_NO_OFFSET. */
typedef struct hone_error {
    hone_status status;
    uint64_t offset;
    char message[HONE_ERROR_TEXT];
} hone_error;

#define HONE_NO_OFFSET UINT64_MAX

/* Memory from the caller, as in Lua: one function that is told the old size.
 *
 * resize(user, NULL, 0, n)    allocates n bytes (n > 0), aligned for any scalar; NULL when there
 * are none. resize(user, p, old, n)     grows or shrinks; on NULL the old block stays valid.
 * resize(user, p, old, 0)     frees and returns NULL.
 * Called from several threads at once. Wherever an allocator is taken, NULL means malloc. The
 * struct must outlive everything made with it. */
typedef struct hone_allocator {
    void *(*resize)(void *user, void *old, size_t old_bytes, size_t new_bytes);
    void *user;
} hone_allocator;

/* "0.1.0". */
HONE_API const char *hone_version(void);

/* The constant's name without its prefix ("FORMAT"), and what it means; never NULL. */
HONE_API const char *hone_status_name(hone_status status);
HONE_API const char *hone_status_text(hone_status status);

/* Told from time to time how far a long operation is: `done` of `total` units (total 0: unknown).
 * Return false to cancel: the operation then ends with HONE_CANCELLED and leaves nothing
 * half-written. */
typedef bool (*hone_progress)(void *user, const char *what, uint64_t done, uint64_t total);

/* One piece of work out of several that may run at the same time. */
typedef void (*hone_task)(void *context, uint32_t index, uint32_t worker);

/* Threads from the caller, in place of the process's own pool.
 *
 * run(user, threads, count, task, context) calls task(context, index, worker) exactly once for each
 * 0 <= index < count, on whichever threads it likes, the calling one included, and returns when all
 * calls have returned. 0 <= worker < threads: calls that run at the same time carry different
 * numbers. It is called from the thread that runs a session, from several at once where several
 * sessions share it, and cannot fail. The struct must outlive the sessions made with it. */
typedef struct hone_executor {
    void (*run)(void *user, uint32_t threads, uint32_t count, hone_task task, void *context);
    void *user;
} hone_executor;

/* Instruction tiers. `best` is whatever the CPU has. Each contains those below it:
 * scalar < avx2 < avxvnni, avx2 < avx512 (F, BW, VL, DQ) < vnni (AVX-512 VNNI); avxvnni (256 bits,
 * without AVX-512) and avx512 do not contain each other. scalar < neon (ARMv8.0) < neondot. */
typedef enum hone_cpu_tier {
    HONE_CPU_BEST = 0,
    HONE_CPU_SCALAR,
    HONE_CPU_AVX2,
    HONE_CPU_AVXVNNI,
    HONE_CPU_AVX512,
    HONE_CPU_VNNI,
    HONE_CPU_NEON,
    HONE_CPU_NEONDOT
} hone_cpu_tier;

/* "avx2" to its tier; HONE_USAGE for a word that is none. */
HONE_API hone_status hone_cpu_tier_parse(const char *text, hone_cpu_tier *tier, hone_error *error);
HONE_API const char *hone_cpu_tier_name(hone_cpu_tier tier);

/* What this CPU has, at most `cap`: the most preferred tier that both contain (vnni, avx512,
 * avxvnni, avx2; neondot, neon; scalar). A tier of another architecture gives HONE_CPU_SCALAR. */
HONE_API hone_cpu_tier hone_cpu_detect(hone_cpu_tier cap);

#ifdef __cplusplus
}
#endif
#endif
