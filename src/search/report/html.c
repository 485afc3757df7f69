/* SPDX-License-Identifier: Apache-2.0 */
/* Escaping and base64; see html.h. */
#include "search/report/html.h"

#include <string.h>

void hone__html_text(hone_text *out, const char *text) {
    for (; text && *text; text++) {
        const char *entity = *text == '<'    ? "&lt;"
                             : *text == '>'  ? "&gt;"
                             : *text == '&'  ? "&amp;"
                             : *text == '"'  ? "&quot;"
                             : *text == '\'' ? "&#39;"
                                             : NULL;
        if (entity)
            hone__text_add(out, entity, strlen(entity));
        else
            hone__text_add(out, text, 1);
    }
}

void hone__html_base64(hone_text *out, const uint8_t *bytes, size_t count) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < count; i += 3) {
        uint32_t word = (uint32_t)bytes[i] << 16;
        if (i + 1 < count) word |= (uint32_t)bytes[i + 1] << 8;
        if (i + 2 < count) word |= bytes[i + 2];
        const char four[4] = {digits[word >> 18], digits[word >> 12 & 63],
                              i + 1 < count ? digits[word >> 6 & 63] : '=',
                              i + 2 < count ? digits[word & 63] : '='};
        hone__text_add(out, four, 4);
    }
}

void hone__html_bytes(hone_text *out, uint64_t bytes) {
    static const char *const units[] = {"B", "KB", "MB", "GB"};
    double value = (double)bytes;
    int unit = 0;
    for (; value >= 1000 && unit < 3; unit++) value /= 1000;
    hone__text_format(out, unit ? "%.2f %s" : "%.0f %s", value, units[unit]);
}
