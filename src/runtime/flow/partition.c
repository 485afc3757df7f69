/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting a flow's graph into parts; see flow.h for what the levels mean. Even levels are planned
 * parts, odd ones single nodes. */
#include "base/error.h"
#include "graph/infer.h"
#include "ops/ops.h"
#include "runtime/flow/flow.h"

#include <stdio.h>
#include <string.h>

#define NEVER UINT32_MAX

typedef struct partition {
    hone_flow *flow;
    hone_infer infer;
    uint8_t *needed;   /* by node id */
    uint8_t *single;   /* by node id */
    uint32_t *level;   /* by node id */
    uint32_t *part_of; /* by node id */
    uint32_t *last;    /* by value id: the last part that reads it, NEVER: an output of the graph */
    uint8_t *crosses;  /* by value id: read by another part than made it */
    uint32_t *stamp;   /* by value id: part whose list it was put into last, plus 1 */
    hone_node **sorted; /* needed nodes by level */
    uint32_t count, levels;
    hone_error *error;
} partition;

static void *memory(partition *p, size_t count, size_t size) {
    return hone__arena_alloc(&p->flow->graph->arena, count, size);
}

static hone_status make_tables(partition *p) {
    const hone_graph *graph = p->flow->graph;
    size_t nodes = graph->node_count + 1u, values = graph->value_count + 1u;
    p->needed = (uint8_t *)memory(p, nodes, 1);
    p->single = (uint8_t *)memory(p, nodes, 1);
    p->level = (uint32_t *)memory(p, nodes, sizeof *p->level);
    p->part_of = (uint32_t *)memory(p, nodes, sizeof *p->part_of);
    p->last = (uint32_t *)memory(p, values, sizeof *p->last);
    p->crosses = (uint8_t *)memory(p, values, 1);
    p->stamp = (uint32_t *)memory(p, values, sizeof *p->stamp);
    p->sorted = (hone_node **)memory(p, nodes, sizeof(hone_node *));
    if (p->needed && p->single && p->level && p->part_of && p->last && p->crosses && p->stamp &&
        p->sorted)
        return HONE_OK;
    return hone_fail_memory(p->error, nodes + values);
}

/* ---- what a node reads ---- */

typedef hone_status (*visitor)(partition *p, hone_node *node, hone_value *value);

static hone_status visit_captures(partition *p, hone_node *node, const hone_graph *sub,
                                  visitor visit) {
    const char *const *names;
    uint32_t count;
    HONE_TRY(hone_graph_captures(p->flow->graph, sub, &names, &count, p->error));
    for (uint32_t i = 0; i < count; i++) {
        hone_value *value = hone_graph_find_value(p->flow->graph, names[i]);
        if (value) HONE_TRY(visit(p, node, value));
    }
    return HONE_OK;
}

static hone_status visit_reads(partition *p, hone_node *node, visitor visit) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i]) HONE_TRY(visit(p, node, node->inputs[i]));
    for (const hone_attr *attr = node->attrs; attr; attr = attr->next)
        if (attr->kind == HONE_ATTR_GRAPH) HONE_TRY(visit_captures(p, node, attr->as.graph, visit));
    return HONE_OK;
}

static hone_status need(partition *p, hone_node *node, hone_value *value) {
    (void)node;
    if (value->producer) p->needed[value->producer->id] = 1;
    return HONE_OK;
}

static hone_status mark_needed(partition *p) {
    const hone_graph *graph = p->flow->graph;
    for (uint32_t i = 0; i < graph->output_count; i++) HONE_TRY(need(p, NULL, graph->outputs[i]));
    for (hone_node *node = graph->last_node; node; node = node->prev)
        if (p->needed[node->id]) HONE_TRY(visit_reads(p, node, need));
    return HONE_OK;
}

/* ---- which nodes stand alone ---- */

/* A dimension that inference could only name after the value itself depends on data. */
static bool is_own_symbol(const hone_graph *graph, const hone_value *value, int64_t dim) {
    const char *name = hone_graph_symbol_name(graph, dim);
    size_t length = strlen(value->name);
    return !strncmp(name, value->name, length) && name[length] == '.' &&
           strspn(name + length + 1, "0123456789") == strlen(name + length + 1);
}

static bool reads_known_ranks(const hone_node *node) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] && node->inputs[i]->shape.rank == HONE_RANK_UNKNOWN) return false;
    return true;
}

static bool makes_unknown_shapes(const hone_graph *graph, const hone_node *node) {
    for (uint32_t i = 0; i < node->output_count; i++) {
        const hone_value *value = node->outputs[i];
        if (!value) continue;
        if (value->shape.rank == HONE_RANK_UNKNOWN && reads_known_ranks(node)) return true;
        for (int32_t d = 0; d < value->shape.rank; d++)
            if (value->shape.dim[d] < 0 && is_own_symbol(graph, value, value->shape.dim[d]))
                return true;
    }
    return false;
}

static bool reads_other_than_tensors(const hone_node *node) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] &&
            (node->inputs[i]->type != HONE_TYPE_TENSOR || node->inputs[i]->dtype == HONE_STRING))
            return true;
    return false;
}

