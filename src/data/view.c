/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of the card's resize and crop. */
#include "data/feed.h"

#include "base/error.h"
#include <math.h>

/* The long side of a kept aspect, to the nearest pixel, halves to even as Python's round(). */
static uint32_t long_side(uint32_t side, uint32_t short_side, uint32_t wanted) {
    return (uint32_t)rint((double)side * wanted / short_side);
}

static void plan_resize(const hone_card_input *input, uint32_t width, uint32_t height,
                        hone_view *view) {
    view->resized_width = input->to_width ? input->to_width : width;
    view->resized_height = input->to_height ? input->to_height : height;
    if (!input->short_side) return;
    if (width <= height) {
        view->resized_width = input->short_side;
        view->resized_height = long_side(height, width, input->short_side);
    } else {
        view->resized_width = long_side(width, height, input->short_side);
        view->resized_height = input->short_side;
    }
}

hone_status hone__view_plan(const hone_card_input *input, uint32_t width, uint32_t height,
                            hone_view *view, hone_error *error) {
    plan_resize(input, width, height, view);
    view->width = input->crop_width ? input->crop_width : view->resized_width;
    view->height = input->crop_height ? input->crop_height : view->resized_height;
    if (view->resized_width > HONE_MAX_SIDE || view->resized_height > HONE_MAX_SIDE)
        return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET,
                         "the picture of %u x %u is too long and thin for the card's resize", width,
                         height);
    if (view->width > view->resized_width || view->height > view->resized_height)
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET,
                         "the card's crop of %u x %u is larger than the picture, which is %u x %u "
                         "after resizing",
                         view->width, view->height, view->resized_width, view->resized_height);
    view->left = (view->resized_width - view->width) / 2;
    view->top = (view->resized_height - view->height) / 2;
    return HONE_OK;
}
