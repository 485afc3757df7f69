/* SPDX-License-Identifier: Apache-2.0 */
/* Header of a numpy file, and arrays used from the mapping. */
#ifndef HONE_DATA_NPY_H
#define HONE_DATA_NPY_H

#include <hone/data.h>

/* Reads the header in `bytes`; *tensor becomes a view of the data behind it, which is checked to be
 * there and may be unaligned. */
hone_status hone__npy_parse(const void *bytes, size_t size, hone_tensor *tensor, hone_error *error);

#endif
