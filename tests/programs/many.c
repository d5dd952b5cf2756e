/* many HOW COUNT: start a program with COUNT variables more than there are.
 *
 * spawn, spawnp: by posix_spawn() of a thread with the least stack that there can be. vfork: execve() in children of vfork(2), a
 * thousand one after the other; then "grew" if this process has more memory than after the first ten. threads: system() after
 * clearenv(), again and again, while other threads read the environment. "done" if all went well. */
#include <limits.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char **variables;
static char *command[] = { "/bin/true", NULL };
static atomic_bool ended;

static const char *reap(pid_t child)
{
    int status;

    return waitpid(child, &status, 0) == child && status == 0 ? "done" : "lost";
}

static void *spawn(void *how)
{
    pid_t child;
    int error = strcmp(how, "spawnp") == 0 ? posix_spawnp(&child, "true", NULL, NULL, command, variables)
                                           : posix_spawn(&child, command[0], NULL, NULL, command, variables);

    puts(error ? strerror(error) : reap(child));
    return NULL;
}

static void in_small_thread(char *how)
{
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
    pthread_create(&thread, &attributes, spawn, how);
    pthread_join(thread, NULL);
}

static long pages(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long size = -1;

    if (!file || fscanf(file, "%ld", &size) != 1)
        return -1;
    fclose(file);
    return size;
}

static const char *run_in_vfork(void)
{
    pid_t child = vfork();

    if (child == 0) {
        execve(command[0], command, variables);
        _exit(1);
    }
    return reap(child);
}

static void by_vfork(void)
{
    const char *result = "done";
    long early = 0;

    for (int i = 0; i < 1000 && strcmp(result, "done") == 0; i++) {
        result = run_in_vfork();
        if (i == 10)
            early = pages();
    }
    puts(pages() > early ? "grew" : result);
}

static void *read_all(void *unused)
{
    (void)unused;
    while (!atomic_load(&ended))
        if (getenv("LD_PRELOAD") && getenv("NO_SUCH_VARIABLE"))
            puts("what?");
    return NULL;
}

static void with_threads(void)
{
    pthread_t threads[4];
    const char *result = "done";

    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, read_all, NULL);
    for (int i = 0; i < 200; i++) {
        environ = variables;
        if (system(i ? "test \"$LD_PRELOAD\"" : "test \"$LD_PRELOAD\" && echo \"$V0\"") != 0)
            result = "not preloaded";
    }
    atomic_store(&ended, true);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    puts(result);
}

int main(int argc, char **argv)
{
    int count = argc > 2 ? atoi(argv[2]) : 0;

    if (argc != 3)
        return 2;
    variables = calloc((size_t)count + 1, sizeof *variables);
    for (int i = 0; i < count; i++)
        if (asprintf(&variables[i], "V%d=%d", i, i) < 0)
            return 2;
    if (strcmp(argv[1], "vfork") == 0)
        by_vfork();
    else if (strcmp(argv[1], "threads") == 0)
        with_threads();
    else
        in_small_thread(argv[1]);
    return 0;
}
