/* SPDX-License-Identifier: Apache-2.0 */
/* Constant folding: what needs no input is computed once, here.
 *
 * A sweep in topological order turns nodes into constants, in place, so that values keep their
 * names and a chain folds in one sweep. Two sources: contents that shape inference followed (a
 * Shape whose numbers are known, though its input is not a constant), and running the reference on
 * constants. Where folding made a shape known that was not, another round follows.
 *
 * Left alone: weights that are stored small on purpose (DequantizeLinear, Cast from float16),
 * random numbers, results that grow too much, and whatever has no reference: it still runs, or is
 * an error, where the model is loaded. */
#include "graph/infer.h"
#include "ops/ops.h"
#include <string.h>

#define HALF_BYTES   4096              /* a float16 constant up to this size is widened */
#define GROWTH_BYTES ((size_t)1 << 20) /* a result larger than its inputs is at most this large */

typedef struct folder {
    hone_graph *graph;
    hone_infer infer;
    uint32_t value_count; /* values that infer.contents covers */
    size_t max_bytes;
    bool changed;
    hone_error *error;
} folder;

static const hone_allocator *allocator_of(const folder *f) {
    return f->graph->arena.allocator;
}

/* --- values become constants --------------------------------------------------------------- */

static void become_constant(hone_value *value, const void *data, size_t bytes) {
    value->kind = HONE_VALUE_CONSTANT;
    value->data = data;
    value->bytes = bytes;
}

/* Contents of an output that are all numbers, written as a constant. */
static hone_status write_contents(folder *f, hone_node *node) {
    hone_value *value = node->outputs[0];
    const hone_contents *contents = &f->infer.contents[value->id];
    size_t size = hone_dtype_bits(value->dtype) / 8;
    void *memory;
    HONE_TRY(hone_graph_memory(f->graph, contents->count * size, &memory, f->error));
    for (uint32_t i = 0; i < contents->count; ++i) {
        int64_t number = contents->entries[i].value;
        int32_t narrow = (int32_t)number;
        uint8_t truth = number != 0;
        const void *from = size == 8 ? (const void *)&number : size == 4 ? (void *)&narrow : &truth;
        memcpy((uint8_t *)memory + i * size, from, size);
    }
    hone_graph_remove_node(f->graph, node);
    become_constant(value, memory, contents->count * size);
    f->changed = true;
    return HONE_OK;
}

/* Known contents fold unless the shape says that they are not all there is. */
static bool contents_known(const folder *f, const hone_node *node) {
    const hone_value *value = node->output_count == 1 ? node->outputs[0] : NULL;
    if (value == NULL || value->id >= f->value_count) return false;
    const hone_contents *contents = &f->infer.contents[value->id];
    if (contents->entries == NULL || !hone__shape_known(&value->shape)) return false;
    if (hone__shape_span(&value->shape, 0, value->shape.rank) != contents->count) return false;
    for (uint32_t i = 0; i < contents->count; ++i) {
        if (contents->entries[i].kind != HONE_ENTRY_NUMBER) return false;
    }
    return true;
}

/* --- running a node on constants ------------------------------------------------------------- */

/* What one evaluation needs; everything but the results is given back. */
typedef struct evaluation {
    hone_op_call call;
    hone_op_run run;
    hone_tensor *inputs, *outputs;
    void **copies; /* of inputs whose bytes lie unaligned in the file */
    size_t scratch_bytes;
} evaluation;

static bool is_random(hone_op op) {
    switch (op) {
    case HONE_OP_Bernoulli:
    case HONE_OP_Dropout: /* the identity pass takes out what is not random */
    case HONE_OP_Multinomial:
    case HONE_OP_RandomNormal:
    case HONE_OP_RandomNormalLike:
    case HONE_OP_RandomUniform:
    case HONE_OP_RandomUniformLike:
        return true;
    default:
        return false;
    }
}

static bool stored_small(const hone_node *node) {
    if (node->op == HONE_OP_DequantizeLinear) return true;
    if (node->op != HONE_OP_Cast && node->op != HONE_OP_CastLike) return false;
    const hone_value *from = node->inputs[0];
    return (from->dtype == HONE_F16 || from->dtype == HONE_BF16) && from->bytes > HALF_BYTES;
}

