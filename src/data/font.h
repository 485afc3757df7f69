/* SPDX-License-Identifier: Apache-2.0 */
/* A font of 5 x 7 dots for the labels of boxes: space to '_', drawn for this project. A row is five
 * bits, the leftmost the highest. */
#ifndef HONE_DATA_FONT_H
#define HONE_DATA_FONT_H

#include <stdint.h>

#define HONE_FONT_WIDTH  5
#define HONE_FONT_HEIGHT 7
#define HONE_FONT_FIRST  ' '
#define HONE_FONT_LAST   '_'

extern const uint8_t hone__font[HONE_FONT_LAST - HONE_FONT_FIRST + 1][HONE_FONT_HEIGHT];

#endif
