/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the model that a word names. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static hone_status load_from_store(cli *c, const char *model, hone_model **out) {
    if (c->kept_count == CLI_MOST_STORED) {
        snprintf(c->error.message, sizeof c->error.message, "at most %d models from stores at once",
                 CLI_MOST_STORED);
        return HONE_LIMIT;
    }
    hone_store_bytes *bytes = &c->kept[c->kept_count];
    hone_status status = hone_store_read_model(model, NULL, bytes, &c->error);
    if (status != HONE_OK) return status;
    const hone_load_options options = {.verify = c->verify_sums};
    c->kept_count++;
    status =
        hone_model_load_memory(bytes->data, bytes->size, bytes->format, &options, out, &c->error);
    if (status == HONE_OK && bytes->card)
        status = hone_model_set_card(*out, bytes->card, bytes->card_size, &c->error);
    return status;
}

hone_status cli_load(cli *c, const char *model, hone_model **out) {
    size_t length;
    const char *inside;
    *out = NULL;
    if (hone_store_is_model(model, &length, &inside)) return load_from_store(c, model, out);
    const hone_load_options options = {.verify = c->verify_sums};
    return hone_model_load(model, &options, out, &c->error);
}

hone_status cli_load_to_run(cli *c, const char *model, hone_model **out) {
    hone_status status = cli_load(c, model, out);
    if (status == HONE_OK) status = hone_model_simplify(*out, &c->error);
    if (status == HONE_OK) return HONE_OK;
    hone_model_free(*out);
    *out = NULL;
    return status;
}

/* --cache, else HONE_CACHE_DIR (empty: off), else XDG's place for such things; NULL: off. A
 * relative path in XDG_CACHE_HOME is to be passed over, its specification says. */
static const char *cache_folder(cli *c) {
    const char *told = c->cache ? c->cache : getenv("HONE_CACHE_DIR");
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    size_t room = sizeof c->cache_folder;
    int length = -1;
    if (told) return *told && strcmp(told, "off") ? told : NULL;
    if (xdg && *xdg == '/')
        length = snprintf(c->cache_folder, room, "%s/hone", xdg);
    else if (home && *home == '/')
        length = snprintf(c->cache_folder, room, "%s/.cache/hone", home);
    return length > 0 && (size_t)length < room ? c->cache_folder : NULL;
}

hone_session_options cli_session_options(cli *c) {
    return (hone_session_options){
        .threads = (uint32_t)c->threads, .cpu = c->cpu, .cache_folder = cache_folder(c)};
}

uint64_t cli_file_bytes(const char *path) {
    struct stat facts;
    return stat(path, &facts) ? 0 : (uint64_t)facts.st_size;
}
