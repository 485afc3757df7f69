/* SPDX-License-Identifier: Apache-2.0 */
/* External data: files inside the model's own folder and nowhere else.
 *
 * The location is walked one component at a time with O_NOFOLLOW, so that neither a link nor ".."
 * leads out of the folder, and the file that was checked is the one that is mapped (through its
 * descriptor, not through its name again). */
#include "base/error.h"
#include "formats/onnx/onnx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static hone_status refuse(hone_error *error, const char *location, const char *why) {
    return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET, "external data '%s': %s", location, why);
}

/* The component at *at into `part`; *at moves behind it and its slash. */
static hone_status component(const char *location, const char **at, char *part, size_t room,
                             hone_error *error) {
    size_t length = strcspn(*at, "/");
    if (length == 0 || length >= room || memchr(*at, '\\', length))
        return refuse(error, location, "not a relative path");
    memcpy(part, *at, length);
    part[length] = 0;
    if (!strcmp(part, "..")) return refuse(error, location, "leads out of the model's folder");
    *at += length;
    if (**at == '/') ++*at;
    return HONE_OK;
}

static hone_status open_part(int folder, const char *location, const char *part, bool last, int *fd,
                             hone_error *error) {
    int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (last ? 0 : O_DIRECTORY);
    *fd = openat(folder, part, flags);
    if (*fd >= 0) return HONE_OK;
    if (errno == ELOOP || (errno == ENOTDIR && !last))
        return refuse(error, location, "links are not followed");
    return hone_fail(error, HONE_IO, HONE_NO_OFFSET, "external data '%s': cannot open: %s",
                     location, strerror(errno));
}

static hone_status open_inside(const char *folder, const char *location, int *fd,
                               hone_error *error) {
    *fd = open(*folder ? folder : ".", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    if (*fd < 0)
        return hone_fail(error, HONE_IO, HONE_NO_OFFSET, "%s: cannot open: %s", folder,
                         strerror(errno));
    const char *at = location;
    do {
        char part[256];
        int next = -1;
        hone_status status = component(location, &at, part, sizeof part, error);
        if (status == HONE_OK) status = open_part(*fd, location, part, !*at, &next, error);
        close(*fd);
        *fd = next;
        if (status != HONE_OK) return status;
    } while (*at);
    return HONE_OK;
}

static hone_status map(hone_onnx_reader *reader, const char *location, hone_blob **blob,
                       hone_error *error) {
    int fd;
    char path[32];
    HONE_TRY(open_inside(reader->folder, location, &fd, error));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    hone_status status = hone_blob_map(reader->allocator, path, blob, error);
    close(fd);
    if (status != HONE_OK) hone_error_prefix(error, "external data '%s'", location);
    return status;
}

hone_status hone__onnx_external(hone_onnx_reader *reader, hone_graph *graph, const char *location,
                                hone_blob **blob, hone_error *error) {
    for (hone_onnx_file *file = reader->files; file; file = file->next)
        if (!strcmp(file->location, location)) {
            *blob = file->blob;
            return HONE_OK;
        }
    hone_onnx_file *file = hone__arena_alloc(&reader->scratch, 1, sizeof *file);
    if (!file) return hone_fail_memory(error, sizeof *file);
    HONE_TRY(map(reader, location, blob, error));
    hone_status status = hone_graph_hold(graph, *blob, error);
    hone_blob_release(*blob); /* the graph's reference stays */
    *file = (hone_onnx_file){.location = location, .blob = *blob, .next = reader->files};
    reader->files = file;
    return status;
}
