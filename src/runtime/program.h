/* SPDX-License-Identifier: Apache-2.0 */
/* What a session runs: steps over buffers.
 *
 * A buffer is a piece of memory: in the session's arena, a constant, or a model input that the
 * caller lends for one run. A view says where the elements of a tensor lie in a buffer, dimension
 * by dimension in ONNX's order, so that channels last, a slice, a transposition, a part of a
 * concatenation are all only strides and an offset.
 *
 * A step is a function, its slots (the views it writes, then those it reads), and parameters that
 * were fixed when it was made. Its tasks are independent and may run on any thread.
 *
 * All memory of a program comes from its arena or hone__program_keep and is freed with it; running
 * allocates nothing. */
#ifndef HONE_RUNTIME_PROGRAM_H
#define HONE_RUNTIME_PROGRAM_H

#include "base/arena.h"
#include "base/pool.h"
#include "graph/graph.h"
#include "kernels/kernels.h"
#include "packed/packed.h"
#include "runtime/view.h"
#include <hone/session.h>

typedef enum hone_place {
    HONE_PLACE_ARENA = 0, /* planned */
    HONE_PLACE_CONSTANT,  /* `constant` */
    HONE_PLACE_INPUT      /* the caller's memory of input `input` */
} hone_place;

typedef struct hone_buffer {
    const char *name; /* of the value it was made for, or what it is */
    hone_dtype dtype;
    hone_place place;
    size_t bytes;
    const void *constant;
    uint32_t input;
    bool pinned;          /* lives until the next run: outputs */
    size_t offset;        /* in the arena, once planned */
    size_t taken;         /* there; 0: nothing of its own */
    uint32_t first, last; /* steps between which it is alive */
} hone_buffer;

typedef struct hone_run hone_run;
typedef struct hone_step hone_step;
typedef void (*hone_step_run)(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker);

struct hone_step {
    const char *name; /* of the node that gave the step its output */
    const char *op;   /* its operator, or what it was fused into */
    const char *kernel;
    hone_step_run run;
    void *params;
    hone_view *slots; /* outputs first */
    uint32_t output_count, slot_count;
    uint32_t tasks;       /* 0: nothing to do */
    int32_t in_place;     /* slot that the output may overwrite if it dies here, or -1 */
    size_t scratch_bytes; /* each worker's */
    uint32_t scratch;     /* its buffer, or HONE_NO_BUFFER */
    uint64_t multiply_adds;
    double total_ms;
};

#define HONE_NO_BUFFER UINT32_MAX

/* What the profile says of a step. */
typedef struct hone_label {
    const char *name, *op;
    uint64_t multiply_adds;
} hone_label;

typedef struct hone_kept hone_kept; /* a piece of 64-byte aligned memory */

/* Where packed weights come from: the same for all programs of a model. */
typedef struct hone_weights {
    hone_packed_store *store;       /* the model's; NULL: the program makes one for itself */
    const hone_packed_cache *cache; /* NULL: none */
    hone_pool *pool;                /* makes them; NULL: the caller does alone */
    bool absent;                    /* none is made: the program is there to be looked at only */
} hone_weights;

/* A packed form that a step reads. Forms with the same layout, numbers and contents of the pieces
 * are the same bytes: all that make() reads must be told here. Pieces and recipe live as long as
 * the program; make() fills cleared memory, on any thread. */
#define HONE_PACK_PIECES  4
#define HONE_PACK_NUMBERS 16
typedef struct hone_pack {
    const char *layout; /* the kernel's name */
    size_t bytes;
    uint64_t numbers[HONE_PACK_NUMBERS];
    struct hone_pack_piece {
        const void *data; /* NULL: none */
        size_t bytes;
    } pieces[HONE_PACK_PIECES];
    void (*make)(const void *recipe, void *packed);
    const void *recipe;
} hone_pack;
typedef struct hone_packing hone_packing;

typedef struct hone_program {
    const hone_allocator *allocator;
    hone_arena memory;
    hone_kept *kept;
    hone_kernels kernels;
    uint32_t threads;
    hone_buffer *buffers;
    uint32_t buffer_count, buffer_capacity;
    hone_step **steps;
    uint32_t step_count, step_capacity;
    size_t arena_bytes, lower_bound_bytes, weight_bytes;
    const hone_graph *graph; /* whose constants are packed; may be NULL */
    hone_weights weights;
    hone_packing *packings; /* wanted, in the order of asking */
    hone_packing **last_packing;
    uint32_t packing_count;
    hone_packed_want *wants; /* taken, packing_count of them; NULL: none */
} hone_program;

