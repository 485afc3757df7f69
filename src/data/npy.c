/* SPDX-License-Identifier: Apache-2.0 */
/* numpy's .npy, as numpy/lib/format.py describes it: magic, version, header length, a Python
 * dictionary of three keys in ASCII, then the bytes in C order. */
#include "data/npy.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "tensor/tensor.h"
#include <stdio.h>
#include <string.h>

#define NPY_MAX_HEADER (1u << 20)

/* The dictionary, read left to right. */
typedef struct cursor {
    const char *at, *end;
    uint64_t start; /* of the header in the file */
    const char *first;
    hone_error *error;
} cursor;

static hone_status bad(const cursor *c, const char *what) {
    return hone_fail(c->error, HONE_FORMAT, c->start + (uint64_t)(c->at - c->first), "npy: %s",
                     what);
}

static void skip_space(cursor *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t')) c->at++;
}

static bool accept(cursor *c, char wanted) {
    skip_space(c);
    if (c->at == c->end || *c->at != wanted) return false;
    c->at++;
    return true;
}

static hone_status quoted(cursor *c, char *out, size_t size) {
    char quote = 0;
    size_t used = 0;
    skip_space(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) return bad(c, "expected a string");
    quote = *c->at++;
    while (c->at < c->end && *c->at != quote) {
        if (used + 1 >= size) return bad(c, "a string is too long");
        out[used++] = *c->at++;
    }
    out[used] = 0;
    return accept(c, quote) ? HONE_OK : bad(c, "a string has no end");
}

static hone_status dimension(cursor *c, int64_t *out) {
    int64_t value = 0;
    int digits = 0;
    skip_space(c);
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++, digits++) {
        if (digits == 18) return bad(c, "a dimension is too large");
        value = value * 10 + (*c->at - '0');
    }
    (void)accept(c, 'L'); /* as Python 2 wrote it */
    *out = value;
    return digits ? HONE_OK : bad(c, "expected a dimension");
}

static hone_status shape(cursor *c, hone_shape *out) {
    memset(out, 0, sizeof *out);
    if (!accept(c, '(')) return bad(c, "expected a shape");
    while (!accept(c, ')')) {
        if (out->rank == HONE_MAX_RANK) return bad(c, "more than 8 dimensions");
        HONE_TRY(dimension(c, &out->dim[out->rank++]));
        if (accept(c, ')')) break;
        if (!accept(c, ',')) return bad(c, "expected ',' in the shape");
    }
    return HONE_OK;
}

static hone_status truth(cursor *c, bool *out) {
    skip_space(c);
    *out = c->end - c->at >= 4 && memcmp(c->at, "True", 4) == 0;
    if (!*out && !(c->end - c->at >= 5 && memcmp(c->at, "False", 5) == 0))
        return bad(c, "expected True or False");
    c->at += *out ? 4 : 5;
    return HONE_OK;
}

static hone_status element(const cursor *c, const char *descr, hone_dtype *out) {
    static const struct {
        const char *descr;
        hone_dtype dtype;
    } known[] = {
#define NPY_DESCR(name, number, bits, text) {text, HONE_##name},
        HONE_DTYPE_MAP(NPY_DESCR)
#undef NPY_DESCR
    };
    char order = descr[0] == '=' ? '<' : descr[0];
    for (size_t i = 0; i < sizeof known / sizeof known[0] && order; i++) {
        if (!known[i].descr || strcmp(known[i].descr + 1, descr + 1) != 0) continue;
        if (order != known[i].descr[0] && known[i].descr[0] != '|') continue;
        *out = known[i].dtype;
        return HONE_OK;
    }
    return hone_fail(c->error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                     "npy: elements of type '%.12s' are not supported", descr);
}

static hone_status dictionary(cursor *c, hone_tensor *tensor) {
    char key[32], descr[32] = "";
    bool fortran = false;
    unsigned seen = 0;
    if (!accept(c, '{')) return bad(c, "expected '{'");
    while (!accept(c, '}')) {
        HONE_TRY(quoted(c, key, sizeof key));
        if (!accept(c, ':')) return bad(c, "expected ':'");
        if (strcmp(key, "descr") == 0) {
            skip_space(c);
            if (c->at < c->end && *c->at == '[')
                return hone_fail(c->error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                                 "npy: records are not supported");
            HONE_TRY(quoted(c, descr, sizeof descr));
            seen |= 1;
        } else if (strcmp(key, "fortran_order") == 0) {
            HONE_TRY(truth(c, &fortran));
            seen |= 2;
        } else if (strcmp(key, "shape") == 0) {
            HONE_TRY(shape(c, &tensor->shape));
            seen |= 4;
        } else {
            return bad(c, "a key is none of descr, fortran_order, shape");
        }
        if (!accept(c, ',') && !(c->at < c->end && *c->at == '}')) return bad(c, "expected ','");
    }
    if (seen != 7) return bad(c, "descr, fortran_order or shape is missing");
    if (fortran && tensor->shape.rank > 1)
        return hone_fail(c->error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "npy: Fortran order is not supported; save numpy.ascontiguousarray(x)");
    return element(c, descr, &tensor->dtype);
}