static hone_value_type body_type(const hone_node *node, const char *name, uint32_t output) {
    const hone_attr *attr = hone_node_attr(node, name);
    if (!attr || attr->kind != HONE_ATTR_GRAPH || output >= attr->as.graph->output_count)
        return HONE_TYPE_TENSOR;
    return attr->as.graph->outputs[output]->type;
}

static hone_value_type output_type(const hone_node *node, uint32_t output) {
    switch (node->op) {
    case HONE_OP_SequenceEmpty:
    case HONE_OP_SequenceConstruct:
    case HONE_OP_SequenceInsert:
    case HONE_OP_SequenceErase:
    case HONE_OP_SequenceMap:
    case HONE_OP_SplitToSequence:
        return HONE_TYPE_SEQUENCE;
    case HONE_OP_Optional:
        return HONE_TYPE_OPTIONAL;
    case HONE_OP_Identity:
    case HONE_OP_OptionalGetElement:
        return node->inputs[0] ? node->inputs[0]->type : HONE_TYPE_TENSOR;
    case HONE_OP_If:
        return body_type(node, "then_branch", output);
    case HONE_OP_Loop:
        return body_type(node, "body", output + 1);
    default:
        return HONE_TYPE_TENSOR;
    }
}

/* As far as it can be told; a part that finds something else than tensors runs node by node. */
static void set_types(hone_node *node) {
    for (uint32_t i = 0; i < node->output_count; i++)
        if (node->outputs[i]) node->outputs[i]->type = output_type(node, i);
}

static hone_status judge(partition *p, hone_node *node) {
    if (!hone__op_is_run(node->op) && !hone__flow_handler(node->op)) {
        const char *op = node->foreign ? node->foreign : hone_op_get(node->op)->name;
        return hone_fail(p->error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "node '%s' (%s): this operator is not run yet", node->name, op);
    }
    set_types(node);
    p->single[node->id] = hone__op_is_measured(node->op) || !hone__op_is_run(node->op) ||
                          reads_other_than_tensors(node) ||
                          makes_unknown_shapes(p->flow->graph, node);
    return HONE_OK;
}

/* ---- levels and parts ---- */

static hone_status raise(partition *p, hone_node *node, hone_value *value) {
    if (!value->producer) return HONE_OK;
    uint32_t from = value->producer->id, level = p->level[from];
    if (p->single[from] != p->single[node->id]) level++;
    if (level > p->level[node->id]) p->level[node->id] = level;
    return HONE_OK;
}

static hone_status find_levels(partition *p) {
    for (hone_node *node = p->flow->graph->first_node; node; node = node->next) {
        if (!p->needed[node->id]) continue;
        HONE_TRY(judge(p, node));
        p->level[node->id] = p->single[node->id];
        HONE_TRY(visit_reads(p, node, raise));
        if (p->level[node->id] >= p->levels) p->levels = p->level[node->id] + 1;
        p->count++;
    }
    return HONE_OK;
}

/* A counting sort, which keeps the order inside a level. */
static hone_status sort_by_level(partition *p) {
    uint32_t *ends = (uint32_t *)memory(p, p->levels + 1u, sizeof *ends);
    if (!ends) return hone_fail_memory(p->error, p->levels * sizeof *ends);
    const hone_node *first = p->flow->graph->first_node;
    for (const hone_node *node = first; node; node = node->next)
        if (p->needed[node->id]) ends[p->level[node->id] + 1]++;
    for (uint32_t i = 0; i < p->levels; i++) ends[i + 1] += ends[i];
    for (hone_node *node = p->flow->graph->first_node; node; node = node->next)
        if (p->needed[node->id]) p->sorted[ends[p->level[node->id]]++] = node;
    return HONE_OK;
}

static hone_status make_parts(partition *p) {
    p->flow->parts = (hone_part *)memory(p, p->count + 1u, sizeof *p->flow->parts);
    if (!p->flow->parts) return hone_fail_memory(p->error, p->count * sizeof *p->flow->parts);
    for (uint32_t i = 0; i < p->count; i++) {
        const hone_node *node = p->sorted[i];
        bool single = p->single[node->id];
        hone_part *part = &p->flow->parts[p->flow->part_count];
        bool begins = i == 0 || single || p->level[node->id] != p->level[p->sorted[i - 1]->id];
        if (begins) {
            part->planned = !single;
            part->nodes = &p->sorted[i];
            p->flow->part_count++;
        } else {
            part--;
        }
        part->node_count++;
        p->part_of[node->id] = p->flow->part_count - 1;
    }
    return HONE_OK;
}

/* ---- values between parts ---- */

static hone_status note_read(partition *p, hone_node *node, hone_value *value) {
    uint32_t part = p->part_of[node->id];
    if (value->kind == HONE_VALUE_CONSTANT) return HONE_OK;
    if (value->producer && p->part_of[value->producer->id] == part) return HONE_OK;
    p->crosses[value->id] = 1;
    if (p->last[value->id] != NEVER && p->last[value->id] < part) p->last[value->id] = part;
    return HONE_OK;
}

