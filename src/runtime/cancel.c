/* SPDX-License-Identifier: Apache-2.0 */
/* The flag by which other threads end runs. */
#include "base/alloc.h"
#include "base/error.h"
#include <hone/session.h>

#include <stdatomic.h>

struct hone_cancel {
    const hone_allocator *allocator;
    atomic_bool requested;
};

hone_status hone_cancel_new(const hone_allocator *allocator, hone_cancel **cancel,
                            hone_error *error) {
    *cancel = (hone_cancel *)hone__calloc(allocator, 1, sizeof **cancel);
    if (!*cancel) return hone_fail_memory(error, sizeof **cancel);
    (*cancel)->allocator = allocator;
    return HONE_OK;
}

void hone_cancel_free(hone_cancel *cancel) {
    if (cancel) hone__free(cancel->allocator, cancel, sizeof *cancel);
}

void hone_cancel_request(hone_cancel *cancel) {
    atomic_store_explicit(&cancel->requested, true, memory_order_release);
}

void hone_cancel_clear(hone_cancel *cancel) {
    atomic_store_explicit(&cancel->requested, false, memory_order_release);
}

bool hone_cancel_requested(const hone_cancel *cancel) {
    return atomic_load_explicit(&cancel->requested, memory_order_acquire);
}
