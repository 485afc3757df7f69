/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces that the report is put together from. */
#ifndef HONE_SEARCH_REPORT_HTML_H
#define HONE_SEARCH_REPORT_HTML_H

#include "base/text.h"
#include <hone/optimize.h>

/* Text with <, >, & and quotes made harmless: names come from models and data, which may be
 * hostile. */
void hone__html_text(hone_text *out, const char *text);
/* RFC 4648. */
void hone__html_base64(hone_text *out, const uint8_t *bytes, size_t count);
/* "12.3 MB". */
void hone__html_bytes(hone_text *out, uint64_t bytes);

/* Evenly spread round numbers that cover [low, high]: 1, 2 or 5 times a power of ten apart
 * (Heckbert 1990). Returns the count, at most `most`. */
unsigned hone__ticks(double low, double high, unsigned most, double *ticks);

/* Each an <svg> with its own text alternative. */
void hone__chart_candidates(hone_text *out, const hone_optimize_result *result);
void hone__chart_sensitivity(hone_text *out, const hone_optimize_result *result);
void hone__chart_time(hone_text *out, const hone_optimize_result *result);

#endif
