/* SPDX-License-Identifier: Apache-2.0 */
/* An adaptive binary range coder: a bit costs what its model did not expect of it.
 *
 * G. N. N. Martin, "Range encoding" (1979), carry handling as in the LZMA specification
 * (7-zip.org/sdk.html). A model is two estimates of the chance of a zero, a quick and a slow one,
 * whose mean is used. The decoder reads zeros behind the end of its data, so that any bytes decode
 * to something; whoever calls compares checksums. */
#ifndef HONE_STORE_DELTA_RANGE_CODER_H
#define HONE_STORE_DELTA_RANGE_CODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct hone_bit_model {
    uint16_t quick, slow; /* chance of a zero in 65536ths */
} hone_bit_model;

void hone__bit_models_init(hone_bit_model *models, size_t count);

typedef struct hone_range_encoder {
    uint8_t *out;
    size_t room, used;
    bool full; /* the output had no room: what was written is worth nothing */
    uint64_t low, held_count;
    uint32_t range;
    uint8_t held;
    bool begun;
} hone_range_encoder;

void hone__range_encode_begin(hone_range_encoder *encoder, uint8_t *out, size_t room);
void hone__range_encode(hone_range_encoder *encoder, hone_bit_model *model, uint32_t bit);
/* The lowest `count` (0 to 64) bits of `bits`, each as likely 0 as 1. */
void hone__range_encode_raw(hone_range_encoder *encoder, uint64_t bits, uint32_t count);
/* The number 0 <= value < 2^levels by a tree of 2^levels models. */
void hone__range_encode_tree(hone_range_encoder *encoder, hone_bit_model *models, uint32_t levels,
                             uint32_t value);
/* Returns the bytes written; nothing may be encoded afterwards. */
size_t hone__range_encode_end(hone_range_encoder *encoder);

typedef struct hone_range_decoder {
    const uint8_t *in;
    size_t size, used;
    uint32_t range, code;
} hone_range_decoder;

void hone__range_decode_begin(hone_range_decoder *decoder, const uint8_t *in, size_t size);
uint32_t hone__range_decode(hone_range_decoder *decoder, hone_bit_model *model);
uint64_t hone__range_decode_raw(hone_range_decoder *decoder, uint32_t count);
uint32_t hone__range_decode_tree(hone_range_decoder *decoder, hone_bit_model *models,
                                 uint32_t levels);

#endif
