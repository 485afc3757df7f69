/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of any number of spatial dimensions, any number type and group, summed in double:
 * exact for 8-bit integers, and for floats as good as a reference can be. */
#ifndef HONE_OPS_CONV_H
#define HONE_OPS_CONV_H

#include "graph/window.h"
#include "ops/family.h"

typedef struct hone__conv hone__conv;
struct hone__conv {
    const hone_tensor *x, *w, *out; /* (N, C, in...), (M, C / group, kernel...), (N, M, out...) */
    const hone_tensor *bias;        /* (M) or NULL */
    double x_zero;                  /* taken off every x; padding is x_zero too */
    const hone_tensor *w_zero;      /* scalar or (M), or NULL */
    int64_t group;
    hone_window window;
    int64_t in_dim[HONE_WINDOW_RANK], out_dim[HONE_WINDOW_RANK];
    /* Makes output numbers of `count` sums of one channel, in place; NULL: they are the sums. */
    void (*finish)(const hone__conv *conv, int64_t channel, double *sums, int64_t count);
    const void *user; /* finish's own */
};

/* Fills in window, group and dimensions of a conv whose tensors are set; checks that they fit. */
hone_status hone__conv_prepare(hone__conv *conv, const hone_node *node, hone_error *error);
void hone__conv_run(const hone__conv *conv);

/* Element `channel` of a per-tensor or per-channel parameter; 0 for NULL. */
double hone__channel_value(const hone_tensor *tensor, int64_t channel);

#endif
