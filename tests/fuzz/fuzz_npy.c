/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target of what data is made of: any bytes, taken as a numpy file and as a picture, give an
 * array, a picture or an error. */
#include "data/npy.h"
#include "data/values.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hone_tensor tensor;
    hone_picture picture;
    int64_t elements = 0;
    double sum = 0;
    if (hone__npy_parse(data, size, &tensor, NULL) == HONE_OK &&
        hone__value_readable(tensor.dtype) &&
        hone_shape_elements(&tensor.shape, &elements, NULL) == HONE_OK)
        for (int64_t i = 0; i < elements; i++) sum += hone__value_at(&tensor, (size_t)i);
    if (hone_picture_decode(data, size, 1 << 20, &picture, NULL) == HONE_OK)
        sum += picture.data[(size_t)picture.width * picture.height * picture.channels - 1];
    hone_picture_free(&picture);
    (void)(*(volatile double *)&sum); /* what was read is used */
    return 0;
}
