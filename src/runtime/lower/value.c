/* SPDX-License-Identifier: Apache-2.0 */
/* Values on their way through lowering: where they lie, and the forms others ask for. */
#include "base/error.h"
#include "runtime/lower/lower.h"

#include <string.h>

static hone_lowered *state_of(hone_lowering *lowering, const hone_value *value) {
    return &lowering->values[value->id];
}

hone_status hone__lower_buffer(hone_lowering *lowering, const char *name, hone_dtype dtype,
                               int64_t elements, uint32_t *buffer, hone_error *error) {
    hone_buffer made = {.name = name, .dtype = dtype};
    if (!hone__dtype_bytes(dtype, elements, &made.bytes))
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "value '%s': type %s cannot be computed", name, hone_dtype_name(dtype));
    return hone__program_add_buffer(lowering->program, &made, buffer, error);
}

void hone__lower_alias(hone_lowering *lowering, const hone_value *value, hone_code code,
                       const hone_view *view) {
    hone_lowered *state = state_of(lowering, value);
    state->ready = true;
    state->code = value->dtype == HONE_U8 ? HONE_CODE_PLAIN : code;
    state->view = *view;
}

static hone_status make_constant(hone_lowering *lowering, const hone_value *value,
                                 hone_error *error) {
    uint32_t buffer = 0;
    HONE_TRY(hone__program_add_constant(lowering->program, value->name, value->dtype, value->data,
                                        value->bytes, &buffer, error));
    hone_view view = hone__view_dense(buffer, &value->shape);
    hone__lower_alias(lowering, value, HONE_CODE_PLAIN, &view);
    return HONE_OK;
}

/* A value nobody made yet: a constant, or the output of a node that waits to be asked for. */
static hone_status ensure(hone_lowering *lowering, const hone_value *value, hone_error *error) {
    if (state_of(lowering, value)->ready) return HONE_OK;
    if (value->kind == HONE_VALUE_CONSTANT) return make_constant(lowering, value, error);
    if (value->producer && lowering->roles[value->producer->id] == HONE_ROLE_ABSORBED) {
        lowering->roles[value->producer->id] = HONE_ROLE_ALONE;
        return hone__lower_node(lowering, value->producer, NULL, error);
    }
    return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                     "value '%s' is used before it is made", value->name);
}

/* Constants are converted at once, others by a step. */
static hone_status convert_constant(hone_lowering *lowering, const hone_value *value,
                                    hone_dtype dtype, const hone_view *from, hone_view *to,
                                    hone_error *error) {
    hone_program *program = lowering->program;
    const hone_buffer *source = &program->buffers[from->buffer];
    size_t element = hone_dtype_bits(dtype) / 8;
    size_t bytes = (size_t)hone__view_elements(from) * element;
    void *memory = NULL;
    HONE_TRY(hone__program_keep(program, bytes, &memory, error));
    hone__move_now(&program->kernels, element, to, memory, from, source->constant);
    uint32_t buffer = 0;
    HONE_TRY(
        hone__program_add_constant(program, value->name, dtype, memory, bytes, &buffer, error));
    to->buffer = buffer;
    return HONE_OK;
}

static hone_view shaped(uint32_t buffer, const hone_shape *shape, hone_form form) {
    if (form == HONE_FORM_DENSE) return hone__view_dense(buffer, shape);
    return hone__view_pixels(buffer, shape, shape->dim[1]);
}

static hone_status reform(hone_lowering *lowering, const hone_value *value, hone_code code,
                          hone_form form, const hone_view *from, hone_view *to, hone_error *error) {
    hone_program *program = lowering->program;
    hone_dtype dtype = hone__lower_dtype(value, code);
    *to = shaped(0, &value->shape, form);
    if (program->buffers[from->buffer].place == HONE_PLACE_CONSTANT)
        return convert_constant(lowering, value, dtype, from, to, error);
    HONE_TRY(hone__lower_buffer(lowering, value->name, dtype, hone__view_elements(from),
                                &to->buffer, error));
    hone_label label = {.name = value->name, .op = "Layout"};
    return hone__step_move(program, &label, to, from, error);
}

