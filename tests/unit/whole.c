/* Records that are seen whole: by threads, in a signal handler, and after a writer that never ended. */
#include "support/rows.h"

#include "../../preload/sockets/whole.h"

#include <pthread.h>
#include <string.h>

enum { SIZE = 43, ROUNDS = 200000, WRITERS = 2 };

struct bytes {
    char all[SIZE];
};

static struct place WHOLE(struct bytes) place;
static atomic_int torn, writing;

static void write_one(char byte)
{
    struct bytes now;

    whole_begin(&place.turn, place.words, &now, sizeof now);
    memset(&now, byte, sizeof now);
    whole_end(&place.turn, place.words, &now, sizeof now);
}

static void *write_many(void *data)
{
    for (int i = 0; i < ROUNDS; i++)
        write_one((char)(i * WRITERS + (int)(intptr_t)data));
    atomic_fetch_sub(&writing, 1);
    return NULL;
}

static void nobody_sees_a_part(void **state)
{
    pthread_t writers[WRITERS];
    struct bytes seen;

    (void)state;
    writing = WRITERS;
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, write_many, (void *)(intptr_t)i), 0);
    while (atomic_load(&writing) > 0)
        if (whole_read(&place.turn, place.words, &seen, sizeof seen))
            for (int i = 1; i < SIZE; i++)
                torn += seen.all[i] != seen.all[0];
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
    assert_int_equal(torn, 0);
    assert_int_equal(place.turn % 2, 0);
}

/* As after fork(2), or a handler that interrupted the writer. */
static void a_writer_that_does_not_end_is_overtaken(void **state)
{
    struct bytes seen;

    (void)state;
    whole_begin(&place.turn, place.words, &seen, sizeof seen);
    assert_false(whole_read(&place.turn, place.words, &seen, sizeof seen));
    write_one('a');
    assert_true(whole_read(&place.turn, place.words, &seen, sizeof seen));
    assert_int_equal(seen.all[SIZE - 1], 'a');
}

int main(void)
{
    STORY(nobody_sees_a_part);
    STORY(a_writer_that_does_not_end_is_overtaken);
    return rows_run("whole");
}