/* One run: where every buffer is now. */
/* What ends a run between two steps. */
typedef struct hone_stop {
    const hone_cancel *cancel; /* or NULL */
    double deadline_ms;        /* of hone__now_ms(); 0: none */
} hone_stop;

struct hone_run {
    const hone_program *program;
    uint8_t **base;     /* by buffer */
    hone_status status; /* of the first step that failed; only steps of one task may fail */
    hone_error *error;
    const hone_stop *stop; /* or NULL */
};

void hone__program_init(hone_program *program, const hone_allocator *allocator, uint32_t threads,
                        hone_cpu_tier tier);
void hone__program_release(hone_program *program);

/* Cleared memory that lives as long as the program. */
hone_status hone__program_alloc(hone_program *program, size_t count, size_t size, void **memory,
                                hone_error *error);
/* The same, 64-byte aligned, counted as weights. */
hone_status hone__program_keep(hone_program *program, size_t bytes, void **memory,
                               hone_error *error);

hone_status hone__program_add_buffer(hone_program *program, const hone_buffer *buffer, uint32_t *id,
                                     hone_error *error);
/* A constant buffer; bytes are borrowed where their address is a multiple of the element's size
 * and copied otherwise. */
hone_status hone__program_add_constant(hone_program *program, const char *name, hone_dtype dtype,
                                       const void *data, size_t bytes, uint32_t *id,
                                       hone_error *error);

/* Appends a step with room for its slots and, when params_bytes > 0, its parameters. kernel, run,
 * tasks are the caller's to fill in; in_place is -1, scratch none. */
hone_status hone__program_add_step(hone_program *program, const hone_label *label,
                                   uint32_t output_count, uint32_t slot_count, size_t params_bytes,
                                   hone_step **step, hone_error *error);

/* weights.c: asks for a packed form. Its address is at *packed, in the program's memory, once the
 * program is planned: nothing is made before all that is wanted is known. */
hone_status hone__program_pack(hone_program *program, const hone_pack *pack, const void **packed,
                               hone_error *error);
/* What the kernels of the convolution families make their forms from: fills numbers and pieces. */
void hone__pack_conv(hone_pack *pack, const hone_conv_dims *dims, const hone_conv_weights *weights,
                     size_t weight_bytes);
hone_status hone__program_take_weights(hone_program *program, hone_error *error);
void hone__program_give_weights(hone_program *program);

/* Gives every buffer its place (`keep_all`: none shares memory), and every packing its form. */
hone_status hone__program_plan(hone_program *program, bool keep_all, hone_error *error);

/* The address of a view's first element. */
static inline void *hone__run_at(const hone_run *run, const hone_view *view) {
    const hone_buffer *buffer = &run->program->buffers[view->buffer];
    return run->base[view->buffer] + (size_t)view->offset * (hone_dtype_bits(buffer->dtype) / 8);
}

/* This worker's scratch memory of a step. */
static inline void *hone__run_scratch(const hone_run *run, const hone_step *step, uint32_t worker) {
    if (step->scratch == HONE_NO_BUFFER) return NULL;
    return run->base[step->scratch] + step->scratch_bytes * worker;
}

/* HONE_CANCELLED, said in *error, when the run is to end. `stop` may be NULL. */
hone_status hone__stop_check(const hone_stop *stop, hone_error *error);

/* Runs all steps; with `profile`, adds each one's time. base must be filled. */
hone_status hone__program_run(hone_program *program, hone_pool *pool, uint8_t **base, bool profile,
                              const hone_stop *stop, hone_error *error);

/* How many tasks to cut `items` into when all of them together touch `bytes`. */
uint32_t hone__program_tasks(const hone_program *program, size_t items, size_t bytes);
/* The items [*begin, *end) of one task. */
static inline void hone__task_range(size_t items, uint32_t tasks, uint32_t task, size_t *begin,
                                    size_t *end) {
    *begin = items * task / tasks;
    *end = items * (task + 1) / tasks;
}

#endif