/* All inputs constant, all outputs of known size within the limits. */
static bool may_evaluate(const folder *f, const hone_node *node) {
    size_t given = 0;
    if (node->op == HONE_OP_FOREIGN || is_random(node->op)) return false;
    for (uint32_t i = 0; i < node->input_count; ++i) {
        const hone_value *value = node->inputs[i];
        if (value == NULL) continue;
        if (value->kind != HONE_VALUE_CONSTANT) return false;
        given += value->bytes;
    }
    if (stored_small(node)) return false;
    for (uint32_t i = 0; i < node->output_count; ++i) {
        const hone_value *value = node->outputs[i];
        size_t bytes;
        if (value == NULL) continue;
        if (value->dtype == HONE_DTYPE_NONE || !hone__shape_known(&value->shape)) return false;
        if (hone_tensor_bytes(value->dtype, &value->shape, &bytes, NULL) != HONE_OK) return false;
        if (bytes > f->max_bytes || (bytes > given && bytes > GROWTH_BYTES)) return false;
    }
    return true;
}

/* References read aligned numbers; a file may hold them anywhere. */
static hone_status take_input(folder *f, evaluation *e, uint32_t index) {
    const hone_value *value = e->call.node->inputs[index];
    static const uint64_t nothing = 0; /* a place for no bytes */
    if (value == NULL) return HONE_OK;
    hone_tensor *tensor = &e->inputs[index];
    *tensor = (hone_tensor){.dtype = value->dtype, .shape = value->shape, .bytes = value->bytes};
    const void *data = value->bytes > 0 ? value->data : &nothing;
    if ((uintptr_t)data % 16 != 0 && value->bytes > 0) {
        e->copies[index] = hone__alloc_aligned(allocator_of(f), value->bytes);
        if (e->copies[index] == NULL) return hone_fail_memory(f->error, value->bytes);
        memcpy(e->copies[index], data, value->bytes);
        data = e->copies[index];
    }
    memcpy(&tensor->data, &data, sizeof data); /* read only: the reference keeps to that */
    return HONE_OK;
}

static hone_status make_output(folder *f, evaluation *e, uint32_t index) {
    const hone_value *value = e->call.node->outputs[index];
    if (value == NULL) return HONE_OK;
    hone_tensor *tensor = &e->outputs[index];
    *tensor = (hone_tensor){.dtype = value->dtype, .shape = value->shape};
    HONE_TRY(hone_tensor_bytes(value->dtype, &value->shape, &tensor->bytes, f->error));
    return hone_graph_memory(f->graph, tensor->bytes, &tensor->data, f->error);
}

static hone_status prepare(folder *f, evaluation *e, const hone_node *node) {
    const hone_allocator *allocator = allocator_of(f);
    size_t in = node->input_count + 1u, out = node->output_count + 1u;
    e->call.node = node;
    e->inputs = hone__calloc(allocator, in, sizeof *e->inputs);
    e->copies = hone__calloc(allocator, in, sizeof *e->copies);
    e->outputs = hone__calloc(allocator, out, sizeof *e->outputs);
    e->scratch_bytes = hone__op_scratch(node);
    e->call.scratch = hone__alloc_aligned(allocator, e->scratch_bytes + 1);
    if (!e->inputs || !e->copies || !e->outputs || !e->call.scratch)
        return hone_fail_memory(f->error, e->scratch_bytes);
    for (uint32_t i = 0; i < node->input_count; ++i) HONE_TRY(take_input(f, e, i));
    for (uint32_t i = 0; i < node->output_count; ++i) HONE_TRY(make_output(f, e, i));
    e->call.inputs = e->inputs;
    e->call.outputs = e->outputs;
    return HONE_OK;
}

static void release(folder *f, evaluation *e) {
    const hone_allocator *allocator = allocator_of(f);
    const hone_node *node = e->call.node;
    for (uint32_t i = 0; e->copies != NULL && i < node->input_count; ++i) {
        if (e->copies[i] != NULL)
            hone__free_aligned(allocator, e->copies[i], node->inputs[i]->bytes);
    }
    hone__free(allocator, e->inputs, (node->input_count + 1u) * sizeof *e->inputs);
    hone__free(allocator, e->copies, (node->input_count + 1u) * sizeof *e->copies);
    hone__free(allocator, e->outputs, (node->output_count + 1u) * sizeof *e->outputs);
    if (e->call.scratch != NULL)
        hone__free_aligned(allocator, e->call.scratch, e->scratch_bytes + 1);
}

/* Empty results need no run, however long the loops over the other dimensions would be. */
static bool has_elements(const evaluation *e) {
    for (uint32_t i = 0; i < e->call.node->output_count; ++i) {
        if (e->outputs[i].bytes > 0) return true;
    }
    return false;
}

