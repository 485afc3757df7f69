/* SPDX-License-Identifier: Apache-2.0 */
/* What a session tells about the memory of its plan. */
#include "runtime/session.h"

hone_status hone_session_memory_block(const hone_session *session, uint32_t index,
                                      hone_memory_block *block) {
    if (session->flow) return HONE_NOT_FOUND; /* many plans, one after the other */
    const hone_program *program = &session->plans->program;
    for (uint32_t i = 0; i < program->buffer_count; i++) {
        const hone_buffer *buffer = &program->buffers[i];
        if (buffer->place != HONE_PLACE_ARENA || buffer->taken == 0 || index-- > 0) continue;
        *block = (hone_memory_block){.name = buffer->name,
                                     .offset = buffer->offset,
                                     .bytes = buffer->taken,
                                     .first_layer = buffer->first,
                                     .last_layer = buffer->last};
        return HONE_OK;
    }
    return HONE_NOT_FOUND;
}
