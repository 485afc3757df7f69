/* SPDX-License-Identifier: Apache-2.0 */
/* Building programs, and giving their buffers places; see program.h. */
#include "runtime/program.h"
#include "base/error.h"
#include "runtime/planner.h"

#include <string.h>

struct hone_kept {
    hone_kept *next;
    void *memory;
    size_t bytes;
};

void hone__program_init(hone_program *program, const hone_allocator *allocator, uint32_t threads,
                        hone_cpu_tier tier) {
    *program = (hone_program){.allocator = allocator, .threads = threads};
    hone__arena_init(&program->memory, allocator);
    hone__kernels_init(&program->kernels, tier);
}

void hone__program_release(hone_program *program) {
    hone__program_give_weights(program);
    for (hone_kept *kept = program->kept; kept; kept = kept->next)
        hone__free_aligned(program->allocator, kept->memory, kept->bytes);
    hone__arena_release(&program->memory);
    *program = (hone_program){0};
}

hone_status hone__program_alloc(hone_program *program, size_t count, size_t size, void **memory,
                                hone_error *error) {
    *memory = hone__arena_alloc(&program->memory, count, size);
    return *memory ? HONE_OK : hone_fail_memory(error, count * size);
}

hone_status hone__program_keep(hone_program *program, size_t bytes, void **memory,
                               hone_error *error) {
    hone_kept *kept = NULL;
    HONE_TRY(hone__program_alloc(program, 1, sizeof *kept, (void **)&kept, error));
    kept->memory = hone__alloc_aligned(program->allocator, bytes);
    if (!kept->memory) return hone_fail_memory(error, bytes);
    memset(kept->memory, 0, bytes);
    kept->bytes = bytes;
    kept->next = program->kept;
    program->kept = kept;
    program->weight_bytes += bytes;
    *memory = kept->memory;
    return HONE_OK;
}

/* Arrays that grow live in the arena; their old copies stay until the end. */
static hone_status grow_array(hone_program *program, void **array, uint32_t *capacity,
                              uint32_t count, size_t size, hone_error *error) {
    if (count < *capacity) return HONE_OK;
    uint32_t larger = *capacity ? *capacity * 2 : 64;
    void *grown = NULL;
    HONE_TRY(hone__program_alloc(program, larger, size, &grown, error));
    if (count) memcpy(grown, *array, count * size);
    *array = grown;
    *capacity = larger;
    return HONE_OK;
}

hone_status hone__program_add_buffer(hone_program *program, const hone_buffer *buffer, uint32_t *id,
                                     hone_error *error) {
    HONE_TRY(grow_array(program, (void **)&program->buffers, &program->buffer_capacity,
                        program->buffer_count, sizeof *program->buffers, error));
    *id = program->buffer_count++;
    program->buffers[*id] = *buffer;
    return HONE_OK;
}

hone_status hone__program_add_constant(hone_program *program, const char *name, hone_dtype dtype,
                                       const void *data, size_t bytes, uint32_t *id,
                                       hone_error *error) {
    size_t align = hone_dtype_bits(dtype) / 8;
    if (align > 1 && (uintptr_t)data % align != 0) {
        void *copy = NULL;
        HONE_TRY(hone__program_keep(program, bytes, &copy, error));
        if (bytes) memcpy(copy, data, bytes);
        data = copy;
    }
    hone_buffer buffer = {.name = name,
                          .dtype = dtype,
                          .place = HONE_PLACE_CONSTANT,
                          .bytes = bytes,
                          .constant = data};
    return hone__program_add_buffer(program, &buffer, id, error);
}

hone_status hone__program_add_step(hone_program *program, const hone_label *label,
                                   uint32_t output_count, uint32_t slot_count, size_t params_bytes,
                                   hone_step **step, hone_error *error) {
    HONE_TRY(grow_array(program, (void **)&program->steps, &program->step_capacity,
                        program->step_count, sizeof(hone_step *), error));
    hone_step *made = NULL;
    HONE_TRY(hone__program_alloc(program, 1, sizeof *made, (void **)&made, error));
    HONE_TRY(hone__program_alloc(program, slot_count, sizeof *made->slots, (void **)&made->slots,
                                 error));
    if (params_bytes) HONE_TRY(hone__program_alloc(program, 1, params_bytes, &made->params, error));
    made->name = label->name, made->op = label->op, made->kernel = "";
    made->multiply_adds = label->multiply_adds;
    made->output_count = output_count, made->slot_count = slot_count;
    made->in_place = -1, made->scratch = HONE_NO_BUFFER;
    program->steps[program->step_count++] = made;
    *step = made;
    return HONE_OK;
}

