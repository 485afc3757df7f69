/* SPDX-License-Identifier: Apache-2.0 */
/* From one file to another by means of a delta: whatever changed, the new file comes back to the
 * byte; interruption and damage leave nothing that could be taken for it. */
#include "base/bytes.h"
#include "base/rng.h"
#include "store/delta/delta.h"
#include "store/digest.h"
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 5 << 20 };

typedef struct file {
    uint8_t *data;
    size_t size;
    hone_border borders[4];
    uint32_t border_count;
} file;

typedef struct fixture {
    file old_file, new_file;
    uint8_t *out;
    size_t out_end, calls, fail_at; /* the sink fails at that call; 0: never */
    char path[64];
    uint8_t *delta;
    size_t delta_size;
} fixture;

/* ---- sources and sinks in memory ---- */

typedef struct memory {
    const uint8_t *data;
    size_t size;
} memory;

static hone_status read_memory(void *context, uint64_t offset, void *to, size_t size,
                               hone_error *error) {
    const memory *m = context;
    assert_true(offset <= m->size && size <= m->size - offset);
    memcpy(to, m->data + offset, size);
    (void)error;
    return HONE_OK;
}

static hone_byte_source source(memory *m) {
    return (hone_byte_source){m->size, read_memory, m};
}

static hone_status to_memory(void *context, uint64_t offset, const void *data, size_t size,
                             hone_error *error) {
    fixture *f = context;
    (void)error;
    if (++f->calls == f->fail_at) return HONE_IO;
    assert_true(offset + size <= MOST);
    memcpy(f->out + offset, data, size);
    f->out_end = offset + size;
    return HONE_OK;
}

/* ---- files ---- */

static void fill(uint8_t *data, size_t size, uint64_t seed) {
    hone_rng rng;
    hone__rng_seed(&rng, seed, 0);
    for (size_t i = 0; i < size; i++) data[i] = (uint8_t)hone__rng_next(&rng);
}

/* A head, float weights of more than a frame, int8 weights, a tail. */
static void make_file(file *f, size_t head) {
    f->data = calloc(MOST, 1);
    assert_non_null(f->data);
    fill(f->data, MOST, 1);
    memset(f->data, 'h', head);
    f->borders[0] = (hone_border){"conv.weight", head, 2400000, HONE_F32, 600};
    f->borders[1] = (hone_border){"fc.weight", head + 2400064, 9000, HONE_S8, 90};
    f->border_count = 2;
    f->size = head + 2409064 + 100;
}

static int setup(void **state) {
    fixture *f = calloc(1, sizeof *f);
    *state = f;
    if (!f) return 1;
    make_file(&f->old_file, 1000);
    make_file(&f->new_file, 1000);
    f->out = malloc(MOST);
    snprintf(f->path, sizeof f->path, "/tmp/hone-delta-%d", (int)getpid());
    return f->out ? 0 : 1;
}

static int teardown(void **state) {
    fixture *f = *state;
    unlink(f->path);
    free(f->old_file.data);
    free(f->new_file.data);
    free(f->out);
    free(f->delta);
    free(f);
    return 0;
}

static void load_delta(fixture *f) {
    FILE *in = fopen(f->path, "rb");
    assert_non_null(in);
    free(f->delta);
    f->delta = malloc(MOST * 2);
    f->delta_size = fread(f->delta, 1, MOST * 2, in);
    fclose(in);
}

static void write_delta(fixture *f) {
    static const char text[] = "{\"name\":\"net\"}";
    hone_error error = {0};
    hone_writer writer = {0};
    memory a = {f->old_file.data, f->old_file.size}, b = {f->new_file.data, f->new_file.size};
    hone_delta_side before = {source(&a), f->old_file.borders, f->old_file.border_count, {0}};
    hone_delta_side after = {source(&b), f->new_file.borders, f->new_file.border_count, {0}};
    assert_true(hone__digest_of(a.data, a.size, before.sha256));
    assert_true(hone__digest_of(b.data, b.size, after.sha256));
    assert_ok(hone__writer_open(&writer, f->path, &error));
    assert_ok(hone__delta_write(NULL, &before, &after, (hone_delta_manifest){text, strlen(text)},
                                &writer, NULL, NULL, &error));
    assert_ok(hone__writer_commit(&writer, &error));
    load_delta(f);
}

/* Opens and applies what is in f->delta; `have` of the new file is there already. */
static hone_status apply(fixture *f, size_t have, hone_error *error) {
    memory old_memory = {f->old_file.data, f->old_file.size}, d = {f->delta, f->delta_size};
    memory there = {f->out, have};
    hone_byte_source before = source(&old_memory), bytes = source(&d), left = source(&there);
    hone_delta delta;
    f->calls = 0;
    hone_status status = hone__delta_open(NULL, &bytes, &delta, error);
    if (status == HONE_OK)
        status = hone__delta_apply(&delta, &before, have ? &left : NULL, to_memory, f, NULL, NULL,
                                   error);
    hone__delta_close(&delta);
    return status;
}

static size_t round_trip(fixture *f) {
    hone_error error = {0};
    write_delta(f);
    memset(f->out, 0, MOST);
    assert_ok(apply(f, 0, &error));
    assert_int_equal(f->out_end, f->new_file.size);
    assert_memory_equal(f->out, f->new_file.data, f->new_file.size);
    return f->delta_size;
}

/* ---- tests ---- */

static void equal_files_need_a_header_only(void **state) {
    assert_true(round_trip(*state) < 200);
}

