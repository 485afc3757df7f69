/* SPDX-License-Identifier: Apache-2.0 */
/* CLASS/picture.jpg: a folder a class. A folder's class is its name's index among the card's labels
 * where the card has that name, else its rank among the folders. Pictures that lie loose in one
 * folder are samples without a class, good for calibration. */
#include "data/source.h"

#include "base/error.h"
#include "data/card.h"
#include <string.h>

static hone_status add_pictures(hone_source *s, const char *path, const hone_listing *listing,
                                int64_t class_index, hone_error *error) {
    for (size_t i = 0; i < listing->count; i++) {
        const hone_entry *e = &listing->entry[i];
        if (!e->folder && hone__is_picture_name(e->name))
            HONE_TRY(
                hone__source_add_item(s, hone__join(&s->arena, path, e->name), class_index, error));
    }
    return HONE_OK;
}

static bool has_sound(const hone_listing *listing) {
    for (size_t i = 0; i < listing->count; i++)
        if (hone__ends_with(listing->entry[i].name, ".wav")) return true;
    return false;
}

static hone_status no_sound(const char *path, hone_error *error) {
    return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                     "%s: folders of sound are recognised, but sound features are not computed "
                     "yet; give them as x.npy and y.npy",
                     path);
}

static hone_status add_folder(hone_source *s, const char *path, const char *name, int64_t rank,
                              const hone_card *card, hone_error *error) {
    int64_t class_index = card ? hone__card_class_named(card, name) : -1;
    const char *folder = hone__join(&s->arena, path, name);
    hone_listing inside = {0};
    hone_status status = HONE_OK;
    if (!folder) return hone_fail_memory(error, 256);
    if (class_index < 0) class_index = rank;
    if (class_index < s->class_count && s->class_names[class_index])
        return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET,
                         "%s: folders '%s' and '%s' would both be class %lld: the card has a label "
                         "for only one of them",
                         path, s->class_names[class_index], name, (long long)class_index);
    HONE_TRY(hone__source_add_class(s, class_index, name, error));
    HONE_TRY(hone__list_folder(&s->arena, folder, &inside, error));
    status = has_sound(&inside) ? no_sound(folder, error)
                                : add_pictures(s, folder, &inside, class_index, error);
    hone__listing_free(&inside);
    return status;
}

hone_status hone__open_folders(hone_source *source, const char *path, const hone_listing *listing,
                               const hone_card *card, hone_error *error) {
    int64_t rank = 0;
    source->form = HONE_FORM_FOLDERS;
    if (has_sound(listing)) return no_sound(path, error);
    for (size_t i = 0; i < listing->count; i++)
        if (listing->entry[i].folder)
            HONE_TRY(add_folder(source, path, listing->entry[i].name, rank++, card, error));
    return rank ? HONE_OK : add_pictures(source, path, listing, -1, error);
}
