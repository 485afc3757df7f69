/* SPDX-License-Identifier: Apache-2.0 */
/* The native container as bytes; docs/formats.md describes it field by field.
 *
 * A header, a table of sections, the sections one behind another, tensors last. Each section but
 * the card and the tensors is a column of records that reader and writer walk in one and the same
 * order (read_graph.c, write.c), each record exactly once: there is no offset inside the graph that
 * could point anywhere wrong, and a graph has one spelling only. */
#ifndef HONE_FORMATS_HONE_LAYOUT_H
#define HONE_FORMATS_HONE_LAYOUT_H

#include "formats/model.h"

/* As PNG's: the bytes show a transfer that mangled line ends or stopped at a control-Z. */
#define HONE_CONTAINER_MAGIC   "HONE\r\n\x1a\n"
#define HONE_CONTAINER_VERSION 1u

enum {
    HONE_HEADER_VERSION_AT = 8,
    HONE_HEADER_SECTIONS_AT = 12,
    HONE_HEADER_SIZE_AT = 16,
    HONE_HEADER_OPSET_AT = 24,
    HONE_HEADER_CRC_AT = 28,    /* of header and table, itself zero */
    HONE_HEADER_DIGEST_AT = 32, /* SHA-256 of the file, itself and the CRC before it zero */
    HONE_HEADER_BYTES = 64,
    HONE_SECTION_BYTES = 32, /* kind, flags, offset (8), size (8), crc, zero */
    HONE_SECTION_OPTIONAL = 1,
    HONE_MAX_SECTIONS = 64,
    HONE_METADATA_ALIGN = 8
};

/* X(name, number, record bytes): sections in their order in the file; all are there in version 1.
 * Numbers never change. */
#define HONE_SECTION_MAP(X)                                                                        \
    X(STRINGS, 1, 1)  /* names and texts, one behind another, each with a NUL behind it */         \
    X(SYMBOLS, 2, 1)  /* names of symbolic dimensions, each with a NUL behind it */                \
    X(GRAPHS, 3, 32)  /* name length, counts of values nodes inputs outputs, 0, opset (8) */       \
    X(VALUES, 4, 8)   /* name length, kind (1), type (1), rank (1), of (1) */                      \
    X(NODES, 5, 24)   /* name length, operator length, counts of inputs outputs attributes, 0 */   \
    X(LINKS, 6, 4)    /* a value's number in its graph, or HONE_LINK_NONE */                       \
    X(ATTRS, 7, 12)   /* name length, kind (1), 0 (3), count */                                    \
    X(NUMBERS, 8, 8)  /* dimensions, integers, floats' bits, lengths */                            \
    X(TENSORS, 9, 24) /* offset in WEIGHTS (8), bytes (8), crc, 0 */                               \
    X(CARD, 10, 1)                                                                                 \
    X(WEIGHTS, 11, 1)

typedef enum hone_section {
#define HONE_SECTION_ENUM(name, number, bytes) HONE_SECTION_##name = number,
    HONE_SECTION_MAP(HONE_SECTION_ENUM)
#undef HONE_SECTION_ENUM
        HONE_SECTION_END
} hone_section;

#define HONE_LINK_NONE UINT32_MAX

/* Guards against files that make a reader work far more than their size says. */
enum { HONE_MAX_SYMBOLS = 16384, HONE_MAX_NODE_ATTRS = 1024 };

static inline size_t hone__section_align(hone_section kind) {
    return kind == HONE_SECTION_WEIGHTS ? HONE_ALIGN : HONE_METADATA_ALIGN;
}

/* ---- the reader's halves ---- */

/* A section that is being walked. `offset` is that of its first byte in the file. */
typedef struct hone_column {
    const char *name;
    const uint8_t *data;
    size_t size, used, record;
    uint64_t offset;
} hone_column;

typedef struct hone_container {
    const uint8_t *data;
    size_t size;
    hone_column columns[HONE_SECTION_END];
    uint32_t weights_crc;
} hone_container;

/* Header, table and the sums of all sections but the tensors. */
hone_status hone__container_open(const uint8_t *data, size_t size, hone_container *container,
                                 hone_error *error);
/* What opening leaves out: the sums of the tensors, and the digest. */
hone_status hone__container_check(const hone_container *container, hone_error *error);
/* Whether the digest in the header is that of the file; size is at least the header's. `passing`:
 * the blob it lies in, whose pages are given back as they were read; NULL: they stay. */
bool hone__container_digest_holds(const uint8_t *data, size_t size, const hone_blob *passing);
/* The columns to a graph; `blob` is what the container lies in. */
hone_status hone__container_graph(hone_container *container, hone_blob *blob,
                                  const hone_limits *limits, hone_graph *graph, hone_error *error);

/* The next `count` records of a column, or HONE_FORMAT when it ends before them. */
hone_status hone__column_take(hone_column *column, size_t count, const uint8_t **records,
                              hone_error *error);
/* Records that are left. */
size_t hone__column_left(const hone_column *column);

#endif
