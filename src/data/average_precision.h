/* SPDX-License-Identifier: Apache-2.0 */
/* Average precision of detections.
 *
 * Detections of all images of a class, best first (ties in the order given); each takes the free
 * true box of its image with the largest IoU, if that reaches the threshold, and is then right.
 * Precision over recall is made monotone from the right. ap50 is the area under every recall step
 * at IoU 0.5; ap is COCO's: the mean over IoU 0.50, 0.55 ... 0.95 of the mean precision at recall
 * 0.00, 0.01 ... 1.00. The means are over classes that have a true box. */
#ifndef HONE_DATA_AVERAGE_PRECISION_H
#define HONE_DATA_AVERAGE_PRECISION_H

#include <hone/eval.h>

typedef struct hone_detection {
    uint32_t image;
    uint32_t order; /* set by hone__average_precision */
    hone_box box;
} hone_detection;

/* Sorts both arrays. classes[class_count] gets count, ap50 and ap; boxes of a class beyond it are
 * left out. */
hone_status hone__average_precision(hone_detection *found, size_t found_count,
                                    hone_detection *truth, size_t truth_count,
                                    hone_class_result *classes, uint32_t class_count, double *map50,
                                    double *map, hone_error *error);

/* Intersection over union; 0 where either has no area. */
double hone__box_iou(const hone_box *a, const hone_box *b);

#endif