/* A node that its reference refuses stays: running the model will say why. */
static hone_status evaluate(folder *f, hone_node *node) {
    evaluation e = {0};
    if (hone__op_bind(node, &e.run, NULL) != HONE_OK) return HONE_OK;
    hone_status status = prepare(f, &e, node);
    bool done = status == HONE_OK && (!has_elements(&e) || e.run(&e.call, NULL) == HONE_OK);
    if (done) {
        hone_graph_remove_node(f->graph, node);
        for (uint32_t i = 0; i < node->output_count; ++i) {
            if (node->outputs[i] != NULL)
                become_constant(node->outputs[i], e.outputs[i].data, e.outputs[i].bytes);
        }
        f->changed = true;
    }
    release(f, &e);
    return status;
}

/* --- Reshape to a partly known shape ---------------------------------------------------------- */

/* Numbers stay; one other entry becomes -1; further ones must copy their dimension (0). */
static bool spell_shape(const hone_contents *wanted, const hone_shape *x, int64_t *out) {
    uint32_t open = 0, holes = 0;
    for (uint32_t i = 0; i < wanted->count; ++i) {
        hone_entry entry = wanted->entries[i];
        if (entry.kind == HONE_ENTRY_NUMBER && entry.value <= 0) return false;
        open += entry.kind != HONE_ENTRY_NUMBER;
    }
    for (uint32_t i = 0; i < wanted->count; ++i) {
        hone_entry entry = wanted->entries[i];
        bool copies = open > 1 && entry.kind == HONE_ENTRY_SYMBOL && x != NULL &&
                      i < (uint32_t)x->rank && x->dim[i] == entry.value;
        out[i] = entry.kind == HONE_ENTRY_NUMBER ? entry.value : copies ? 0 : -1;
        holes += out[i] == -1;
    }
    return holes <= 1;
}

/* Reshape to [batch, 1280] with a symbolic batch: the computed shape becomes the constant
 * [-1, 1280], and the arithmetic behind it dead code. */
static hone_status settle_reshape(folder *f, hone_node *node) {
    const hone_value *x = node->inputs[0], *shape = node->inputs[1];
    int64_t numbers[HONE_MAX_RANK];
    hone_value *constant;
    if (shape == NULL || shape->kind != HONE_VALUE_COMPUTED || shape->id >= f->value_count)
        return HONE_OK;
    const hone_contents *wanted = &f->infer.contents[shape->id];
    if (wanted->entries == NULL || wanted->count > HONE_MAX_RANK) return HONE_OK;
    if (hone_node_int(node, "allowzero", 0) != 0) return HONE_OK;
    if (!spell_shape(wanted, x->shape.rank >= 0 ? &x->shape : NULL, numbers)) return HONE_OK;
    hone_shape vector = {.rank = 1, .dim = {wanted->count}};
    HONE_TRY(hone_graph_copy_constant(f->graph, NULL, HONE_S64, &vector, numbers,
                                      wanted->count * sizeof *numbers, NULL, &constant, f->error));
    HONE_TRY(hone_node_set_input(f->graph, node, 1, constant, f->error));
    f->changed = true;
    return HONE_OK;
}

/* --- the sweep ---------------------------------------------------------------------------------
 */

static hone_status fold_node(folder *f, hone_node *node) {
    if (contents_known(f, node)) return write_contents(f, node);
    if (may_evaluate(f, node)) return evaluate(f, node);
    return node->op == HONE_OP_Reshape ? settle_reshape(f, node) : HONE_OK;
}

static hone_status sweep(folder *f) {
    f->value_count = f->graph->value_count;
    hone_status status = hone__infer_run(f->graph, &f->infer, f->error);
    for (hone_node *node = f->graph->first_node, *next; node != NULL && status == HONE_OK;
         node = next) {
        next = node->next;
        status = fold_node(f, node);
    }
    hone__infer_end(&f->infer);
    return status;
}

hone_status hone__graph_fold(hone_graph *graph, size_t max_bytes, bool *changed,
                             hone_error *error) {
    folder f = {.graph = graph, .max_bytes = max_bytes, .error = error};
    bool any = false;
    do {
        f.changed = false;
        HONE_TRY(sweep(&f));
        any = any || f.changed;
    } while (f.changed);
    if (changed != NULL) *changed = any;
    return HONE_OK;
}
