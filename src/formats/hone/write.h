/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the container's writer share. */
#ifndef HONE_FORMATS_HONE_WRITE_H
#define HONE_FORMATS_HONE_WRITE_H

#include "formats/hone/layout.h"

/* A tensor's bytes and their place in section WEIGHTS. */
typedef struct hone_packed {
    const void *data;
    size_t bytes;
    uint64_t offset;
} hone_packed;

typedef struct hone_packer {
    const hone_allocator *allocator;
    const hone_graph *root;
    hone_text columns[HONE_SECTION_CARD]; /* by section; the card and the tensors are not copied */
    hone_text data;                       /* of hone_packed, in the order of the file */
    uint64_t weights_size;
    uint32_t weights_crc;
    uint32_t *symbols; /* by the graph's symbol: its number in the file plus 1; 0: none yet */
    uint32_t symbol_count, symbol_limit;
    hone_error *error;
} hone_packer;

void hone__packer_init(hone_packer *packer, const hone_allocator *allocator);
hone_status hone__packer_fill(hone_packer *packer, const hone_graph *graph, hone_error *error);
void hone__packer_release(hone_packer *packer);

#endif
