/* SPDX-License-Identifier: Apache-2.0 */
/* Packed weights of a program.
 *
 * Steps ask for forms while the program is made, and get them all at once when it is planned: so
 * what is there already, in the model's store or a cache file, is never made, and the rest is made
 * by all threads. A form's key tells weights that lie in a file by the file's identity and their
 * place in it, without reading them; others by their contents. */
#include "base/error.h"
#include "runtime/program.h"

struct hone_packing {
    hone_packing *next;
    hone_pack pack;
    const void **packed;
    const hone_graph *graph;
};

enum { FORGET_BYTES = 64 * 1024 }; /* smaller pieces share their pages with others */

hone_status hone__program_pack(hone_program *program, const hone_pack *pack, const void **packed,
                               hone_error *error) {
    hone_packing *made = NULL;
    HONE_TRY(hone__program_alloc(program, 1, sizeof *made, (void **)&made, error));
    *made = (hone_packing){.pack = *pack, .packed = packed, .graph = program->graph};
    if (program->last_packing)
        *program->last_packing = made;
    else
        program->packings = made;
    program->last_packing = &made->next;
    program->packing_count++;
    program->weight_bytes += pack->bytes;
    *packed = NULL;
    return HONE_OK;
}

/* Of dims the kernel, groups and channels matter; see conv.h. */
void hone__pack_conv(hone_pack *pack, const hone_conv_dims *dims, const hone_conv_weights *weights,
                     size_t weight_bytes) {
    const uint64_t numbers[] = {dims->kernel_h,       dims->kernel_w,    dims->groups,
                                dims->in_c,           dims->out_c,       weights->out_step,
                                weights->in_step,     weights->tap_step, weight_bytes,
                                weights->bias != NULL};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) pack->numbers[i] = numbers[i];
    size_t count = (size_t)dims->out_c * (dims->in_c / dims->groups) * hone__conv_taps(dims);
    pack->pieces[0].data = weights->data, pack->pieces[0].bytes = count * weight_bytes;
    pack->pieces[1].data = weights->bias, pack->pieces[1].bytes = dims->out_c * sizeof(float);
}

/* ---- keys ---- */

/* What binds contents to a model: no other model's weights can be made to look like them. */
static const uint8_t *identity_of(const hone_graph *graph) {
    const hone_blob *blob = NULL;
    while (graph && (blob = hone_graph_next_blob(graph, blob)))
        if (hone_blob_identity(blob)) return hone_blob_identity(blob);
    return NULL;
}

static void add_piece(hone_packed_keyer *keyer, const hone_graph *graph, const void *data,
                      size_t bytes) {
    const hone_blob *blob = graph && data ? hone_graph_find_blob(graph, data) : NULL;
    const uint8_t *identity = blob ? hone_blob_identity(blob) : NULL;
    hone__packed_key_number(keyer, !data ? 0 : identity ? 1 : 2);
    if (identity) {
        hone__packed_key_bytes(keyer, identity, HONE_IDENTITY_BYTES);
        hone__packed_key_number(keyer, (uint64_t)((const uint8_t *)data - hone_blob_data(blob)));
        hone__packed_key_number(keyer, bytes);
    } else if (data) {
        hone__packed_key_content(keyer, data, bytes);
    }
}

static void make_key(const hone_packing *packing, const uint8_t *identity, hone_packed_key *key) {
    const hone_pack *pack = &packing->pack;
    hone_packed_keyer keyer;
    hone__packed_key_begin(&keyer, pack->layout);
    hone__packed_key_bytes(&keyer, identity, identity ? HONE_IDENTITY_BYTES : 0);
    for (int i = 0; i < HONE_PACK_NUMBERS; i++) hone__packed_key_number(&keyer, pack->numbers[i]);
    for (int i = 0; i < HONE_PACK_PIECES; i++)
        add_piece(&keyer, packing->graph, pack->pieces[i].data, pack->pieces[i].bytes);
    hone__packed_key_end(&keyer, key);
}

/* ---- taking ---- */

/* The originals in a mapped file have been read once and are not wanted again. */
static void make_form(const void *recipe, void *packed) {
    const hone_packing *packing = (const hone_packing *)recipe;
    packing->pack.make(packing->pack.recipe, packed);
    for (int i = 0; i < HONE_PACK_PIECES && packing->graph; i++) {
        const struct hone_pack_piece *piece = &packing->pack.pieces[i];
        if (!piece->data || piece->bytes < FORGET_BYTES) continue;
        const hone_blob *blob = hone_graph_find_blob(packing->graph, piece->data);
        if (blob) hone_blob_forget(blob, piece->data, piece->bytes);
    }
}

/* Whether all identities that went into keys are true ones: asked before others may rely on them.
 */
static bool is_sound(const void *user) {
    const hone_graph *graph = (const hone_graph *)user;
    hone_blob *blob = NULL;
    while ((blob = hone_graph_next_blob(graph, blob)))
        if (hone_blob_identity(blob) && !hone_blob_proven(blob)) return false;
    return true;
}

static hone_status own_store(hone_program *program, hone_error *error) {
    if (program->weights.store) {
        hone__packed_store_hold(program->weights.store);
        return HONE_OK;
    }
    return hone__packed_store_new(program->allocator, &program->weights.store, error);
}

static void fill_wants(const hone_program *program, const uint8_t *identity) {
    hone_packed_want *want = program->wants;
    for (const hone_packing *p = program->packings; p; p = p->next, want++) {
        *want = (hone_packed_want){.bytes = p->pack.bytes, .make = make_form, .recipe = p};
        make_key(p, identity, &want->key);
    }
}

hone_status hone__program_take_weights(hone_program *program, hone_error *error) {
    hone_packed_want *wants = NULL;
    const uint8_t *identity = identity_of(program->graph);
    if (program->weights.absent || program->packing_count == 0) return HONE_OK;
    HONE_TRY(hone__program_alloc(program, program->packing_count, sizeof *wants, (void **)&wants,
                                 error));
    HONE_TRY(own_store(program, error));
    program->wants = wants;
    fill_wants(program, identity);
    hone_packed_cache cache = {0};
    if (program->weights.cache) cache = *program->weights.cache;
    cache.sound = is_sound, cache.user = program->graph;
    HONE_TRY(hone__packed_take(program->weights.store, wants, program->packing_count,
                               program->weights.cache && identity ? &cache : NULL,
                               program->weights.pool, program->threads, error));
    for (const hone_packing *p = program->packings; p; p = p->next, wants++)
        *p->packed = wants->packed;
    return HONE_OK;
}

void hone__program_give_weights(hone_program *program) {
    if (!program->wants) return;
    hone__packed_give_back(program->weights.store, program->wants, program->packing_count);
    hone__packed_store_release(program->weights.store);
    program->wants = NULL;
}
