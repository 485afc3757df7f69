/* SPDX-License-Identifier: Apache-2.0 */
/* hone info: what is in a model. */
#include "cli.h"
#include "plan_svg.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef hone_status (*get_port)(const hone_model *model, uint32_t index, hone_port *port);

static void show_ports(cli *c, const hone_model *model, const char *key, uint32_t count,
                       get_port get) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        hone_port port;
        char shape[256];
        if (get(model, i, &port) != HONE_OK) continue;
        json_array_append_new(list, json_pack("{s:s, s:o, s:s}", "name", port.name, "shape",
                                              cli_shape(&port.shape), "dtype",
                                              hone_dtype_name(port.dtype)));
        cli_print(c, "%-14s %s %s%s\n", i ? "" : key, port.name, hone_dtype_name(port.dtype),
                  cli_shape_text(model, &port.shape, shape, sizeof shape));
    }
    cli_set(c, key, list);
}

static void count_operator(json_t *operators, const char *op) {
    json_t *seen = json_object_get(operators, op);
    json_object_set_new(operators, op, json_integer(seen ? json_integer_value(seen) + 1 : 1));
}

static void show_operators(cli *c, const hone_model *model, uint32_t nodes) {
    json_t *operators = json_object(), *count;
    const char *op;
    for (uint32_t i = 0; i < nodes; i++) {
        hone_node_info node;
        if (hone_model_node(model, i, &node) == HONE_OK) count_operator(operators, node.op);
    }
    cli_print(c, "%-14s", "operators");
    json_object_foreach(operators, op, count)
        cli_print(c, " %s:%" JSON_INTEGER_FORMAT, op, json_integer_value(count));
    cli_print(c, "\n");
    cli_set(c, "operators", operators);
}

/* The arena that one run needs; null where the model cannot run here, with the reason. */
static hone_status show_arena(cli *c, const hone_model *simplified, const char *picture) {
    hone_session *session = NULL;
    hone_session_options options = cli_session_options(c);
    options.plan_only = true;
    hone_session_memory memory;
    hone_status status = hone_session_create(simplified, &options, &session, &c->error);
    if (status == HONE_OK) {
        hone_session_get_memory(session, &memory);
        cli_set(c, "arena_bytes", json_integer((json_int_t)memory.arena_bytes));
        cli_set(c, "arena_lower_bound_bytes", json_integer((json_int_t)memory.lower_bound_bytes));
        cli_print(c, "%-14s %zu bytes (lower bound %zu)\n", "arena", memory.arena_bytes,
                  memory.lower_bound_bytes);
        if (picture) status = cli_plan_svg(c, session, picture);
    } else {
        cli_set(c, "arena_bytes", json_null());
        cli_set(c, "cannot_run", json_string(c->error.message));
        cli_print(c, "%-14s cannot run: %s\n", "arena", c->error.message);
        if (!picture) c->error = (hone_error){0}, status = HONE_OK;
    }
    hone_session_free(session);
    return status;
}

static void show_card(cli *c, const hone_model *model) {
    size_t size;
    const char *card = hone_model_card(model, &size);
    json_t *parsed = card ? json_loadb(card, size, 0, NULL) : NULL;
    const char *task = json_string_value(json_object_get(parsed, "task"));
    cli_print(c, "%-14s %s\n", "card", !card ? "none" : task ? task : "has no task");
    cli_set(c, "card", parsed ? parsed : json_null());
}

static void show_layers(cli *c, const hone_model *model, uint32_t nodes) {
    json_t *layers = json_array();
    cli_print(c, "\n%-32s %-20s %-18s %12s %14s\n", "layer", "operator", "output", "parameters",
              "multiply-adds");
    for (uint32_t i = 0; i < nodes; i++) {
        hone_node_info node;
        char shape[128];
        if (hone_model_node(model, i, &node) != HONE_OK) continue;
        cli_print(c, "%-32s %-20s %-18s %12" PRIu64 " %14" PRIu64 "\n", node.name, node.op,
                  cli_shape_text(model, &node.output_shape, shape, sizeof shape), node.parameters,
                  node.multiply_adds);
        json_array_append_new(layers,
                              json_pack("{s:s, s:s, s:o, s:s, s:I, s:I}", "name", node.name, "op",
                                        node.op, "shape", cli_shape(&node.output_shape), "dtype",
                                        hone_dtype_name(node.output_dtype), "parameters",
                                        (json_int_t)node.parameters, "multiply_adds",
                                        (json_int_t)node.multiply_adds));
    }
    cli_set(c, "layers", layers);
}

