/* The stand-in map's file between processes: many at a time, one that is killed at any point, one that is stopped. */
#include "names_map.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

enum { PROCESSES = 64, THREADS = 8, LIST = 1000, NAMES = 50000 };

/* What all processes found, in shared memory. */
static struct found {
    _Atomic uint32_t offset[NAMES]; /* of each name, plus one */
    _Atomic uint32_t name[SHARED];  /* of each offset, plus one */
    atomic_uint wrong;
} *found;

static unsigned seed;

static void note(struct names *map, uint32_t number)
{
    char name[32];
    uint32_t offset, before = 0;
    struct endpoint endpoint;

    snprintf(name, sizeof name, "host%u.example.org", number);
    if (names_stand_in(map, name, &offset) != 0 || offset >= SHARED) {
        atomic_fetch_add(&found->wrong, 1);
        return;
    }
    if (!atomic_compare_exchange_strong(&found->offset[number], &before, offset + 1) && before != offset + 1)
        atomic_fetch_add(&found->wrong, 1);
    before = 0;
    if (!atomic_compare_exchange_strong(&found->name[offset], &before, number + 1) && before != number + 1)
        atomic_fetch_add(&found->wrong, 1);
    endpoint = at(map, offset, AF_INET6);
    if (names_of_stand_in(map, &endpoint) != 0 || strcmp(endpoint.host, name) != 0)
        atomic_fetch_add(&found->wrong, 1);
}

struct list {
    struct names *map;
    unsigned seed;
};

static void *look_up_list(void *argument)
{
    struct list *list = argument;

    for (int i = 0; i < LIST; i++)
        note(list->map, (uint32_t)rand_r(&list->seed) % NAMES);
    return NULL;
}

