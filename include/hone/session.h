/* SPDX-License-Identifier: Apache-2.0 */
/* Running a model: a session plans memory and kernels once, then runs without allocating. */
#ifndef HONE_SESSION_H
#define HONE_SESSION_H

#include <hone/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_session hone_session;

typedef struct hone_session_options {
    const hone_allocator *allocator;
    uint32_t threads;  /* 0: physical cores within the process's affinity and cgroup share */
    hone_cpu_tier cpu; /* highest instruction tier to use */
    int64_t batch; /* what symbolic leading dimensions are bound to, and what those that the file
                      fixes at 1 become; 0: 1 */
    const hone_shape *input_shapes; /* one a model input, or NULL: as in the file */
    bool profile;                   /* collect time by layer */
    bool
        keep_all; /* no buffer is reused and nothing is fused across named values, so that
                     hone_session_value can read every value after a run (calibration, debugging) */
    /* Weights in the form that this CPU's kernels want are kept in files of this folder, so that
     * the next session of the same model, in any process, maps them and packs nothing. It is made
     * when it is not there; what is wrong with it or a file in it is no error, weights are packed
     * then. Sessions of one model in one process share them without a folder, too. NULL: no files.
     */
    const char *cache_folder;
    uint64_t cache_limit; /* bytes of these files together, the least recently used are removed;
                             0: 1 GiB */
    bool plan_only;       /* for looking at: no weight is packed, and hone_session_run is
                             HONE_USAGE */
    const hone_executor *executor; /* the caller's threads, or NULL: the process's pool, which all
                                      sessions share */
} hone_session_options;

/* Plans `model` for running. The model must outlive the session. What cannot run is an error here
 * that names the node and the reason, never later. `options` may be NULL.
 *
 * Where a shape, or the way through the graph, depends on data (NonMaxSuppression, If, Loop,
 * sequences), the session plans what it can, piece by piece, when the shapes are first seen. Then a
 * run allocates, a type that an operator does not take is found only by the run that meets it, and
 * all loops of one run together go round at most 2^24 times (HONE_LIMIT). */
HONE_API hone_status hone_session_create(const hone_model *model,
                                         const hone_session_options *options,
                                         hone_session **session, hone_error *error);
HONE_API void hone_session_free(hone_session *session);

/* The inputs and outputs as planned, after a run as it was run: all dimensions known, but those of
 * outputs whose size only a run can tell (NonZero and the like) before the first. */
HONE_API hone_status hone_session_input(const hone_session *session, uint32_t index,
                                        hone_port *port);
HONE_API hone_status hone_session_output(const hone_session *session, uint32_t index,
                                         hone_port *port);
HONE_API uint32_t hone_session_inputs(const hone_session *session);
HONE_API uint32_t hone_session_outputs(const hone_session *session);

/* Run the model once.
 *
 * inputs   one tensor per model input, in the order of hone_session_input(); read only, kept by the
 * caller. Where the model's dimension is symbolic, a run may bring another size than the one before
 * it: the session plans anew, remembers the last eight plans, and shares the weights among them.
 * outputs  one tensor per model output, or data == NULL to receive a view into the session's
 * memory that is valid until the next run; its shape is filled in.
 * Allocates nothing where the plan is remembered (and every shape follows from the inputs' shapes);
 * not safe to call on one session from two threads (open a second session: weights are shared).
 *
 * Returns HONE_OK; HONE_SHAPE if an input's type or shape is not one that the model declares, or an
 * output given is not of the size that comes out; what hone_session_create returns where a new plan
 * is needed; HONE_CANCELLED.
 */
HONE_API hone_status hone_session_run(hone_session *session, const hone_tensor *inputs,
                                      hone_tensor *outputs, hone_error *error);

/* A flag by which other threads end runs. One may serve many runs, at the same time or one after
 * the other; it outlives them. hone_cancel_request stays in force until hone_cancel_clear. */
typedef struct hone_cancel hone_cancel;

HONE_API hone_status hone_cancel_new(const hone_allocator *allocator, hone_cancel **cancel,
                                     hone_error *error);
HONE_API void hone_cancel_free(hone_cancel *cancel);
HONE_API void hone_cancel_request(hone_cancel *cancel);
HONE_API void hone_cancel_clear(hone_cancel *cancel);
HONE_API bool hone_cancel_requested(const hone_cancel *cancel);

typedef struct hone_run_options {
    const hone_cancel *cancel; /* or NULL */
    double timeout_ms;         /* from the call on; 0: none */
} hone_run_options;

/* hone_session_run that can be ended early: the request and the time are looked at before every
 * layer. HONE_CANCELLED then; what outputs hold is of no use, and the session can run again.
 * `options` may be NULL. */
HONE_API hone_status hone_session_run_with(hone_session *session, const hone_tensor *inputs,
                                           hone_tensor *outputs, const hone_run_options *options,
                                           hone_error *error);

/* With keep_all: a view of the graph value `name` (as in the simplified model) in ONNX layout after
 * a run. HONE_NOT_FOUND where the session computes no such value. */
HONE_API hone_status hone_session_value(const hone_session *session, const char *name,
                                        hone_tensor *view, hone_error *error);

typedef struct hone_session_memory {
    size_t arena_bytes;       /* all intermediate values and scratch */
    size_t lower_bound_bytes; /* the largest sum of values alive at once */
    size_t weight_bytes;      /* constants as used, packed forms included */
} hone_session_memory;

HONE_API void hone_session_get_memory(const hone_session *session, hone_session_memory *memory);

/* A piece of the arena, and the layers (hone_session_layer) between which it is in use. A value
 * that takes over the memory of another is part of that one's piece. */
typedef struct hone_memory_block {
    const char *name; /* of the value, or "scratch" */
    size_t offset, bytes;
    uint32_t first_layer, last_layer; /* last_layer is the number of layers for outputs */
} hone_memory_block;

/* Piece `index` of the plan in use, in the order of the layers that make them; HONE_NOT_FOUND
 * behind the last, and for models with control flow, which have many plans. */
HONE_API hone_status hone_session_memory_block(const hone_session *session, uint32_t index,
                                               hone_memory_block *block);

typedef struct hone_layer_profile {
    const char *name;   /* of the node that gave the step its output */
    const char *op;     /* ONNX operator, or what it was fused into */
    const char *kernel; /* e.g. "hone_igemm_f32_6x16_avx2" */
    double ms;          /* mean over the runs since creation or the last reset */
    uint64_t multiply_adds;
} hone_layer_profile;

HONE_API uint32_t hone_session_layers(const hone_session *session);
HONE_API hone_status hone_session_layer(const hone_session *session, uint32_t index,
                                        hone_layer_profile *layer);
HONE_API void hone_session_reset_profile(hone_session *session);

/* What one thread of this machine reaches with the tier's matrix kernels on data in the cache, in
 * thousand million multiply-adds a second; 0 where there was no memory to measure. Winograd layers
 * count the multiply-adds that they save, and may exceed it. Takes some milliseconds. */
typedef struct hone_machine_peak {
    double f32_gmacs, u8_gmacs;
} hone_machine_peak;

HONE_API void hone_measure_peak(hone_cpu_tier cpu, hone_machine_peak *peak);

/* The tier in use. */
HONE_API hone_cpu_tier hone_session_tier(const hone_session *session);
HONE_API uint32_t hone_session_threads(const hone_session *session);

#ifdef __cplusplus
}
#endif
#endif