static const char *format_name(hone_format format) {
    static const char *const names[] = {"unknown", "onnx", "hone", "tflite"};
    return (size_t)format < sizeof names / sizeof *names ? names[format] : "unknown";
}

static void show_facts(cli *c, const hone_model_info *info) {
    char bytes[32], weights[32];
    cli_set(c, "format", json_string(format_name(info->format)));
    cli_set(c, "opset", json_integer(info->opset));
    cli_set(c, "parameters", json_integer((json_int_t)info->parameters));
    cli_set(c, "weight_bytes", json_integer((json_int_t)info->weight_bytes));
    cli_set(c, "file_bytes", json_integer((json_int_t)info->file_bytes));
    cli_set(c, "multiply_adds", json_integer((json_int_t)info->multiply_adds));
    cli_set(c, "precision", json_string(info->precision));
    cli_print(c, "%-14s %s, opset %" PRId64 ", %s\n", "format", format_name(info->format),
              info->opset, info->precision);
    cli_print(c, "%-14s %s (weights %s, %" PRIu64 " parameters)\n", "size",
              cli_bytes_text(info->file_bytes, bytes, sizeof bytes),
              cli_bytes_text(info->weight_bytes, weights, sizeof weights), info->parameters);
    cli_print(c, "%-14s %" PRIu64 "\n", "multiply-adds", info->multiply_adds);
}

/* Shapes that a file computes as it goes are known only once the graph is simplified, and with them
 * the work. */
static hone_status simplify(cli *c, const hone_model *model, hone_model **simplified,
                            hone_model_info *info) {
    hone_model_info folded;
    hone_status status = hone_model_get_info(model, info, &c->error);
    if (status == HONE_OK) status = hone_model_clone(model, simplified, &c->error);
    if (status == HONE_OK) status = hone_model_simplify(*simplified, &c->error);
    if (status == HONE_OK) status = hone_model_get_info(*simplified, &folded, &c->error);
    if (status == HONE_OK) info->multiply_adds = folded.multiply_adds;
    return status;
}

static hone_status show(cli *c, const hone_model *model, bool layers, const char *picture) {
    hone_model_info info;
    hone_model *simplified = NULL;
    hone_status status = simplify(c, model, &simplified, &info);
    if (status != HONE_OK) {
        hone_model_free(simplified);
        return status;
    }
    show_facts(c, &info);
    show_ports(c, model, "inputs", hone_model_inputs(model), hone_model_input);
    show_ports(c, model, "outputs", hone_model_outputs(model), hone_model_output);
    show_operators(c, model, info.nodes);
    status = show_arena(c, simplified, picture);
    show_card(c, model);
    if (layers) show_layers(c, model, info.nodes);
    hone_model_free(simplified);
    return status;
}

static hone_status print_graph(cli *c, const hone_model *model) {
    char *text;
    hone_status status = hone_model_print(model, &text, &c->error);
    if (status != HONE_OK) return status;
    cli_print(c, "%s", text);
    cli_set(c, "text", json_string(text));
    hone_text_free(text);
    return HONE_OK;
}

int cli_info(cli *c, int argc, char **argv) {
    bool layers = false, graph = false;
    const char *picture = NULL;
    const cli_option options[] = {
        {"--layers", NULL, CLI_SWITCH, &layers, "a line a node"},
        {"--plan", "FILE.svg", CLI_TEXT, &picture, "draws where values lie in the arena, and when"},
        {"--graph", NULL, CLI_SWITCH, &graph, "the whole graph as text"},
        {"--verify", NULL, CLI_SWITCH, &c->verify_sums, "check the sums of the weights too"},
        {0}};
    const char *path;
    int stop = cli_parse(c, options, argc, argv, &path, 1, 1);
    if (stop >= 0) return stop;
    hone_model *model = NULL;
    hone_status status = cli_load(c, path, &model);
    if (status == HONE_OK) status = graph ? print_graph(c, model) : show(c, model, layers, picture);
    if (status == HONE_OK && c->verify_sums) {
        cli_set(c, "verified", json_true());
        cli_print(c, "%-14s every sum is right\n", "verified");
    }
    hone_model_free(model);
    return cli_end(c, status);
}
