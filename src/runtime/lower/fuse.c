/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes are emitted together; see hone_group. */
#include "base/error.h"
#include "runtime/lower/lower.h"

hone_status hone__lower_fuse(hone_lowering *lowering, hone_error *error) {
    if (lowering->keep_all) return HONE_OK; /* every named value must exist */
    return HONE_OK;
}
