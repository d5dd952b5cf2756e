/* stress SECONDS SEED [STRESS_NATIVE=PORT]: threads that connect, blocking and not, watch in five ways, duplicate, fork, shut down, dissolve, speak early
 * and close at random, and are interrupted by handlers that look at their sockets. stress target: whom they speak to.
 *
 * Whatever a socket is natively, it must be so here: every byte is compared, every connection has an end that whoever waits is told
 * of, every error is one of those to be expected, getpeername() tells the target. A fault is a line, and the exit status 1. */
#include "deeds.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8 };

static time_t end;
static atomic_uint signals;
static __thread struct actor *me;

static void interrupted(int number)
{
    (void)number;
    atomic_fetch_add(&signals, 1);
    if (me)
        deeds_look(me);
}

static void *act(void *data)
{
    me = data;
    while (time(NULL) < end)
        deeds_one(me);
    deeds_close_all(me);
    me = NULL;
    return NULL;
}

static int open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

static void handle(int number, int flags)
{
    struct sigaction action = { .sa_handler = interrupted, .sa_flags = flags };

    sigaction(number, &action, NULL);
}

static void interrupt_them(struct actor *actors, struct actor *chance)
{
    while (time(NULL) < end) {
        struct timespec pause = { 0, (long)(1 + deeds_draw(chance, 20)) * 1000000 };

        nanosleep(&pause, NULL);
        pthread_kill(actors[deeds_draw(chance, THREADS)].thread, deeds_draw(chance, 2) ? SIGUSR1 : SIGUSR2);
    }
}

static void run(const char *seed)
{
    static struct actor actors[THREADS], chance;

    chance.random = (unsigned)atoi(seed) * 2654435761u + 1;
    for (unsigned i = 0; i < THREADS; i++) {
        actors[i].index = i;
        actors[i].random = ((unsigned)atoi(seed) * THREADS + i + 1) * 2246822519u + 1;
        actors[i].set = epoll_create1(EPOLL_CLOEXEC);
        memset(actors[i].fds, 0xff, sizeof actors[i].fds);
        if (pthread_create(&actors[i].thread, NULL, act, &actors[i]) != 0)
            abort();
    }
    interrupt_them(actors, &chance);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(actors[i].thread, NULL);
        close(actors[i].set);
    }
}

int main(int argc, char **argv)
{
    int before, after;

    if (argc == 2 && strcmp(argv[1], "target") == 0)
        return line_serve();
    if (argc != 3)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    handle(SIGUSR1, 0);
    handle(SIGUSR2, SA_RESTART);
    line_native_port = getenv("STRESS_NATIVE") ? (unsigned)atoi(getenv("STRESS_NATIVE")) : 0;
    deeds_forking = !getenv("STRESS_NO_FORKS");
    before = open_descriptors();
    for (int i = 0; i < SETS; i++)
        deeds_sets[i] = epoll_create1(EPOLL_CLOEXEC);
    end = time(NULL) + atoi(argv[1]);
    run(argv[2]);
    for (int i = 0; i < SETS; i++)
        close(deeds_sets[i]);
    after = open_descriptors();
    if (after != before) {
        printf("FAULT: %d descriptors before, %d after\n", before, after);
        line_faults++;
    }
    printf("seed %s: %u connects, %u opened, %llu bytes compared, %u waits, %u forks, %u signals, %u faults\n", argv[2],
           line_connects, line_opened, (unsigned long long)line_compared, deeds_waits, deeds_forks, signals,
           line_faults + deeds_children_failed);
    return line_opened > 0 && line_faults + deeds_children_failed == 0 ? 0 : 1;
}