static bool has_form(const hone_view *view, hone_form form) {
    int64_t stride;
    return form == HONE_FORM_DENSE ? hone__view_is_dense(view)
                                   : hone__view_is_pixels(view, &stride);
}

/* s8 bytes to u8 and back: adding 128 flips the highest bit. */
static hone_status flip_sign(hone_lowering *lowering, const hone_label *label, const hone_view *to,
                             const hone_view *from, hone_error *error) {
    uint8_t table[256];
    for (int i = 0; i < 256; i++) table[i] = (uint8_t)(i ^ 0x80);
    return hone__step_lookup(lowering->program, label, to, from, table, error);
}

/* The same on constants, at once. */
static hone_status recode_constant(hone_lowering *lowering, const hone_value *value,
                                   hone_dtype dtype, const hone_view *from, hone_view *to,
                                   hone_error *error) {
    const hone_lowered *state = state_of(lowering, value);
    size_t count = (size_t)hone__view_elements(from);
    const uint8_t *in =
        (const uint8_t *)lowering->program->buffers[from->buffer].constant + from->offset;
    void *memory = NULL;
    size_t bytes = count * (hone_dtype_bits(dtype) / 8);
    HONE_TRY(hone__program_keep(lowering->program, bytes, &memory, error));
    for (size_t i = 0; i < count; i++)
        if (dtype == HONE_F32)
            ((float *)memory)[i] = (float)(in[i] - state->params.zero) * state->params.scale;
        else
            ((uint8_t *)memory)[i] = in[i] ^ 0x80;
    return hone__program_add_constant(lowering->program, value->name, dtype, memory, bytes,
                                      &to->buffer, error);
}

/* From the code it is held in to another: flipped signs, or floats. Bytes are never made here. */
static hone_status recode(hone_lowering *lowering, const hone_value *value, hone_code code,
                          hone_view *view, hone_error *error) {
    hone_lowered *state = state_of(lowering, value);
    hone_view from = state->view;
    hone_form form = value->shape.rank >= 3 && has_form(&from, HONE_FORM_PIXELS) ? HONE_FORM_PIXELS
                                                                                 : HONE_FORM_DENSE;
    if (code == HONE_CODE_QUANT || (state->code == HONE_CODE_QUANT && code != HONE_CODE_PLAIN))
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "value '%s' is not quantized where it was expected to be", value->name);
    bool constant = lowering->program->buffers[from.buffer].place == HONE_PLACE_CONSTANT;
    if (constant) form = HONE_FORM_DENSE;
    if (!has_form(&from, form) || (constant && from.offset))
        HONE_TRY(reform(lowering, value, state->code, form, &state->view, &from, error));
    hone_dtype dtype = hone__lower_dtype(value, code);
    *view = shaped(0, &value->shape, form);
    if (constant) return recode_constant(lowering, value, dtype, &from, view, error);
    HONE_TRY(hone__lower_buffer(lowering, value->name, dtype, hone__view_elements(&from),
                                &view->buffer, error));
    if (state->code == HONE_CODE_QUANT) {
        hone_label label = {.name = value->name, .op = "DequantizeLinear"};
        return hone__step_dequantize(lowering->program, &label, view, &from, state->params.scale,
                                     state->params.zero, error);
    }
    hone_label label = {.name = value->name, .op = "Sign"};
    return flip_sign(lowering, &label, view, &from, error);
}

void hone__lower_set_params(hone_lowering *lowering, const hone_value *value, hone_params params) {
    state_of(lowering, value)->params = params;
}

bool hone__lower_is_quant(hone_lowering *lowering, const hone_value *value, hone_params *params) {
    if (ensure(lowering, value, NULL) != HONE_OK) return false;
    const hone_lowered *state = state_of(lowering, value);
    *params = state->params;
    return state->code == HONE_CODE_QUANT;
}

