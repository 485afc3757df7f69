/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation through the caller's allocator. Overflow of count x size is an allocation failure,
 * never a wrap. */
#ifndef HONE_BASE_ALLOC_H
#define HONE_BASE_ALLOC_H

#include <hone/base.h>

#define HONE_ALIGN 64 /* of tensors: a cache line, and the widest vector register */

/* `allocator` NULL: malloc. All return NULL when there is no memory or count * size overflows. */
void *hone__alloc(const hone_allocator *allocator, size_t count, size_t size);  /* not cleared */
void *hone__calloc(const hone_allocator *allocator, size_t count, size_t size); /* cleared */
void *hone__grow(const hone_allocator *allocator, void *old, size_t old_bytes, size_t new_bytes);
void hone__free(const hone_allocator *allocator, void *ptr, size_t bytes);

/* HONE_ALIGN-aligned; the size must be told again when freed. */
void *hone__alloc_aligned(const hone_allocator *allocator, size_t bytes);
void hone__free_aligned(const hone_allocator *allocator, void *ptr, size_t bytes);

/* a * b and a + b; false on overflow. */
bool hone__mul_size(size_t a, size_t b, size_t *product);
bool hone__add_size(size_t a, size_t b, size_t *sum);
size_t hone__round_up(size_t value,
                      size_t multiple); /* multiple: a power of two; saturates at SIZE_MAX */

#endif
