/* SPDX-License-Identifier: Apache-2.0 */
/* Makers of steps: each appends one to the program, its kernel chosen and weights packed. Views
 * must be in the form the maker asks for; deciding that is lowering's task. A label's texts are
 * kept. */
#ifndef HONE_RUNTIME_STEPS_H
#define HONE_RUNTIME_STEPS_H

#include "graph/graph.h"
#include "runtime/program.h"

/* The node's reference operator; views dense and in the order of the node's inputs and outputs;
 * NULL entries are missing. */
hone_status hone__step_reference(hone_program *program, const hone_node *node,
                                 const hone_view *const *outputs, const hone_view *const *inputs,
                                 hone_error *error);

/* out[i] = in[i] for views of equal dims and elements of whole bytes. */
hone_status hone__step_move(hone_program *program, const hone_label *label, const hone_view *out,
                            const hone_view *in, hone_error *error);
/* The same at once, on memory: `out` and `in` are the views' buffers. */
void hone__move_now(const hone_kernels *kernels, size_t element, const hone_view *out_view,
                    void *out, const hone_view *in_view, const void *in);

/* Bytes: views of equal dims, both dense or both pixels. Zero points and tables are those of
 * canonical u8. */
hone_status hone__step_lookup(hone_program *program, const hone_label *label, const hone_view *out,
                              const hone_view *in, const uint8_t *table, hone_error *error);
hone_status hone__step_quantize(hone_program *program, const hone_label *label,
                                const hone_view *out, const hone_view *in, float scale,
                                uint8_t zero, hone_error *error);
hone_status hone__step_dequantize(hone_program *program, const hone_label *label,
                                  const hone_view *out, const hone_view *in, float scale,
                                  uint8_t zero, hone_error *error);

#endif