static void look_up_lists(unsigned process)
{
    struct list lists[THREADS];
    pthread_t threads[THREADS];
    struct names *map = new_map();

    for (unsigned i = 0; i < THREADS; i++) {
        lists[i] = (struct list){ map, seed + process * THREADS + i };
        check(pthread_create(&threads[i], NULL, look_up_list, &lists[i]) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        check(pthread_join(threads[i], NULL) == 0);
}

static void assert_exited_well(pid_t child)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void all_processes_and_threads_agree(void **state)
{
    pid_t children[PROCESSES];
    struct names *map;

    (void)state;
    seed = (unsigned)time(NULL);
    print_message("all_processes_and_threads_agree: seed %u\n", seed);
    found = mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(found != MAP_FAILED);
    for (unsigned i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            look_up_lists(i);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < PROCESSES; i++)
        assert_exited_well(children[i]);
    map = new_map();
    for (uint32_t i = 0; i < NAMES; i++)
        if (atomic_load(&found->offset[i]))
            note(map, i);
    assert_int_equal(atomic_load(&found->wrong), 0);
    munmap(found, sizeof *found);
}

static void what_a_process_keeps_for_itself_its_children_know(void **state)
{
    struct names *map;
    uint32_t offset;
    pid_t child;

    (void)state;
    assert_int_equal(mkdir(file, 0700), 0);
    map = new_map();
    offset = stand_in(map, "example.org");
    assert_true(offset >= SHARED);
    child = fork();
    if (child == 0) {
        struct endpoint endpoint = at(map, offset, AF_INET);

        _exit(names_of_stand_in(map, &endpoint) == 0 && strcmp(endpoint.host, "example.org") == 0 ? 0 : 1);
    }
    assert_exited_well(child);
}

/* A child that waits to be traced, works, and ends. */
static pid_t start_traced(void (*work)(void))
{
    pid_t child = fork();
    int status;

    if (child != 0) {
        assert_int_equal(waitpid(child, &status, 0), child);
        if (WIFEXITED(status))
            skip(); /* needs: ptrace */
        return child;
    }
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
        _exit(1);
    raise(SIGSTOP);
    work();
    _exit(0);
}

/* Lets the child run to the next entry into or exit from a system call. False once it has ended. */
static bool step(pid_t child)
{
    int status;

    assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSTOPPED(status);
}

static void kill_and_reap(pid_t child)
{
    int status;

    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
}

static void insert(void)
{
    uint32_t offset;

    names_stand_in(new_map(), "victim.example", &offset);
}

static void the_others_are_unharmed(const uint32_t *offsets, uint32_t count)
{
    char name[32];

    for (uint32_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        assert_means(new_map(), offsets[i], name);
    }
}

/* At each stop of an insertion, and of the renewal of an old entry. */
static void kill_everywhere(void (*work)(void), void (*prepare)(void), int least)
{
    uint32_t offsets[50], victim;
    char name[32];
    bool running = true;
    int stops;

    for (uint32_t i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        offsets[i] = stand_in(new_map(), name);
    }
    for (stops = 0; running; stops++) {
        struct timespec before, after;
        pid_t child;

        prepare();
        child = start_traced(work);
        for (int i = 0; running && i < stops; i++)
            running = step(child);
        if (running)
            kill_and_reap(child);
        the_others_are_unharmed(offsets, 50);
        clock_gettime(CLOCK_MONOTONIC, &before);
        victim = stand_in(new_map(), "victim.example");
        clock_gettime(CLOCK_MONOTONIC, &after);
        assert_true(victim < SHARED);
        assert_true(after.tv_sec - before.tv_sec < 2);
        assert_means(new_map(), victim, "victim.example");
    }
    print_message("killed at each of %d stops\n", stops - 1);
    assert_true(stops > least);
}

static void forget_victim(void)
{
    char zeros[SLOT_SIZE] = "";

    write_at(slot_at(stand_in(new_map(), "victim.example")), zeros, sizeof zeros);
}

static void age_victim(void)
{
    set_use(stand_in(new_map(), "victim.example"), time(NULL) - 7200);
}

static void a_writer_may_be_killed_at_any_system_call(void **state)
{
    (void)state;
    kill_everywhere(insert, forget_victim, 20);
    kill_everywhere(insert, age_victim, 20);
}

/* The slot where the name belongs is locked by a process that does not go on: the name gets the next one. */
static void a_stopped_writer_keeps_nobody_waiting_for_ever(void **state)
{
    uint32_t place = stand_in(new_map(), "victim.example"), elsewhere;
    struct flock lock = { .l_type = F_WRLCK, .l_start = slot_at(place), .l_len = SLOT_SIZE };
    struct names *map = new_map();
    int fd = open(file, O_RDWR);

    (void)state;
    forget_victim();
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
    elsewhere = stand_in(map, "victim.example");
    assert_true(elsewhere < SHARED);
    assert_int_not_equal(elsewhere, place);
    assert_means(new_map(), elsewhere, "victim.example");
    close(fd);
}

static struct names *signalled_map;
static uint32_t signalled_offset;
static atomic_uint signals, signals_wrong;

static void on_alarm(int number)
{
    struct endpoint endpoint = at(signalled_map, signalled_offset, AF_INET);
    struct names *fresh = signals % 8 == 0 ? names_open(&net, fcntl, directory, &names_usual_ranges) : signalled_map;

    (void)number;
    atomic_fetch_add(&signals, 1);
    if (names_of_stand_in(fresh, &endpoint) != 0 || strcmp(endpoint.host, "example.org") != 0)
        atomic_fetch_add(&signals_wrong, 1);
}

static void handlers_may_ask_while_the_program_inserts(void **state)
{
    struct itimerval often = { { 0, 300 }, { 0, 300 } }, never = { { 0, 0 }, { 0, 0 } };
    struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
    char name[32];

    (void)state;
    signalled_map = new_map();
    signalled_offset = stand_in(signalled_map, "example.org");
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (uint32_t i = 0; i < 100000 && atomic_load(&signals) < 300; i++) {
        snprintf(name, sizeof name, "n%u.example", i % 60000);
        stand_in(i % 1000 ? signalled_map : new_map(), name);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    assert_int_equal(atomic_load(&signals), 300);
    assert_int_equal(atomic_load(&signals_wrong), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_processes_and_threads_agree),
        TEST(what_a_process_keeps_for_itself_its_children_know),
        TEST(a_writer_may_be_killed_at_any_system_call),
        TEST(a_stopped_writer_keeps_nobody_waiting_for_ever),
        TEST(handlers_may_ask_while_the_program_inserts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