static hone_status find_crossings(partition *p) {
    const hone_graph *graph = p->flow->graph;
    for (uint32_t i = 0; i < p->count; i++) HONE_TRY(visit_reads(p, p->sorted[i], note_read));
    for (uint32_t i = 0; i < graph->output_count; i++) {
        p->crosses[graph->outputs[i]->id] = 1;
        p->last[graph->outputs[i]->id] = NEVER;
    }
    return HONE_OK;
}

typedef struct counts {
    uint32_t inputs, outputs, dying;
} counts;

static counts count_links(const hone_part *part) {
    counts c = {0};
    for (uint32_t n = 0; n < part->node_count; n++) {
        c.inputs += part->nodes[n]->input_count;
        c.outputs += part->nodes[n]->output_count;
    }
    c.dying = c.inputs + c.outputs;
    return c;
}

static hone_status make_lists(partition *p, hone_part *part) {
    counts c = count_links(part);
    part->inputs = (uint32_t *)memory(p, c.inputs + 1u, sizeof *part->inputs);
    part->outputs = (uint32_t *)memory(p, c.outputs + 1u, sizeof *part->outputs);
    part->dying = (uint32_t *)memory(p, c.dying + 1u, sizeof *part->dying);
    part->tensors = (hone_tensor *)memory(p, c.inputs + 1u, sizeof *part->tensors);
    part->bound = (bool *)memory(p, c.inputs + 1u, sizeof *part->bound);
    if (part->inputs && part->outputs && part->dying && part->tensors && part->bound)
        return HONE_OK;
    return hone_fail_memory(p->error, c.dying);
}

/* Contents that follow from shapes alone are part of the plan: they were known to inference. */
static bool decided_by_shapes(const partition *p, const hone_value *value) {
    const hone_contents *contents = &p->infer.contents[value->id];
    if (!contents->entries || !value->producer) return false;
    for (uint32_t i = 0; i < contents->count; i++)
        if (contents->entries[i].kind == HONE_ENTRY_UNKNOWN) return false;
    return true;
}

static void add_input(partition *p, hone_part *part, uint32_t index, const hone_value *value) {
    if (!value || value->kind == HONE_VALUE_CONSTANT || p->stamp[value->id] == index + 1) return;
    if (value->producer && p->part_of[value->producer->id] == index) return;
    p->stamp[value->id] = index + 1;
    part->bound[part->input_count] = part->planned && decided_by_shapes(p, value);
    part->inputs[part->input_count++] = value->id;
    if (p->last[value->id] == index) part->dying[part->dying_count++] = value->id;
}

static void add_output(partition *p, hone_part *part, uint32_t index, const hone_value *value) {
    if (!value || (part->planned && !p->crosses[value->id])) return;
    part->outputs[part->output_count++] = value->id;
    if (!p->crosses[value->id] || p->last[value->id] == index)
        part->dying[part->dying_count++] = value->id;
}

static bool is_heavy(hone_op op) {
    switch (op) {
    case HONE_OP_Conv:
    case HONE_OP_ConvTranspose:
    case HONE_OP_ConvInteger:
    case HONE_OP_QLinearConv:
    case HONE_OP_Gemm:
    case HONE_OP_MatMul:
    case HONE_OP_MatMulInteger:
    case HONE_OP_QLinearMatMul:
    case HONE_OP_Einsum:
    case HONE_OP_Attention:
    case HONE_OP_LSTM:
    case HONE_OP_GRU:
    case HONE_OP_RNN:
    case HONE_OP_Resize:
        return true;
    default:
        return false;
    }
}

static hone_status link_part(partition *p, uint32_t index) {
    hone_part *part = &p->flow->parts[index];
    HONE_TRY(make_lists(p, part));
    for (uint32_t n = 0; n < part->node_count; n++) {
        const hone_node *node = part->nodes[n];
        for (uint32_t i = 0; i < node->input_count; i++) add_input(p, part, index, node->inputs[i]);
        for (uint32_t i = 0; i < node->output_count; i++)
            add_output(p, part, index, node->outputs[i]);
        part->heavy = part->heavy || is_heavy(node->op);
    }
    return HONE_OK;
}

static hone_status partition_graph(partition *p) {
    HONE_TRY(make_tables(p));
    HONE_TRY(mark_needed(p));
    HONE_TRY(find_levels(p));
    HONE_TRY(sort_by_level(p));
    HONE_TRY(make_parts(p));
    HONE_TRY(find_crossings(p));
    for (uint32_t i = 0; i < p->flow->part_count; i++) {
        hone_part *part = &p->flow->parts[i];
        HONE_TRY(link_part(p, i));
        if (!part->planned) HONE_TRY(hone__flow_bodies(p->flow, part->nodes[0], part, p->error));
    }
    return HONE_OK;
}

hone_status hone__flow_partition(hone_flow *flow, hone_error *error) {
    partition p = {.flow = flow, .error = error};
    hone_status status = hone__infer_run(flow->graph, &p.infer, error);
    if (status == HONE_OK) status = partition_graph(&p);
    hone__infer_end(&p.infer);
    return status;
}
