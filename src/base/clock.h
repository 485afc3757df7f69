/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_BASE_CLOCK_H
#define HONE_BASE_CLOCK_H

/* Milliseconds of a clock that never goes back. */
double hone__now_ms(void);

#endif
