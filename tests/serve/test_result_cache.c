/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/oracle.h"

#include <hone/serve.h>
#include <pthread.h>

static hone_tensor row(float *values, int64_t count) {
    return (hone_tensor){.dtype = HONE_F32,
                         .shape = {.rank = 1, .dim = {count}},
                         .data = values,
                         .bytes = (size_t)count * sizeof *values};
}

static hone_result_cache *cache_of(size_t bytes) {
    hone_result_cache *cache = NULL;
    assert_ok(hone_result_cache_create(NULL, bytes, &cache, NULL));
    return cache;
}

/* Remembers that `key`, four times, gives -key. */
static void teach(hone_result_cache *cache, float key) {
    float in[4] = {key, key, key, key}, out[2] = {-key, 2 * key};
    hone_tensor input = row(in, 4), output = row(out, 2);
    assert_ok(hone_result_cache_put(cache, &input, 1, &output, 1, NULL));
}

static bool knows(hone_result_cache *cache, float key) {
    float in[4] = {key, key, key, key}, out[2] = {99, 99};
    hone_tensor input = row(in, 4), output = row(out, 2);
    bool hit = false;
    assert_ok(hone_result_cache_get(cache, &input, 1, &output, 1, &hit, NULL));
    assert_true(out[0] == (hit ? -key : 99));
    return hit;
}

static void an_answer_is_found_again_and_counted(void **state) {
    (void)state;
    hone_result_cache *cache = cache_of(1 << 20);
    hone_result_cache_stats stats;
    assert_false(knows(cache, 1));
    teach(cache, 1);
    teach(cache, 2);
    assert_true(knows(cache, 1));
    assert_true(knows(cache, 2));
    assert_false(knows(cache, 3));
    hone_result_cache_get_stats(cache, &stats);
    assert_int_equal(stats.hits, 2);
    assert_int_equal(stats.misses, 2);
    assert_int_equal(stats.answers, 2);
    assert_true(stats.bytes > 2 * 6 * sizeof(float));
    hone_result_cache_free(cache);
}

static void type_shape_and_every_byte_belong_to_the_question(void **state) {
    (void)state;
    hone_result_cache *cache = cache_of(1 << 20);
    float in[200] = {0}, out[1] = {7}, got[1] = {0};
    hone_tensor input = row(in, 200), answer = row(out, 1), room = row(got, 1);
    bool hit = true;
    assert_ok(hone_result_cache_put(cache, &input, 1, &answer, 1, NULL));
    for (int i = 0; i < 200; i++) {
        in[i] = 1;
        assert_ok(hone_result_cache_get(cache, &input, 1, &room, 1, &hit, NULL));
        assert_false(hit);
        in[i] = 0;
    }
    hone_tensor other = input;
    other.dtype = HONE_S32;
    assert_ok(hone_result_cache_get(cache, &other, 1, &room, 1, &hit, NULL));
    assert_false(hit);
    other = input;
    other.shape = (hone_shape){.rank = 2, .dim = {2, 100}};
    assert_ok(hone_result_cache_get(cache, &other, 1, &room, 1, &hit, NULL));
    assert_false(hit);
    assert_ok(hone_result_cache_get(cache, &input, 1, &room, 1, &hit, NULL));
    assert_true(hit && got[0] == 7);
    hone_result_cache_free(cache);
}

static void the_least_recently_used_goes_first(void **state) {
    (void)state;
    hone_result_cache *cache = cache_of(1 << 20);
    hone_result_cache_stats stats;
    teach(cache, 1);
    hone_result_cache_get_stats(cache, &stats);
    size_t each = stats.bytes;
    hone_result_cache_free(cache);
    cache = cache_of(3 * each);
    for (float key = 1; key <= 3; key++) teach(cache, key);
    assert_true(knows(cache, 1));
    teach(cache, 4);
    assert_false(knows(cache, 2));
    assert_true(knows(cache, 1) && knows(cache, 3) && knows(cache, 4));
    hone_result_cache_get_stats(cache, &stats);
    assert_int_equal(stats.evicted, 1);
    assert_int_equal(stats.bytes, 3 * each);
    hone_result_cache_free(cache);
}

static void the_bound_holds_with_many_answers(void **state) {
    (void)state;
    const size_t most = 20000;
    hone_result_cache *cache = cache_of(most);
    hone_result_cache_stats stats;
    for (float key = 0; key < 1000; key++) {
        teach(cache, key);
        hone_result_cache_get_stats(cache, &stats);
        assert_true(stats.bytes <= most);
        assert_true(knows(cache, key));
    }
    assert_true(stats.answers > 10 && stats.evicted == 1000 - stats.answers);
    float large[8000] = {0}, out[1] = {0};
    hone_tensor input = row(large, 8000), output = row(out, 1);
    assert_ok(hone_result_cache_put(cache, &input, 1, &output, 1, NULL));
    assert_true(knows(cache, 999));
    hone_result_cache_free(cache);
}

