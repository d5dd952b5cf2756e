/* The calls that start another program: its environment names the library and what it was told, even where
 * the program cleaned it. All of them end in execve(2) or posix_spawn(3), with an environment made for the
 * program; but system(3), popen(3) and wordexp(3), which start a shell by no call that could be hooked, have
 * this process's own made complete, for good. */
#include "../calls/descriptors.h"
#include "../process/children.h"
#include "../process/environment.h"
#include "../real.h"

#include <fcntl.h>
#include <paths.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <wordexp.h>

/* This process becomes the program: what it hands on has to be connected first,
 * for the program has no table. */
static int before_exec(struct child *child)
{
    descriptors_before_exec();
    return children_before_start(child);
}

static int after(struct child *child, int result)
{
    children_end(child);
    return result;
}

EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
    struct child child = { AT_FDCWD, path, false, argv, envp, NULL, false, false };
    int result = before_exec(&child);

    return result < 0 ? libc_result(result)
                      : after(&child, real()->execve(child.file, child.argv, child.envp));
}

EXPORT int execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
    struct child child = { AT_FDCWD, file, true, argv, envp, NULL, false, false };
    int result = before_exec(&child);

    return result < 0 ? libc_result(result)
                      : after(&child, real()->execvpe(child.file, child.argv, child.envp));
}

EXPORT int execvp(const char *file, char *const argv[])
{
    return execvpe(file, argv, environ);
}

EXPORT int execveat(int directory, const char *path, char *const argv[], char *const envp[], int flags)
{
    struct child child = { directory, path, false, argv, envp, NULL, false, false };
    int result = before_exec(&child);

    return result < 0 ? libc_result(result)
                      : after(&child, real()->execveat(child.directory, child.file, child.argv, child.envp,
                                                       child.is_between ? 0 : flags));
}

EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
    struct child child = { fd, "", false, argv, envp, NULL, false, false };
    int result = before_exec(&child);

    if (result < 0)
        return libc_result(result);
    return after(&child, child.is_between ? real()->execve(child.file, child.argv, child.envp)
                                          : real()->fexecve(fd, argv, child.envp));
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
    struct child child = { AT_FDCWD, path, false, argv, envp, NULL, false, false };
    int result = children_before_start(&child);

    descriptors_before_child(actions != NULL);
    return result < 0 ? -result
                      : after(&child, real()->posix_spawn(pid, child.file, actions, attributes, child.argv,
                                                          child.envp));
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    struct child child = { AT_FDCWD, file, true, argv, envp, NULL, false, false };
    int result = children_before_start(&child);

    descriptors_before_child(actions != NULL);
    return result < 0 ? -result
                      : after(&child, real()->posix_spawnp(pid, child.file, actions, attributes, child.argv,
                                                           child.envp));
}

/* The shell that libc itself starts, with the program's own environment. */
static int before_shell(void)
{
    static char name[] = "sh";
    static char *const argv[] = { name, NULL };
    struct child child = { AT_FDCWD, _PATH_BSHELL, false, argv, environ, NULL, true, false };
    int result = children_before_start(&child);

    descriptors_before_child(false);
    if (result == 0 && !environment_same(child.envp, environ))
        environment_put(child.envp);
    if (result == 0)
        children_end(&child);
    return result;
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

/* Without commands no program is started that could connect. */
EXPORT int wordexp(const char *words, wordexp_t *into, int flags)
{
    return real()->wordexp(words, into, before_shell() < 0 ? flags | WRDE_NOCMD : flags);
}
