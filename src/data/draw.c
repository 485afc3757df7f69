/* SPDX-License-Identifier: Apache-2.0 */
/* Boxes with labels, drawn into a picture. */
#include <hone/eval.h>

#include "base/error.h"
#include "data/card.h"
#include "data/font.h"
#include <math.h>
#include <stdio.h>

typedef struct canvas {
    hone_picture *picture;
    int32_t thickness, scale; /* of lines and of the font's dots, in pixels */
} canvas;

/* Colours that stand apart from each other on photographs, by class. */
static const uint8_t palette[][3] = {{230, 25, 75},  {60, 180, 75},  {0, 130, 200},  {245, 130, 48},
                                     {145, 30, 180}, {70, 240, 240}, {240, 50, 230}, {210, 245, 60},
                                     {0, 128, 128},  {170, 110, 40}};
#define PALETTE_SIZE (sizeof palette / sizeof palette[0])

/* Fills [x0, x1) x [y0, y1), cut to the picture. */
static void fill(const canvas *c, int32_t x0, int32_t y0, int32_t x1, int32_t y1,
                 const uint8_t *color) {
    hone_picture *p = c->picture;
    int32_t width = (int32_t)p->width, height = (int32_t)p->height;
    for (int32_t y = y0 < 0 ? 0 : y0; y < y1 && y < height; y++)
        for (int32_t x = x0 < 0 ? 0 : x0; x < x1 && x < width; x++) {
            uint8_t *pixel = p->data + ((size_t)y * p->width + (size_t)x) * 3;
            pixel[0] = color[0], pixel[1] = color[1], pixel[2] = color[2];
        }
}

static void frame(const canvas *c, const int32_t at[4], const uint8_t *color) {
    int32_t t = c->thickness;
    fill(c, at[0], at[1], at[2], at[1] + t, color);
    fill(c, at[0], at[3] - t, at[2], at[3], color);
    fill(c, at[0], at[1], at[0] + t, at[3], color);
    fill(c, at[2] - t, at[1], at[2], at[3], color);
}

/* Lower case is drawn as upper case, what the font lacks as '?'. */
static const uint8_t *glyph(char letter) {
    if (letter >= 'a' && letter <= 'z') letter = (char)(letter - 'a' + 'A');
    if (letter < HONE_FONT_FIRST || letter > HONE_FONT_LAST) letter = '?';
    return hone__font[letter - HONE_FONT_FIRST];
}

static void draw_text(const canvas *c, int32_t x, int32_t y, const char *text,
                      const uint8_t *color) {
    for (int32_t s = c->scale; *text; text++, x += (HONE_FONT_WIDTH + 1) * s) {
        const uint8_t *rows = glyph(*text);
        for (int32_t dy = 0; dy < HONE_FONT_HEIGHT; dy++)
            for (int32_t dx = 0; dx < HONE_FONT_WIDTH; dx++)
                if (rows[dy] >> (HONE_FONT_WIDTH - 1 - dx) & 1)
                    fill(c, x + dx * s, y + dy * s, x + (dx + 1) * s, y + (dy + 1) * s, color);
    }
}

static int32_t to_pixel(float relative, uint32_t size) {
    float v = relative * (float)size;
    if (!(v > 0)) return 0;
    return v >= (float)size ? (int32_t)size : (int32_t)lrintf(v);
}

static void draw_box(const canvas *c, const hone_card *card, const hone_box *b) {
    static const uint8_t black[3] = {0, 0, 0}, white[3] = {255, 255, 255};
    const uint8_t *color = palette[(uint32_t)b->class_index % PALETTE_SIZE];
    const char *name = hone_card_label(card, (uint32_t)b->class_index + card->class_offset);
    int32_t at[4] = {to_pixel(b->x0, c->picture->width), to_pixel(b->y0, c->picture->height),
                     to_pixel(b->x1, c->picture->width), to_pixel(b->y1, c->picture->height)};
    int32_t s = c->scale, tall = (HONE_FONT_HEIGHT + 2) * s, letters = 0, top = at[1] - tall;
    bool dark = color[0] * 3 + color[1] * 6 + color[2] < 1300;
    char text[64];
    if (name)
        letters = snprintf(text, sizeof text, "%.40s %.0f%%", name, (double)b->score * 100);
    else
        letters = snprintf(text, sizeof text, "#%d %.0f%%", b->class_index, (double)b->score * 100);
    frame(c, at, color);
    if (top < 0) top = at[1];
    fill(c, at[0], top, at[0] + (letters * (HONE_FONT_WIDTH + 1) + 1) * s, top + tall, color);
    draw_text(c, at[0] + s, top + s, text, dark ? white : black);
}

hone_status hone_picture_draw_boxes(hone_picture *picture, const hone_card *card,
                                    const hone_boxes *boxes, hone_error *error) {
    uint32_t side = picture->width < picture->height ? picture->width : picture->height;
    canvas c = {picture, (int32_t)(side / 240 + 1), (int32_t)(side / 320 + 1)};
    if (picture->channels != 3)
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET, "boxes are drawn on RGB pictures");
    /* The best last, on top of the others. */
    for (uint32_t i = boxes->count; i-- > 0;) draw_box(&c, card, &boxes->box[i]);
    return HONE_OK;
}
