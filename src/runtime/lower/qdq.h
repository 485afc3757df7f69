/* SPDX-License-Identifier: Apache-2.0 */
/* What lowering's integer files share. */
#ifndef HONE_RUNTIME_QDQ_H
#define HONE_RUNTIME_QDQ_H

#include "runtime/lower/lower.h"

/* int8 weights: `stored` s8 with zero point 0, or u8 with 128. */
typedef struct hone_qweight {
    const hone_value *stored, *scale;
    bool per_channel;
} hone_qweight;

/* A bias in real numbers, or stored as s32 with scales (one, or one a channel); both NULL: none. */
typedef struct hone_qbias {
    const hone_value *real, *stored, *scale;
} hone_qbias;

bool hone__qdq_weights(const hone_node *node, hone_qweight *weight);
bool hone__qdq_bias(const hone_value *value, int64_t channels, hone_qbias *bias);

/* A function of one element, with constant parameters. */
bool hone__qdq_is_table(const hone_node *node);

/* The clamp of a group in steps of its output, cut to what u8 can hold. */
void hone__qdq_clamp(const hone_group *group, hone_params out, float *lo, float *hi);

#endif
