/* The calls that start another program: its environment names the library and what it was told, even where
 * the program cleaned it. All of them end in execve(2) or posix_spawn(3), with the environment completed on
 * this stack; but system(3) and popen(3), which start a shell by no call that could be hooked, have it
 * completed where it is. */
#include "../calls/descriptors.h"
#include "../process/children.h"
#include "../process/guest.h"
#include "../real.h"

#include <fcntl.h>
#include <paths.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char *const *completed(void *room, char *const *envp)
{
    return room && guest_may_act() ? environment_complete(room, envp) : envp;
}

/* On the stack of whoever says it, since it has to last until exec. */
#define COMPLETED(envp) completed(children_readable(envp) ? CHILDREN_ROOM(envp) : NULL, envp)

/* This process becomes the program: what it hands on has to be connected first,
 * for the program has no table. */
static int before_exec(const struct child *child)
{
    descriptors_before_exec();
    return children_before_start(child);
}

EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
    char *const *whole = COMPLETED(envp);
    int result = before_exec(&(struct child){ AT_FDCWD, path, false, argv, whole });

    return result < 0 ? libc_result(result) : real()->execve(path, argv, whole);
}

EXPORT int execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
    char *const *whole = COMPLETED(envp);
    int result = before_exec(&(struct child){ AT_FDCWD, file, true, argv, whole });

    return result < 0 ? libc_result(result) : real()->execvpe(file, argv, whole);
}

EXPORT int execvp(const char *file, char *const argv[])
{
    return execvpe(file, argv, environ);
}

EXPORT int execveat(int directory, const char *path, char *const argv[], char *const envp[], int flags)
{
    char *const *whole = COMPLETED(envp);
    int result = before_exec(&(struct child){ directory, path, false, argv, whole });

    return result < 0 ? libc_result(result) : real()->execveat(directory, path, argv, whole, flags);
}

EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
    char *const *whole = COMPLETED(envp);
    int result = before_exec(&(struct child){ fd, "", false, argv, whole });

    return result < 0 ? libc_result(result) : real()->fexecve(fd, argv, whole);
}

/* The words of execl and its like, from the second on, and the NULL behind them. */
static size_t count_words(va_list list)
{
    size_t count = 1;

    while (va_arg(list, char *))
        count++;
    return count;
}

#define COLLECT(argv, first)                                                                                 \
    do {                                                                                                     \
        va_list list;                                                                                        \
        size_t words = 1;                                                                                    \
        va_start(list, first);                                                                               \
        words += count_words(list);                                                                          \
        va_end(list);                                                                                        \
        (argv) = __builtin_alloca((words + 1) * sizeof(char *));                                             \
        va_start(list, first);                                                                               \
        (argv)[0] = (char *)(first);                                                                         \
        for (size_t i = 1; i < words; i++)                                                                   \
            (argv)[i] = va_arg(list, char *);                                                                \
        va_end(list);                                                                                        \
    } while (0)

EXPORT int execl(const char *path, const char *first, ...)
{
    char **argv;

    COLLECT(argv, first);
    return execve(path, argv, environ);
}

EXPORT int execlp(const char *file, const char *first, ...)
{
    char **argv;

    COLLECT(argv, first);
    return execvpe(file, argv, environ);
}

EXPORT int execle(const char *path, const char *first, ...)
{
    char **argv, **envp = NULL;
    va_list rest;

    COLLECT(argv, first);
    va_start(rest, first);
    for (char *const *word = argv; *word; word++) /* those behind the first, and the NULL */
        envp = va_arg(rest, char **);
    envp = va_arg(rest, char **);
    va_end(rest);
    return execve(path, argv, envp);
}

EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    char *const *whole = COMPLETED(envp);
    int result = children_before_start(&(struct child){ AT_FDCWD, path, false, argv, whole });

    descriptors_before_child(actions != NULL);
    return result < 0 ? -result : real()->posix_spawn(pid, path, actions, attributes, argv, whole);
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    char *const *whole = COMPLETED(envp);
    int result = children_before_start(&(struct child){ AT_FDCWD, file, true, argv, whole });

    descriptors_before_child(actions != NULL);
    return result < 0 ? -result : real()->posix_spawnp(pid, file, actions, attributes, argv, whole);
}

/* The shell that system(3) and popen(3) start with the program's own environment. */
static int before_shell(void)
{
    static char name[] = "sh";
    static char *const argv[] = { name, NULL };
    int saved = errno;

    if (guest_may_act())
        environment_put_back();
    errno = saved;
    descriptors_before_child(false);
    return children_before_start(&(struct child){ AT_FDCWD, _PATH_BSHELL, false, argv, environ });
}

EXPORT int system(const char *command)
{
    int result = command ? before_shell() : 0; /* NULL: only whether there is a shell */

    return result < 0 ? libc_result(result) : real()->system(command);
}

EXPORT FILE *popen(const char *command, const char *mode)
{
    int result = before_shell();

    if (result < 0) {
        errno = -result;
        return NULL;
    }
    return real()->popen(command, mode);
}
