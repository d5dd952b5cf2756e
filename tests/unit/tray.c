/* Memory for waits: of threads that end in them, too. */
#include "support/rows.h"

#include "../../preload/ready/tray.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SIZE = 1 << 20, THREADS = 100 };

/* In pages. */
static size_t mapped(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu", &pages), 1);
    fclose(file);
    return pages;
}

static void it_is_zero_and_given_back(void **state)
{
    size_t before = mapped();

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        char *memory = tray_take(SIZE);

        assert_non_null(memory);
        assert_int_equal(memory[SIZE - 1], 0);
        memset(memory, 1, SIZE);
        tray_give(memory, SIZE);
    }
    assert_int_equal(mapped(), before);
}

static void many_may_have_some_at_a_time(void **state)
{
    void *memory[THREADS];
    size_t before = mapped();

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        memory[i] = tray_take(SIZE);
        assert_non_null(memory[i]);
        for (int j = 0; j < i; j++)
            assert_ptr_not_equal(memory[i], memory[j]);
    }
    for (int i = 0; i < THREADS; i++)
        tray_give(memory[i], SIZE);
    assert_int_equal(mapped(), before);
}

static void *take_and_end(void *data)
{
    (void)data;
    return tray_take(SIZE);
}

static void run_one(void)
{
    pthread_t thread;
    void *taken = NULL;

    assert_int_equal(pthread_create(&thread, NULL, take_and_end, NULL), 0);
    assert_int_equal(pthread_join(thread, &taken), 0);
    assert_non_null(taken);
}

static void what_a_thread_leaves_behind_is_used_again(void **state)
{
    size_t before;

    (void)state;
    run_one(); /* libc keeps a stack */
    before = mapped();
    for (int i = 0; i < THREADS; i++)
        run_one();
    assert_true(mapped() <= before + SIZE / (size_t)sysconf(_SC_PAGESIZE));
}

int main(void)
{
    STORY(it_is_zero_and_given_back);
    STORY(many_may_have_some_at_a_time);
    STORY(what_a_thread_leaves_behind_is_used_again);
    return rows_run("tray");
}