/* Scratch memory is a value like others that lives for one step. */
static hone_status add_scratch(hone_program *program, hone_error *error) {
    for (uint32_t i = 0; i < program->step_count; i++) {
        hone_step *step = program->steps[i];
        if (step->scratch_bytes == 0) continue;
        step->scratch_bytes = hone__round_up(step->scratch_bytes, HONE_ALIGN);
        hone_buffer buffer = {.name = "scratch", .dtype = HONE_U8};
        if (!hone__mul_size(step->scratch_bytes, program->threads, &buffer.bytes))
            return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "node '%s' needs too much memory",
                             step->name);
        HONE_TRY(hone__program_add_buffer(program, &buffer, &step->scratch, error));
    }
    return HONE_OK;
}

static void live_at(hone_block *block, uint32_t step) {
    if (step < block->first) block->first = step;
    if (block->last == UINT32_MAX || step > block->last) block->last = step;
}

static void find_lives(const hone_program *program, bool keep_all, hone_block *blocks) {
    uint32_t end = program->step_count;
    for (uint32_t i = 0; i < program->buffer_count; i++)
        blocks[i] = (hone_block){.first = UINT32_MAX, .last = UINT32_MAX};
    for (uint32_t i = 0; i < end; i++) {
        const hone_step *step = program->steps[i];
        for (uint32_t s = 0; s < step->slot_count; s++) live_at(&blocks[step->slots[s].buffer], i);
        if (step->scratch != HONE_NO_BUFFER) live_at(&blocks[step->scratch], i);
    }
    for (uint32_t i = 0; i < program->buffer_count; i++) {
        const hone_buffer *buffer = &program->buffers[i];
        bool used = blocks[i].first != UINT32_MAX;
        if (buffer->place == HONE_PLACE_ARENA && (used || buffer->pinned))
            blocks[i].bytes = buffer->bytes;
        if (!used || keep_all) blocks[i].first = 0, blocks[i].last = keep_all ? end : 0;
        if (buffer->pinned) blocks[i].last = end;
    }
}

static bool same_walk(const hone_view *a, const hone_view *b) {
    if (a->rank != b->rank || a->offset != b->offset) return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i] || (a->dim[i] != 1 && a->stride[i] != b->stride[i]))
            return false;
    return true;
}

static uint32_t owner_of(const uint32_t *owner, uint32_t buffer) {
    while (owner[buffer] != buffer) buffer = owner[buffer];
    return buffer;
}

/* Whether another input of the step lies in the same memory: it could be read after it was
 * overwritten. */
static bool read_twice(const hone_step *step, const uint32_t *owner, uint32_t from) {
    for (uint32_t s = step->output_count; s < step->slot_count; s++)
        if ((int32_t)s != step->in_place && owner_of(owner, step->slots[s].buffer) == from)
            return true;
    return false;
}

/* An output that is born where its input dies, and is walked the same way, takes its memory. */
static void share_in_place(const hone_program *program, hone_block *blocks, uint32_t *owner) {
    for (uint32_t i = 0; i < program->buffer_count; i++) owner[i] = i;
    for (uint32_t i = 0; i < program->step_count; i++) {
        const hone_step *step = program->steps[i];
        if (step->in_place < 0) continue;
        const hone_view *out = &step->slots[0], *in = &step->slots[step->in_place];
        uint32_t from = owner_of(owner, in->buffer);
        const hone_buffer *source = &program->buffers[in->buffer];
        const hone_buffer *target = &program->buffers[out->buffer];
        if (source->place != HONE_PLACE_ARENA || target->place != HONE_PLACE_ARENA) continue;
        if (source->dtype != target->dtype || blocks[out->buffer].bytes > blocks[from].bytes)
            continue;
        if (blocks[from].last != i || blocks[out->buffer].first != i || !same_walk(out, in) ||
            read_twice(step, owner, from))
            continue;
        blocks[from].last = blocks[out->buffer].last;
        blocks[out->buffer].bytes = 0;
        owner[out->buffer] = from;
    }
}

hone_status hone__program_plan(hone_program *program, bool keep_all, hone_error *error) {
    HONE_TRY(add_scratch(program, error));
    hone_block *blocks = NULL;
    uint32_t *owner = NULL;
    HONE_TRY(hone__program_alloc(program, program->buffer_count, sizeof *blocks, (void **)&blocks,
                                 error));
    HONE_TRY(
        hone__program_alloc(program, program->buffer_count, sizeof *owner, (void **)&owner, error));
    find_lives(program, keep_all, blocks);
    share_in_place(program, blocks, owner);
    HONE_TRY(hone__plan_blocks(program->allocator, blocks, program->buffer_count,
                               &program->arena_bytes, &program->lower_bound_bytes, error));
    for (uint32_t i = 0; i < program->buffer_count; i++) {
        hone_buffer *buffer = &program->buffers[i];
        buffer->offset = blocks[owner_of(owner, i)].offset;
        buffer->taken = blocks[i].bytes;
        buffer->first = blocks[i].first, buffer->last = blocks[i].last;
    }
    return hone__program_take_weights(program, error);
}
