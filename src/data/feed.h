/* SPDX-License-Identifier: Apache-2.0 */
/* Samples to encoded model inputs, from the inside. */
#ifndef HONE_DATA_FEED_H
#define HONE_DATA_FEED_H

#include <hone/data.h>

/* What resize and crop make of a picture: it is scaled to resized_width x resized_height, of which
 * width x height from (left, top) on is what the model sees. */
typedef struct hone_view {
    uint32_t resized_width, resized_height, left, top, width, height;
} hone_view;

hone_status hone__view_plan(const hone_card_input *input, uint32_t width, uint32_t height,
                            hone_view *view, hone_error *error);

/* Bytes of one encoded sample, and encoding one: out[hone__feed_bytes()]. Changes nothing in the
 * feed, so that several threads may encode at once. */
size_t hone__feed_bytes(const hone_feed *feed);
hone_status hone__feed_encode(const hone_feed *feed, const hone_sample *sample, void *out,
                              hone_error *error);
/* The place of sample `slot` in the input tensor. */
void *hone__feed_slot(hone_feed *feed, uint32_t slot);

#endif
