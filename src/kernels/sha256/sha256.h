/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 by the CPU's own instructions, where it has them: the digest of a large model file is
 * checked before its packed weights are kept. */
#ifndef HONE_KERNELS_SHA256_H
#define HONE_KERNELS_SHA256_H

/* Makes base/sha256.h use them, in the whole process; may be called at any time. */
void hone__sha256_raise(void);

#endif
