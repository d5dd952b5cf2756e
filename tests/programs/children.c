/* children WAY COMMAND [ARGUMENT]... : start COMMAND with nothing but OWN=1 and a PATH in its environment.
 *
 * WAY is one of the calls below; in front of it `vfork-`: in a child of vfork(2) that is waited for. `emptied-`: with an
 * empty LD_PRELOAD besides. If it cannot be started: "WAY EACCES" on stdout, exit status 1; else that of the command. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char own[] = "OWN=1", path[] = "PATH=/usr/local/bin:/usr/bin:/bin", emptied[] = "LD_PRELOAD=";
static char *clean[] = { own, path, NULL, NULL };

static int wait_for(pid_t pid)
{
    int status = 0;

    waitpid(pid, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128); /* perhaps in a child of vfork(2) */
}

static int by_execve(char **argv)
{
    return execve(argv[0], argv, clean);
}

static int by_execv(char **argv)
{
    environ = clean;
    return execv(argv[0], argv);
}

static int by_execvp(char **argv)
{
    environ = clean;
    return execvp(argv[0], argv);
}

static int by_execvpe(char **argv)
{
    return execvpe(argv[0], argv, clean);
}

static int by_execl(char **argv)
{
    environ = clean;
    return execl(argv[0], argv[0], argv[1], argv[1] ? argv[2] : NULL, NULL);
}

static int by_execlp(char **argv)
{
    environ = clean;
    return execlp(argv[0], argv[0], argv[1], argv[1] ? argv[2] : NULL, NULL);
}

static int by_execle(char **argv)
{
    char *one = argv[1], *two = one ? argv[2] : NULL;

    if (two)
        return execle(argv[0], argv[0], one, two, NULL, clean);
    return one ? execle(argv[0], argv[0], one, NULL, clean) : execle(argv[0], argv[0], NULL, clean);
}

static int by_execveat(char **argv)
{
    char *slash = strrchr(argv[0], '/');
    int directory;

    *slash = '\0';
    directory = open(argv[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
    *slash = '/';
    return execveat(directory, slash + 1, argv, clean, 0);
}

static int by_fexecve(char **argv)
{
    return fexecve(open(argv[0], O_RDONLY | O_CLOEXEC), argv, clean);
}

static int by_syscall(char **argv)
{
    return (int)syscall(SYS_execve, argv[0], argv, clean);
}

static int by_syscall_at(char **argv)
{
    return (int)syscall(SYS_execveat, AT_FDCWD, argv[0], argv, clean, 0);
}

static int by_posix_spawn(char **argv)
{
    pid_t pid;
    int error = posix_spawn(&pid, argv[0], NULL, NULL, argv, clean);

    errno = error;
    return error ? -1 : wait_for(pid);
}

static int by_posix_spawnp(char **argv)
{
    pid_t pid;
    int error = posix_spawnp(&pid, argv[0], NULL, NULL, argv, clean);

    errno = error;
    return error ? -1 : wait_for(pid);
}

static void words_of(char *out, size_t size, char **argv)
{
    for (size_t used = 0; *argv && used < size; argv++)
        used += (size_t)snprintf(out + used, size - used, "'%s' ", *argv);
}

static int by_system(char **argv)
{
    char words[4096];
    int status;

    words_of(words, sizeof words, argv);
    environ = clean;
    status = system(words);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128);
}

static int by_popen(char **argv)
{
    char words[4096];
    int byte, status;
    FILE *child;

    words_of(words, sizeof words, argv);
    environ = clean;
    child = popen(words, "r");
    while (child && (byte = fgetc(child)) != EOF)
        putchar(byte);
    fflush(stdout);
    status = child ? pclose(child) : -1;
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128);
}

static const struct {
    const char *name;
    int (*start)(char **argv);
} ways[] = {
    { "execve", by_execve },
    { "execv", by_execv },
    { "execvp", by_execvp },
    { "execvpe", by_execvpe },
    { "execl", by_execl },
    { "execlp", by_execlp },
    { "execle", by_execle },
    { "execveat", by_execveat },
    { "fexecve", by_fexecve },
    { "SYS_execve", by_syscall },
    { "SYS_execveat", by_syscall_at },
    { "posix_spawn", by_posix_spawn },
    { "posix_spawnp", by_posix_spawnp },
    { "system", by_system },
    { "popen", by_popen }, /* of a shell that does nothing but this */
};

static bool begins(const char **way, const char *with)
{
    bool does = strncmp(*way, with, strlen(with)) == 0;

    *way += does ? strlen(with) : 0;
    return does;
}

static int start(const char *way, char **argv)
{
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (strcmp(ways[i].name, way) == 0)
            return ways[i].start(argv);
    errno = ENOSYS;
    return -1;
}

/* What the child learns it leaves in errno, which is the parent's too. */
static int start_in_vfork(const char *way, char **argv)
{
    char **before = environ;
    pid_t pid = vfork();

    if (pid == 0) {
        start(way, argv);
        _exit(99);
    }
    environ = before;
    if (errno)
        return -1;
    return wait_for(pid);
}

int main(int argc, char **argv)
{
    const char *way = argv[1];
    bool vforked;

    if (argc < 3) {
        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
            puts(ways[i].name);
        return 0;
    }
    if (begins(&way, "emptied-"))
        clean[2] = emptied;
    vforked = begins(&way, "vfork-");
    errno = 0;
    if (vforked)
        start_in_vfork(way, argv + 2);
    else
        start(way, argv + 2);
    printf("%s %s\n", argv[1], strerrorname_np(errno));
    return 1;
}
