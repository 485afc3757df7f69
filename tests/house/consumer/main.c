/* SPDX-License-Identifier: Apache-2.0 */
/* Says the version after using a little of the library: one tensor made and freed, one error asked
 * for. */
#include <hone/tensor.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    hone_error error;
    hone_tensor tensor;
    const hone_shape shape = {2, {2, 3}};
    const hone_shape endless = {1, {-1}};
    if (hone_tensor_new(HONE_F32, &shape, &tensor, &error) != HONE_OK || tensor.bytes < 24)
        return 1;
    hone_tensor_free(&tensor);
    if (hone_tensor_new(HONE_F32, &endless, &tensor, &error) == HONE_OK) return 1;
    if (strlen(error.message) == 0) return 1;
    return printf("hone %s\n", hone_version()) < 0;
}
