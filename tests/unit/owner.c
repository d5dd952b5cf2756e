/* The lock that is a word: who has it, who waits, and whose holder is dead. */
#include "support/fake_clock.h"
#include "support/rows.h"

#include "../../preload/process/identity.h"
#include "../../preload/sockets/owner.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static owner_word *word; /* in memory that forked processes share */

static const struct kind {
    const char *name;
    enum owner_of of;
} kinds[] = {
    { "of the process", OWNER_OF_PROCESS },
    { "of all", OWNER_OF_ALL },
};

static void it_is_taken_once(void **state)
{
    const struct kind *kind = *state;

    *word = 0;
    assert_true(owner_try(word, kind->of));
    assert_true(owner_is_me(word, kind->of));
    assert_false(owner_try(word, kind->of));
    owner_leave(word);
    assert_false(owner_is_me(word, kind->of));
    assert_true(owner_try(word, kind->of));
    owner_leave(word);
}

/* A signal handler that interrupted its holder must not wait for it. */
static void the_holder_does_not_wait(void **state)
{
    const struct kind *kind = *state;

    *word = 0;
    assert_true(owner_try(word, kind->of));
    clock_stop();
    assert_false(owner_patiently(word, kind->of)); /* with a clock that stands still it would wait for ever */
    clock_run();
    owner_leave(word);
}

static void *take_and_end(void *data)
{
    const struct kind *kind = data;

    return owner_try(word, kind->of) ? word : NULL;
}

static void a_thread_that_ended_holds_nothing(void **state)
{
    pthread_t thread;
    void *taken = NULL;
    const struct kind *kind = *state;

    *word = 0;
    assert_int_equal(pthread_create(&thread, NULL, take_and_end, (void *)kind), 0);
    assert_int_equal(pthread_join(thread, &taken), 0);
    assert_non_null(taken);
    assert_int_not_equal(*word, 0);
    assert_true(owner_patiently(word, kind->of));
    owner_leave(word);
}

static pthread_barrier_t both;

static void *take_and_give_back(void *data)
{
    const struct kind *kind = data;

    assert_true(owner_try(word, kind->of));
    pthread_barrier_wait(&both); /* it is taken */
    pthread_barrier_wait(&both); /* the other one tried in vain */
    owner_leave(word);
    return NULL;
}

static void it_is_waited_for(void **state)
{
    pthread_t thread;
    const struct kind *kind = *state;

    *word = 0;
    assert_int_equal(pthread_barrier_init(&both, NULL, 2), 0);
    assert_int_equal(pthread_create(&thread, NULL, take_and_give_back, (void *)kind), 0);
    pthread_barrier_wait(&both);
    assert_false(owner_try(word, kind->of));
    pthread_barrier_wait(&both);
    assert_true(owner_patiently(word, kind->of));
    owner_leave(word);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* Runs in a forked child; what it returns is its status. */
static int in_child(int (*run)(void))
{
    pid_t child = fork();
    int status = -1;

    if (child == 0)
        _exit(run());
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int take_shared(void)
{
    return owner_try(word, OWNER_OF_ALL) ? 0 : 1;
}

static void a_process_that_ended_holds_nothing(void **state)
{
    (void)state;
    *word = 0;
    assert_int_equal(in_child(take_shared), 0);
    assert_int_not_equal(*word, 0);
    assert_true(owner_try(word, OWNER_OF_ALL));
    assert_int_equal(in_child(take_shared), 1); /* this one is alive */
    owner_leave(word);
}

static owner_word private_word;

static int take_what_the_parent_held(void)
{
    return owner_try(&private_word, OWNER_OF_PROCESS) ? 0 : 1;
}

/* The thread that held it is not in this process, and will not give it back. */
static void what_fork_copied_is_held_by_nobody(void **state)
{
    (void)state;
    assert_true(owner_try(&private_word, OWNER_OF_PROCESS));
    assert_int_equal(in_child(take_what_the_parent_held), 0);
    assert_true(owner_is_me(&private_word, OWNER_OF_PROCESS));
    owner_leave(&private_word);
}

/* There the number of the holder means another thread, or none. */
static void of_another_pid_namespace_only_the_time_is_known(void **state)
{
    uint64_t elsewhere = (uint64_t)(identity_namespace() ^ 1u) << 32 | 0x7ffffff0;

    (void)state;
    clock_stop();
    *word = elsewhere;
    assert_false(owner_try(word, OWNER_OF_ALL));
    clock_pass(4999);
    assert_false(owner_try(word, OWNER_OF_ALL));
    *word = elsewhere | (uint64_t)1 << 48; /* taken anew */
    clock_pass(2);
    assert_false(owner_try(word, OWNER_OF_ALL));
    clock_pass(5001);
    assert_true(owner_try(word, OWNER_OF_ALL));
    owner_leave(word);
    clock_run();
}

int main(void)
{
    word = mmap(NULL, sizeof *word, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (word == MAP_FAILED || !identity_begin())
        return 1;
    ROWS(kinds, it_is_taken_once);
    ROWS(kinds, the_holder_does_not_wait);
    ROWS(kinds, a_thread_that_ended_holds_nothing);
    ROWS(kinds, it_is_waited_for);
    STORY(a_process_that_ended_holds_nothing);
    STORY(what_fork_copied_is_held_by_nobody);
    STORY(of_another_pid_namespace_only_the_time_is_known);
    return rows_run("owner");
}