static void room_that_is_too_small_is_said(void **state) {
    (void)state;
    hone_result_cache *cache = cache_of(1 << 20);
    hone_error error = {0};
    float in[4] = {1, 1, 1, 1}, out[1];
    hone_tensor input = row(in, 4), output[2] = {row(out, 1), row(out, 1)};
    bool hit = true;
    teach(cache, 1);
    assert_int_equal(hone_result_cache_get(cache, &input, 1, output, 1, &hit, &error), HONE_SHAPE);
    assert_non_null(strstr(error.message, "8 bytes and room for 4"));
    assert_false(hit);
    assert_int_equal(hone_result_cache_get(cache, &input, 1, output, 2, &hit, &error), HONE_SHAPE);
    hone_result_cache_free(cache);
    assert_int_equal(hone_result_cache_create(NULL, 0, &cache, &error), HONE_USAGE);
}

static void a_session_is_run_only_for_what_is_new(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 4));
    output(g, apply(g, HONE_OP_Exp, INPUTS(x)));
    hone_model *model = model_of(g);
    hone_session *session = session_of(model, &(hone_session_options){.profile = true});
    hone_result_cache *cache = cache_of(1 << 16);
    hone_tensor in[1] = {{0}}, view = {0};
    float first[4], second[4];
    bool hit = true;
    make_inputs(session, in);
    hone_tensor a = {HONE_F32, {.rank = 2, .dim = {1, 4}}, first, sizeof first}, b = a;
    b.data = second;
    assert_ok(hone_result_cache_run(cache, session, in, &a, NULL, &hit, NULL));
    assert_false(hit);
    assert_ok(hone_result_cache_run(cache, session, in, &b, NULL, &hit, NULL));
    assert_true(hit);
    assert_memory_equal(first, second, sizeof first);
    assert_int_equal(hone_result_cache_run(cache, session, in, &view, NULL, NULL, NULL),
                     HONE_USAGE);
    free_all(in, 1);
    hone_result_cache_free(cache);
    hone_session_free(session);
    hone_model_free(model);
}

static void memory_that_fails_leaves_the_cache_whole(void **state) {
    (void)state;
    bool done = false;
    for (size_t n = 1; !done; n++) {
        failing_allocator f;
        failing_allocator_init(&f, n);
        hone_result_cache *cache = NULL;
        if (hone_result_cache_create(&f.allocator, 1 << 16, &cache, NULL) == HONE_OK) {
            for (float key = 0; key < 40; key++) { /* past the first growth of the table */
                float in[4] = {key, key, key, key}, out[2] = {-key, 2 * key};
                hone_tensor input = row(in, 4), output = row(out, 2);
                hone_status status = hone_result_cache_put(cache, &input, 1, &output, 1, NULL);
                assert_true(status == HONE_OK || status == HONE_MEMORY);
                assert_true(knows(cache, key) == (status == HONE_OK));
            }
            done = f.requests < n;
        }
        hone_result_cache_free(cache);
        assert_int_equal(f.live_bytes, 0);
    }
}

static void *use_often(void *argument) {
    hone_result_cache *cache = (hone_result_cache *)argument;
    for (int i = 0; i < 3000; i++) {
        float key = (float)(i * 7 % 50), in[4] = {key, key, key, key}, out[2] = {0, 0};
        hone_tensor input = row(in, 4), output = row(out, 2);
        bool hit = false;
        if (hone_result_cache_get(cache, &input, 1, &output, 1, &hit, NULL) != HONE_OK)
            return cache;
        if (hit && out[0] != -key) return cache;
        out[0] = -key, out[1] = 2 * key;
        if (!hit && hone_result_cache_put(cache, &input, 1, &output, 1, NULL) != HONE_OK)
            return cache;
    }
    return NULL;
}

static void several_threads_use_one_cache(void **state) {
    (void)state;
    hone_result_cache *cache = cache_of(5000); /* too small for all: answers come and go */
    hone_result_cache_stats stats;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_often, cache), 0);
    for (int i = 0; i < 4; i++) {
        void *failed = cache;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    hone_result_cache_get_stats(cache, &stats);
    assert_int_equal(stats.hits + stats.misses, 4 * 3000);
    hone_result_cache_free(cache);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_found_again_and_counted),
        cmocka_unit_test(type_shape_and_every_byte_belong_to_the_question),
        cmocka_unit_test(the_least_recently_used_goes_first),
        cmocka_unit_test(the_bound_holds_with_many_answers),
        cmocka_unit_test(room_that_is_too_small_is_said),
        cmocka_unit_test(a_session_is_run_only_for_what_is_new),
        cmocka_unit_test(memory_that_fails_leaves_the_cache_whole),
        cmocka_unit_test(several_threads_use_one_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
