/* SPDX-License-Identifier: Apache-2.0 */
/* The algorithm of winograd.h as it is written there: matrices from tables, sums in double, one
 * tile a task. Never edited for speed.
 * Packed: bias [out_c], then transformed weights [out_c][in_c][point]. */
#include "kernels/shared/element.h"
#include "kernels/winograd/winograd_shape.h"
#include "kernels/winograd/winograd_tiers.h"

typedef struct matrices {
    size_t m;
    double bt[HONE_WINOGRAD_SIDE][HONE_WINOGRAD_SIDE]; /* B^T, side x side */
    double at[4][HONE_WINOGRAD_SIDE];                  /* A^T, m x side */
} matrices;

static const matrices two = {
    2,
    {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}},
    {{1, 1, 1, 0}, {0, 1, -1, -1}},
};

/* Interpolation points 0, 5/8, -5/8, 3/2, -3/2 and infinity. */
#define A   0.625
#define B   1.5
#define AA  (A * A)
#define BB  (B * B)
#define AAA (A * A * A)
#define BBB (B * B * B)
static const matrices four = {
    4,
    {{AA * BB, 0, -AA - BB, 0, 1, 0},
     {0, -A *BB, -BB, A, 1, 0},
     {0, A *BB, -BB, -A, 1, 0},
     {0, -AA *B, -AA, B, 1, 0},
     {0, AA *B, -AA, -B, 1, 0},
     {0, AA *BB, 0, -AA - BB, 0, 1}},
    {{1, 1, 1, 1, 1, 0},
     {0, A, -A, B, -B, 0},
     {0, AA, AA, BB, BB, 0},
     {0, AAA, -AAA, BBB, -BBB, 1}},
};

static bool supports(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    return hone__winograd_fits(dims);
}

static hone_winograd_shape shape_of(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    return hone__winograd_shape(dims, ((const matrices *)kernel->tile)->m);
}

static size_t pack_bytes(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    size_t points = shape_of(kernel, dims).points;
    return sizeof(float) * dims->out_c * (1 + dims->in_c * points);
}

static void pack(const hone_conv_kernel *kernel, const hone_conv_dims *dims,
                 const hone_conv_weights *weights, void *packed) {
    hone_winograd_shape shape = shape_of(kernel, dims);
    float *out = packed;
    for (size_t o = 0; o < dims->out_c; o++)
        *out++ = weights->bias ? hone__element_f32(weights->bias, o) : 0.0F;
    for (size_t o = 0; o < dims->out_c; o++)
        for (size_t i = 0; i < dims->in_c; i++, out += shape.points)
            hone__winograd_weights(weights, shape.m, o, i, out);
}

/* Scratch: B^T d B of the tile, [in_c][point]. */
static size_t scratch_bytes(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    return sizeof(double) * dims->in_c * shape_of(kernel, dims).points;
}

static uint32_t task_count(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    return (uint32_t)shape_of(kernel, dims).tiles;
}

/* out = left in left^T, where left is rows x side and in side x side. */
static void both_sides(const double (*left)[HONE_WINOGRAD_SIDE], size_t rows, size_t side,
                       const double *in, double *out) {
    double half[HONE_WINOGRAD_POINTS] = {0};
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < side; c++)
            for (size_t k = 0; k < side; k++) half[r * side + c] += left[r][k] * in[k * side + c];
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < rows; c++) {
            double sum = 0;
            for (size_t k = 0; k < side; k++) sum += half[r * side + k] * left[c][k];
            out[r * rows + c] = sum;
        }
}

static void transform_input(const matrices *x, const hone_conv_args *args,
                            const hone_winograd_place *place, double *out) {
    size_t side = x->m + 2;
    for (size_t i = 0; i < args->dims->in_c; i++) {
        double d[HONE_WINOGRAD_POINTS];
        for (size_t p = 0; p < side * side; p++) {
            size_t at = hone__winograd_pixel(args->dims, place, p / side, p % side);
            d[p] = at == HONE_CONV_OUTSIDE ? 0 : (double)args->input[at * args->input_stride + i];
        }
        both_sides(x->bt, side, side, d, out + i * side * side);
    }
}

/* Channel o of the tile's outputs, as far as they are inside. */
static void write_channel(const hone_conv_args *args, const hone_winograd_place *place, size_t m,
                          size_t o, const double *y) {
    const hone_conv_dims *d = args->dims;
    for (size_t r = 0; r < m && place->y + r < d->out_h; r++)
        for (size_t c = 0; c < m && place->x + c < d->out_w; c++) {
            size_t pixel = (place->image * d->out_h + place->y + r) * d->out_w + place->x + c;
            float v = (float)((double)((const float *)args->packed)[o] + y[r * m + c]);
            if (args->residual) v += args->residual[pixel * args->residual_stride + o];
            v = v < args->lo ? args->lo : v;
            args->output[pixel * args->output_stride + o] = v > args->hi ? args->hi : v;
        }
}

static void run_task(const hone_conv_kernel *kernel, const hone_conv_args *args, uint32_t index,
                     void *scratch) {
    const matrices *x = kernel->tile;
    hone_winograd_shape shape = shape_of(kernel, args->dims);
    hone_winograd_place place = hone__winograd_place(&shape, index);
    const float *weight = (const float *)args->packed + args->dims->out_c;
    transform_input(x, args, &place, scratch);
    for (size_t o = 0; o < args->dims->out_c; o++) {
        double sums[HONE_WINOGRAD_POINTS] = {0}, y[16];
        const double *v = scratch;
        for (size_t i = 0; i < args->dims->in_c; i++)
            for (size_t p = 0; p < shape.points; p++) sums[p] += *v++ * (double)*weight++;
        both_sides(x->at, x->m, shape.side, sums, y);
        write_channel(args, &place, x->m, o, y);
    }
}

#define REFERENCE(matrices_of_m, text)                                                             \
    {                                                                                              \
        .name = text, .supports = supports, .pack_bytes = pack_bytes, .pack = pack,                \
        .scratch_bytes = scratch_bytes, .task_count = task_count, .run_task = run_task,            \
        .tile = &(matrices_of_m)                                                                   \
    }

const hone_conv_kernel hone_winograd_f32_2x2_ref = REFERENCE(two, "hone_winograd_f32_2x2_ref");
const hone_conv_kernel hone_winograd_f32_4x4_ref = REFERENCE(four, "hone_winograd_f32_4x4_ref");
