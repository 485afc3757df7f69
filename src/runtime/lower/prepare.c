/* SPDX-License-Identifier: Apache-2.0 */
/* Rewrites of the session's own graph before lowering. */
#include "base/error.h"
#include "runtime/lower/lower.h"

#include <string.h>

/* A Pad that only adds zeros round height and width: how many, [y begin, x begin, y end, x end]. */
static bool zero_border(const hone_node *pad, int64_t border[4]) {
    int64_t pads[2 * HONE_MAX_RANK];
    uint32_t count;
    float value = 0;
    if (pad->op != HONE_OP_Pad || strcmp(hone_node_string(pad, "mode", "constant"), "constant"))
        return false;
    if (pad->input_count > 3 && pad->inputs[3]) return false; /* axes */
    if (!hone__value_is_float(pad->inputs[0]) || pad->inputs[0]->shape.rank != 4) return false;
    if (!hone_value_ints(pad->inputs[1], pads, 8, &count) || count != 8) return false;
    if (pad->input_count > 2 && pad->inputs[2] &&
        (!hone__value_is_constant(pad->inputs[2]) || !hone_value_scalar(pad->inputs[2], &value)))
        return false;
    if (value != 0 || pads[0] || pads[1] || pads[4] || pads[5]) return false;
    border[0] = pads[2], border[1] = pads[3], border[2] = pads[6], border[3] = pads[7];
    for (int i = 0; i < 4; i++)
        if (border[i] < 0) return false;
    return true;
}

static bool pads_explicitly(const hone_node *conv) {
    const char *mode = hone_node_string(conv, "auto_pad", "NOTSET");
    return !strcmp(mode, "NOTSET") || !strcmp(mode, "VALID");
}

/* An average counts the zeros of a Pad; as padding of its own they count if it says so. Its own
 * padding so far, if it has any, has to count as well, and windows that begin or end outside of all
 * would count differently. */
static bool counts_padding(const hone_node *pool) {
    const int64_t *own = NULL;
    if (hone_node_int(pool, "ceil_mode", 0)) return false;
    if (hone_node_int(pool, "count_include_pad", 0)) return true;
    for (uint32_t i = hone_node_ints(pool, "pads", &own); i-- > 0;)
        if (own[i]) return false;
    return true;
}

/* The Pad stays where others read it; dead code is left out later. */
static hone_status absorb_pad(hone_graph *graph, hone_node *conv, hone_error *error) {
    hone_node *pad = conv->inputs[0]->producer;
    const int64_t *own = NULL;
    int64_t border[4], pads[4] = {0};
    if (!pad || !pads_explicitly(conv) || !zero_border(pad, border)) return HONE_OK;
    uint32_t count = hone_node_ints(conv, "pads", &own);
    if (count != 0 && count != 4) return HONE_OK;
    for (uint32_t i = 0; i < 4; i++) pads[i] = border[i] + (count ? own[i] : 0);
    HONE_TRY(hone_node_set_string(graph, conv, "auto_pad", "NOTSET", error));
    HONE_TRY(hone_node_set_ints(graph, conv, "pads", pads, 4, error));
    return hone_node_set_input(graph, conv, 0, pad->inputs[0], error);
}

hone_status hone__lower_prepare(hone_graph *graph, hone_error *error) {
    for (hone_node *node = graph->first_node; node; node = node->next)
        if (node->op == HONE_OP_Conv && node->inputs[0]) {
            HONE_TRY(absorb_pad(graph, node, error));
        } else if (node->op == HONE_OP_AveragePool && node->inputs[0]->producer &&
                   node->inputs[0]->producer->op == HONE_OP_Pad && counts_padding(node)) {
            HONE_TRY(hone_node_set_int(graph, node, "count_include_pad", 1, error));
            HONE_TRY(absorb_pad(graph, node, error));
        }
    return HONE_OK;
}