static void one_changed_tensor_costs_only_itself(void **state) {
    fixture *f = *state;
    fill(f->new_file.data + f->new_file.borders[1].offset, 9000, 2);
    size_t size = round_trip(f);
    assert_true(size > 8000 && size < 9000 + 300);
}

static void a_few_changed_weights_cost_little(void **state) {
    fixture *f = *state;
    for (size_t i = 0; i < 50; i++) f->new_file.data[1000 + 40000 * i] ^= 1;
    assert_true(round_trip(f) < 2000);
}

static void tensors_that_moved_are_found_by_name(void **state) {
    fixture *f = *state;
    free(f->new_file.data);
    make_file(&f->new_file, 1777);
    memcpy(f->new_file.data + 1777, f->old_file.data + 1000, f->old_file.size - 1000);
    assert_true(round_trip(f) < 500);
}

static void files_without_borders_still_work(void **state) {
    fixture *f = *state;
    f->old_file.border_count = f->new_file.border_count = 0;
    fill(f->new_file.data + 5000, 100, 3);
    assert_true(round_trip(f) < 3000);
}

static void a_file_that_has_nothing_in_common_costs_itself(void **state) {
    fixture *f = *state;
    fill(f->new_file.data, f->new_file.size, 4);
    f->new_file.borders[0].name = "other";
    f->new_file.borders[0].dtype = HONE_S32;
    assert_true(round_trip(f) < f->new_file.size + 300);
}

static void tensors_that_grew_or_shrank_come_back(void **state) {
    fixture *f = *state;
    f->new_file.borders[1].bytes = 4000;
    f->old_file.borders[0].bytes = 2000000;
    round_trip(f);
}

static void an_empty_file_comes_and_goes(void **state) {
    fixture *f = *state;
    f->new_file.size = 0;
    f->new_file.border_count = 0;
    write_delta(f);
    hone_error error = {0};
    assert_ok(apply(f, 0, &error));
    assert_int_equal(f->calls, 0);
}

static void interrupted_anywhere_it_goes_on_from_what_is_there(void **state) {
    fixture *f = *state;
    hone_error error = {0};
    fill(f->new_file.data + 100000, 2000000, 5);
    write_delta(f);
    for (size_t cut = 1; cut < 6; cut++) {
        f->fail_at = cut;
        f->out_end = 0;
        assert_int_not_equal(apply(f, 0, &error), HONE_OK);
        size_t have = f->out_end > 77 ? f->out_end - 77 : 0; /* the last write was torn */
        memset(f->out + have, 0, MOST - have);
        f->fail_at = 0;
        assert_ok(apply(f, have, &error));
        assert_memory_equal(f->out, f->new_file.data, f->new_file.size);
    }
}

static void what_is_there_but_wrong_is_found(void **state) {
    fixture *f = *state;
    hone_error error = {0};
    fill(f->new_file.data + 100000, 2000000, 6);
    round_trip(f);
    f->out[500000] ^= 4;
    assert_int_equal(apply(f, 2 << 20, &error), HONE_CORRUPT);
}

static void another_old_file_is_refused_at_the_end(void **state) {
    fixture *f = *state;
    hone_error error = {0};
    f->new_file.data[50] ^= 1;
    write_delta(f);
    f->old_file.data[3000] ^= 1;
    assert_int_equal(apply(f, 0, &error), HONE_CORRUPT);
    f->old_file.size--;
    assert_int_equal(apply(f, 0, &error), HONE_USAGE);
}

/* A flipped bit that changes nothing (the last bits of a coded frame) may pass: the file is right.
 */
static void damage_is_found_wherever_it_is(void **state) {
    fixture *f = *state;
    hone_error error = {0};
    for (size_t i = 0; i < 90; i++) f->new_file.data[f->new_file.borders[1].offset + 100 * i] ^= 3;
    write_delta(f);
    size_t size = f->delta_size, found = 0;
    for (size_t i = 0; i < size; i++) {
        f->delta[i] ^= (uint8_t)(1u << i % 8);
        if (apply(f, 0, &error) != HONE_OK)
            found++;
        else
            assert_memory_equal(f->out, f->new_file.data, f->new_file.size);
        f->delta[i] ^= (uint8_t)(1u << i % 8);
    }
    assert_true(size > 200 && found >= size - 2);
}

static void a_delta_that_was_cut_off_is_refused(void **state) {
    fixture *f = *state;
    hone_error error = {0};
    f->new_file.data[f->new_file.borders[1].offset] ^= 3;
    write_delta(f);
    size_t size = f->delta_size;
    for (f->delta_size = 0; f->delta_size < size; f->delta_size++)
        assert_int_not_equal(apply(f, 0, &error), HONE_OK);
}

static void bytes_behind_the_end_are_refused(void **state) {
    fixture *f = *state;
    hone_error error = {0};
    write_delta(f);
    f->delta[f->delta_size++] = 0;
    assert_int_equal(apply(f, 0, &error), HONE_CORRUPT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(equal_files_need_a_header_only),
        TEST(one_changed_tensor_costs_only_itself),
        TEST(a_few_changed_weights_cost_little),
        TEST(tensors_that_moved_are_found_by_name),
        TEST(files_without_borders_still_work),
        TEST(a_file_that_has_nothing_in_common_costs_itself),
        TEST(tensors_that_grew_or_shrank_come_back),
        TEST(an_empty_file_comes_and_goes),
        TEST(interrupted_anywhere_it_goes_on_from_what_is_there),
        TEST(what_is_there_but_wrong_is_found),
        TEST(another_old_file_is_refused_at_the_end),
        TEST(damage_is_found_wherever_it_is),
        TEST(a_delta_that_was_cut_off_is_refused),
        TEST(bytes_behind_the_end_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
