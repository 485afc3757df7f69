/* SPDX-License-Identifier: Apache-2.0 */
#include "store/delta/range_coder.h"

enum { QUICK_SHIFT = 4, SLOW_SHIFT = 7, LEAST = 48 };

static const uint32_t lowest_range = 1u << 24;

void hone__bit_models_init(hone_bit_model *models, size_t count) {
    for (size_t i = 0; i < count; i++) models[i] = (hone_bit_model){0x8000, 0x8000};
}

/* Stays away from 0 and 65536, so that no bit is impossible. */
static uint32_t chance(const hone_bit_model *model) {
    uint32_t mean = ((uint32_t)model->quick + model->slow) / 2;
    return mean < LEAST ? LEAST : mean > 65536 - LEAST ? 65536 - LEAST : mean;
}

static uint16_t moved(uint16_t estimate, uint32_t bit, int shift) {
    int32_t target = bit ? 0 : 65535;
    return (uint16_t)(estimate + (target - estimate) / (1 << shift));
}

static void learn(hone_bit_model *model, uint32_t bit) {
    model->quick = moved(model->quick, bit, QUICK_SHIFT);
    model->slow = moved(model->slow, bit, SLOW_SHIFT);
}

/* ---- encoding ---- */

void hone__range_encode_begin(hone_range_encoder *encoder, uint8_t *out, size_t room) {
    *encoder = (hone_range_encoder){.out = out, .room = room, .range = UINT32_MAX};
}

static void put(hone_range_encoder *e, uint8_t byte) {
    if (e->used < e->room)
        e->out[e->used++] = byte;
    else
        e->full = true;
}

/* The top byte of `low` leaves; bytes 0xff are held back until it is known whether a carry turns
 * them over. The very first byte is always 0 and not written. */
static void shift_low(hone_range_encoder *e) {
    if (e->low < 0xff000000u || e->low > UINT32_MAX) {
        uint8_t carry = (uint8_t)(e->low >> 32);
        if (e->begun) put(e, (uint8_t)(e->held + carry));
        for (; e->held_count; e->held_count--) put(e, (uint8_t)(0xff + carry));
        e->held = (uint8_t)(e->low >> 24);
        e->begun = true;
    } else {
        e->held_count++;
    }
    e->low = (e->low & 0x00ffffffu) << 8;
}

void hone__range_encode(hone_range_encoder *encoder, hone_bit_model *model, uint32_t bit) {
    uint32_t bound = (encoder->range >> 16) * chance(model);
    if (bit) {
        encoder->low += bound;
        encoder->range -= bound;
    } else {
        encoder->range = bound;
    }
    learn(model, bit);
    for (; encoder->range < lowest_range; encoder->range <<= 8) shift_low(encoder);
}

void hone__range_encode_raw(hone_range_encoder *encoder, uint64_t bits, uint32_t count) {
    while (count--) {
        encoder->range >>= 1;
        if (bits >> count & 1) encoder->low += encoder->range;
        for (; encoder->range < lowest_range; encoder->range <<= 8) shift_low(encoder);
    }
}

void hone__range_encode_tree(hone_range_encoder *encoder, hone_bit_model *models, uint32_t levels,
                             uint32_t value) {
    uint32_t node = 1;
    while (levels--) {
        uint32_t bit = value >> levels & 1;
        hone__range_encode(encoder, &models[node], bit);
        node = 2 * node + bit;
    }
}

/* Zeros at the end need not be written: the decoder reads them anyway. */
size_t hone__range_encode_end(hone_range_encoder *encoder) {
    for (int i = 0; i < 5; i++) shift_low(encoder);
    while (encoder->used && !encoder->out[encoder->used - 1]) encoder->used--;
    return encoder->used;
}

/* ---- decoding ---- */

static uint32_t next(hone_range_decoder *d) {
    return d->used < d->size ? d->in[d->used++] : 0;
}

void hone__range_decode_begin(hone_range_decoder *decoder, const uint8_t *in, size_t size) {
    *decoder = (hone_range_decoder){.in = in, .size = size, .range = UINT32_MAX};
    for (int i = 0; i < 4; i++) decoder->code = decoder->code << 8 | next(decoder);
}

static void refill(hone_range_decoder *d) {
    for (; d->range < lowest_range; d->range <<= 8) d->code = d->code << 8 | next(d);
}

uint32_t hone__range_decode(hone_range_decoder *decoder, hone_bit_model *model) {
    uint32_t bound = (decoder->range >> 16) * chance(model);
    uint32_t bit = decoder->code >= bound;
    if (bit) {
        decoder->code -= bound;
        decoder->range -= bound;
    } else {
        decoder->range = bound;
    }
    learn(model, bit);
    refill(decoder);
    return bit;
}

uint64_t hone__range_decode_raw(hone_range_decoder *decoder, uint32_t count) {
    uint64_t bits = 0;
    while (count--) {
        decoder->range >>= 1;
        uint32_t bit = decoder->code >= decoder->range;
        if (bit) decoder->code -= decoder->range;
        bits = bits << 1 | bit;
        refill(decoder);
    }
    return bits;
}

uint32_t hone__range_decode_tree(hone_range_decoder *decoder, hone_bit_model *models,
                                 uint32_t levels) {
    uint32_t node = 1;
    for (uint32_t i = 0; i < levels; i++)
        node = 2 * node + hone__range_decode(decoder, &models[node]);
    return node - (1u << levels);
}
