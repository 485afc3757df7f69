/* SPDX-License-Identifier: Apache-2.0 */
/* A node on its reference operator. */
#include "base/error.h"
#include "ops/ops.h"
#include "runtime/steps/steps.h"

typedef struct reference_params {
    const hone_node *node;
    hone_op_run run;
    hone_tensor *inputs, *outputs; /* data is filled in at each run */
} reference_params;

/* One task, so writing to the parameters is safe. */
static void run_reference(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    (void)task;
    const reference_params *p = (const reference_params *)step->params;
    uint32_t slot = 0;
    for (uint32_t i = 0; i < p->node->output_count; i++)
        if (p->outputs[i].dtype != HONE_DTYPE_NONE)
            p->outputs[i].data = hone__run_at(run, &step->slots[slot++]);
    for (uint32_t i = 0; i < p->node->input_count; i++)
        if (p->inputs[i].dtype != HONE_DTYPE_NONE)
            p->inputs[i].data = hone__run_at(run, &step->slots[slot++]);
    hone_op_call call = {.node = p->node,
                         .inputs = p->inputs,
                         .outputs = p->outputs,
                         .scratch = hone__run_scratch(run, step, worker)};
    run->status = p->run(&call, run->error);
}

/* Describes the values of a node and copies the views of those that are there to the slots. */
static hone_status describe(hone_program *program, hone_value *const *values, uint32_t count,
                            const hone_view *const *views, hone_step *step, uint32_t *slot,
                            hone_tensor **tensors, hone_error *error) {
    HONE_TRY(hone__program_alloc(program, count, sizeof **tensors, (void **)tensors, error));
    for (uint32_t i = 0; i < count; i++) {
        if (!views[i]) continue;
        hone_tensor *tensor = &(*tensors)[i];
        tensor->dtype = values[i]->dtype;
        tensor->shape = values[i]->shape;
        HONE_TRY(hone_tensor_bytes(tensor->dtype, &tensor->shape, &tensor->bytes, error));
        step->slots[(*slot)++] = *views[i];
    }
    return HONE_OK;
}

static uint32_t present(const hone_view *const *views, uint32_t count) {
    uint32_t there = 0;
    for (uint32_t i = 0; i < count; i++) there += views[i] != NULL;
    return there;
}

hone_status hone__step_reference(hone_program *program, const hone_node *node,
                                 const hone_view *const *outputs, const hone_view *const *inputs,
                                 hone_error *error) {
    hone_op_run run = NULL;
    hone_step *step = NULL;
    HONE_TRY(hone__op_bind(node, &run, error));
    uint32_t written = present(outputs, node->output_count), slot = 0;
    hone_label label = {.name = node->name,
                        .op = hone_op_get(node->op)->name,
                        .multiply_adds = hone_node_multiply_adds(node)};
    HONE_TRY(hone__program_add_step(program, &label, written,
                                    written + present(inputs, node->input_count),
                                    sizeof(reference_params), &step, error));
    reference_params *p = (reference_params *)step->params;
    p->node = node, p->run = run;
    HONE_TRY(describe(program, node->outputs, node->output_count, outputs, step, &slot, &p->outputs,
                      error));
    HONE_TRY(
        describe(program, node->inputs, node->input_count, inputs, step, &slot, &p->inputs, error));
    step->run = run_reference;
    step->kernel = "reference";
    step->tasks = 1;
    step->scratch_bytes = hone__op_scratch(node);
    return HONE_OK;
}