hone_status hone__lower_view(hone_lowering *lowering, const hone_value *value, hone_code code,
                             hone_view *view, hone_error *error) {
    HONE_TRY(ensure(lowering, value, error));
    hone_lowered *state = state_of(lowering, value);
    if (value->dtype == HONE_U8) code = HONE_CODE_PLAIN;
    if (state->code == code) {
        *view = state->view;
        return HONE_OK;
    }
    for (int form = 0; form < 2; form++)
        if (state->made[code][form]) {
            *view = state->forms[code][form];
            return HONE_OK;
        }
    HONE_TRY(recode(lowering, value, code, view, error));
    hone_form form = has_form(view, HONE_FORM_PIXELS) ? HONE_FORM_PIXELS : HONE_FORM_DENSE;
    state->made[code][form] = true;
    state->forms[code][form] = *view;
    return HONE_OK;
}

hone_status hone__lower_form(hone_lowering *lowering, const hone_value *value, hone_code code,
                             hone_form form, hone_view *view, hone_error *error) {
    hone_lowered *state = state_of(lowering, value);
    if (value->dtype == HONE_U8) code = HONE_CODE_PLAIN;
    if (state->made[code][form]) {
        *view = state->forms[code][form];
        return HONE_OK;
    }
    hone_view from;
    HONE_TRY(hone__lower_view(lowering, value, code, &from, error));
    if (has_form(&from, form))
        *view = from;
    else
        HONE_TRY(reform(lowering, value, code, form, &from, view, error));
    state->made[code][form] = true;
    state->forms[code][form] = *view;
    return HONE_OK;
}

hone_status hone__lower_held(hone_lowering *lowering, const hone_value *value, hone_code *code,
                             hone_view *view, hone_error *error) {
    HONE_TRY(ensure(lowering, value, error));
    *code = state_of(lowering, value)->code;
    *view = state_of(lowering, value)->view;
    return HONE_OK;
}

bool hone__lower_is_pixels(hone_lowering *lowering, const hone_value *value) {
    const hone_lowered *state = state_of(lowering, value);
    int64_t stride;
    return ensure(lowering, value, NULL) == HONE_OK && value->shape.rank >= 3 &&
           hone__view_is_pixels(&state->view, &stride);
}

static hone_status allocate(hone_lowering *lowering, const hone_value *value, hone_code code,
                            hone_form form, hone_view *view, hone_error *error) {
    int64_t elements;
    HONE_TRY(hone_shape_elements(&value->shape, &elements, error));
    *view = shaped(0, &value->shape, form);
    return hone__lower_buffer(lowering, value->name, hone__lower_dtype(value, code), elements,
                              &view->buffer, error);
}

/* The place of a part inside a concatenation, whose memory is made by its first part. */
static hone_status place_inside(hone_lowering *lowering, const hone_value *part, hone_code code,
                                hone_view *view, hone_error *error) {
    hone_lowered *state = state_of(lowering, part), *whole = state_of(lowering, state->into);
    if (!whole->reserved) {
        if (whole->into)
            HONE_TRY(place_inside(lowering, state->into, code, &whole->view, error));
        else
            HONE_TRY(allocate(lowering, state->into, code, HONE_FORM_PIXELS, &whole->view, error));
        whole->reserved = true;
    }
    *view = hone__view_slice(&whole->view, 1, state->into_at, 1, part->shape.dim[1]);
    return HONE_OK;
}

hone_status hone__lower_output(hone_lowering *lowering, const hone_value *value, hone_code code,
                               hone_form form, hone_view *view, hone_error *error) {
    hone_lowered *state = state_of(lowering, value);
    if (state->reserved)
        *view = state->view;
    else if (state->into && form == HONE_FORM_PIXELS)
        HONE_TRY(place_inside(lowering, value, code, view, error));
    else
        HONE_TRY(allocate(lowering, value, code, form, view, error));
    hone__lower_alias(lowering, value, code, view);
    return HONE_OK;
}
