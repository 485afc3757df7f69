/* SPDX-License-Identifier: Apache-2.0 */
/* Round numbers for an axis: Heckbert, "Nice numbers for graph labels", Graphics Gems, 1990. */
#include "search/report/html.h"

#include <math.h>

static double nice_step(double rough) {
    double power = pow(10, floor(log10(rough))), fraction = rough / power;
    return power * (fraction <= 1 ? 1 : fraction <= 2 ? 2 : fraction <= 5 ? 5 : 10);
}

unsigned hone__ticks(double low, double high, unsigned most, double *ticks) {
    if (!(high > low) || most < 2) return 0;
    double step = nice_step((high - low) / (most - 1));
    unsigned count = 0;
    for (double at = floor(low / step) * step; count < most && at < high + step * 0.999; at += step)
        ticks[count++] = at;
    return count;
}
