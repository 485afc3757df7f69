/* SPDX-License-Identifier: Apache-2.0 */
/* See plan_svg.h. */
#include "plan_svg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 1000, HEIGHT = 500, MARGIN = 60, COLOURS = 6 };

typedef struct drawing {
    FILE *file;
    double layer, byte; /* their sizes on paper */
} drawing;

static void put_text(FILE *file, const char *text) {
    for (; *text; text++)
        if (strchr("<>&\"'", *text) || (unsigned char)*text < 32)
            fprintf(file, "&#%d;", (unsigned char)*text < 32 ? ' ' : *text);
        else
            fputc(*text, file);
}

/* Boxes of one height stay apart by their colours. */
static void draw_box(const drawing *d, const hone_memory_block *block, uint32_t index) {
    static const char *const colours[COLOURS] = {"#4e79a7", "#f28e2b", "#59a14f",
                                                 "#e15759", "#76b7b2", "#b07aa1"};
    double height = (double)block->bytes * d->byte;
    double top = MARGIN + HEIGHT - (double)block->offset * d->byte - height;
    double width = ((double)block->last_layer - (double)block->first_layer + 1) * d->layer;
    fprintf(d->file,
            "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\" "
            "fill-opacity=\"0.8\" stroke=\"white\" stroke-width=\"0.3\"><title>",
            MARGIN + (double)block->first_layer * d->layer, top, width, height,
            colours[index % COLOURS]);
    put_text(d->file, block->name);
    fprintf(d->file, ": %zu bytes at %zu, layers %u to %u</title></rect>\n", block->bytes,
            block->offset, block->first_layer, block->last_layer);
}

static void draw(const hone_session *session, drawing *d) {
    char bytes[32];
    hone_memory_block block;
    hone_session_memory memory;
    uint32_t layers = hone_session_layers(session) + 1;
    hone_session_get_memory(session, &memory);
    d->layer = (double)WIDTH / layers;
    d->byte = memory.arena_bytes ? (double)HEIGHT / (double)memory.arena_bytes : 0;
    fprintf(d->file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
            "font-family=\"sans-serif\" font-size=\"14\">\n",
            WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN);
    fprintf(d->file, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#f4f4f4\"/>\n",
            MARGIN, MARGIN, WIDTH, HEIGHT);
    for (uint32_t i = 0; hone_session_memory_block(session, i, &block) == HONE_OK; i++)
        draw_box(d, &block, i);
    fprintf(d->file, "<text x=\"%d\" y=\"%d\">arena %s, lower bound ", MARGIN, MARGIN - 16,
            cli_bytes_text(memory.arena_bytes, bytes, sizeof bytes));
    fprintf(d->file, "%s</text>\n", cli_bytes_text(memory.lower_bound_bytes, bytes, sizeof bytes));
    fprintf(d->file, "<text x=\"%d\" y=\"%d\">%u layers</text>\n</svg>\n", MARGIN,
            MARGIN + HEIGHT + 24, layers - 1);
}

hone_status cli_plan_svg(cli *c, const hone_session *session, const char *path) {
    drawing d = {.file = fopen(path, "w")};
    bool written = d.file != NULL;
    if (written) {
        draw(session, &d);
        written = !ferror(d.file);
    }
    if (d.file && fclose(d.file)) written = false;
    if (written) return HONE_OK;
    snprintf(c->error.message, sizeof c->error.message, "%s: cannot write: %s", path,
             strerror(errno));
    return HONE_IO;
}