hone_status hone__npy_parse(const void *bytes, size_t size, hone_tensor *tensor,
                            hone_error *error) {
    const uint8_t *p = bytes;
    size_t start = 10, length = 0, need = 0;
    cursor c = {.error = error};
    memset(tensor, 0, sizeof *tensor);
    if (size < 12 || memcmp(p, "\x93NUMPY", 6) != 0 || p[6] < 1 || p[6] > 3)
        return hone_fail(error, HONE_FORMAT, 0, "npy: not a numpy file of format 1 to 3");
    length = p[6] == 1 ? hone__load16(p + 8) : hone__load32(p + 8);
    start = p[6] == 1 ? 10 : 12;
    if (length > size - start || length > NPY_MAX_HEADER)
        return hone_fail(error, HONE_FORMAT, 8, "npy: the header ends behind the file");
    c.first = c.at = (const char *)p + start;
    c.end = c.at + length;
    c.start = start;
    HONE_TRY(dictionary(&c, tensor));
    HONE_TRY(hone_tensor_bytes(tensor->dtype, &tensor->shape, &need, error));
    if (need > size - start - length)
        return hone_fail(error, HONE_FORMAT, size,
                         "npy: the array needs %zu bytes, the file has %zu", need,
                         size - start - length);
    memcpy(&tensor->data, &(const void *){p + start + length}, sizeof tensor->data);
    tensor->bytes = need;
    return HONE_OK;
}

hone_status hone_npy_read(const char *path, hone_tensor *tensor, hone_error *error) {
    hone_mapping mapping = {0};
    hone_tensor view = {0};
    hone_status status = HONE_OK;
    memset(tensor, 0, sizeof *tensor);
    HONE_TRY(hone__file_map(path, &mapping, error));
    status = hone__npy_parse(mapping.data, mapping.size, &view, error);
    if (status == HONE_OK) status = hone_tensor_new(view.dtype, &view.shape, tensor, error);
    if (status == HONE_OK && view.bytes) memcpy(tensor->data, view.data, view.bytes);
    hone__file_unmap(&mapping);
    if (status != HONE_OK) (void)hone_error_prefix(error, "%s", path);
    return status;
}

static const char *descr_of(hone_dtype dtype) {
    switch (dtype) {
#define NPY_DESCR(name, number, bits, text)                                                        \
    case HONE_##name:                                                                              \
        return text;
        HONE_DTYPE_MAP(NPY_DESCR)
#undef NPY_DESCR
    default:
        return NULL;
    }
}

/* Version 1.0, padded so that the data starts on a multiple of 64, as numpy writes it. */
static void make_header(const hone_tensor *tensor, hone_text *text) {
    size_t padded = 0;
    hone__text_add(text, "\x93NUMPY\x01\x00\x00\x00", 10);
    hone__text_format(text, "{'descr': '%s', 'fortran_order': False, 'shape': (",
                      descr_of(tensor->dtype));
    for (int32_t i = 0; i < tensor->shape.rank; i++)
        hone__text_format(text, i + 1 < tensor->shape.rank ? "%lld, " : "%lld",
                          (long long)tensor->shape.dim[i]);
    hone__text_format(text, tensor->shape.rank == 1 ? ",), }" : "), }");
    padded = hone__round_up(text->length + 1, 64);
    while (!text->failed && text->length + 1 < padded) hone__text_add(text, " ", 1);
    hone__text_add(text, "\n", 1);
    if (text->failed) return;
    text->data[8] = (char)((text->length - 10) & 0xff);
    text->data[9] = (char)((text->length - 10) >> 8);
}

hone_status hone_npy_write(const hone_tensor *tensor, const char *path, hone_error *error) {
    hone_text header;
    hone_writer writer = {0};
    size_t bytes = 0;
    hone_status status = HONE_OK;
    if (!descr_of(tensor->dtype))
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET, "%s: numpy has no type for %s",
                         path, hone_dtype_name(tensor->dtype));
    HONE_TRY(hone_tensor_bytes(tensor->dtype, &tensor->shape, &bytes, error));
    hone__text_init(&header, NULL);
    make_header(tensor, &header);
    status = header.failed ? hone_fail_memory(error, 128) : HONE_OK;
    if (status == HONE_OK) status = hone__writer_open(&writer, path, error);
    if (status == HONE_OK) status = hone__writer_put(&writer, header.data, header.length, error);
    if (status == HONE_OK) status = hone__writer_put(&writer, tensor->data, bytes, error);
    if (status == HONE_OK) status = hone__writer_commit(&writer, error);
    hone__writer_abandon(&writer);
    hone__text_release(&header);
    return status;
}
