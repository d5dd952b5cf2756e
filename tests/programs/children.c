/* children WAY COMMAND [ARGUMENT]... : start COMMAND with nothing but OWN=1 and a PATH in its environment.
 * children: the calls that WAY names, a line each. children --broken: the kinds of environment, a line each.
 *
 * WAY is one of the calls; in front of it `vfork-`: in a child of vfork(2) that is waited for; in front of that the kind of
 * environment, `emptied-` and others below: with an LD_PRELOAD besides, or several. If it cannot be started: "WAY EACCES" on
 * stdout, exit status 1; else that of the command. */
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
#include <wordexp.h>

static char own[] = "OWN=1", path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
static char *clean[] = { own, path, NULL, NULL, NULL, NULL };

/* %s is the LD_PRELOAD of this program. */
static const struct {
    const char *kind, *words[3];
} kinds[] = {
    { "emptied-", { "LD_PRELOAD=" } },
    { "twice-", { "LD_PRELOAD=%s", "LD_PRELOAD=" } },
    { "around-", { "LD_PRELOAD=libm.so.6", "LD_PRELOAD=%s", "LD_PRELOAD=libm.so.6" } },
    { "gone-", { "LD_PRELOAD=/no/such/folder/libptunnel.so" } },
    { "bare-", { "LD_PRELOAD=libptunnel.so" } },
    { "blank-", { "LD_PRELOAD= : " } },
    { "expanded-", { "LD_PRELOAD=/nosuch/$LIB/libptunnel.so" } },
    { "text-", { "LD_PRELOAD=/proc/self/status/libptunnel.so:libm.so.6" } },
};

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

static int by_wordexp(char **argv)
{
    char words[4096] = "$(";
    wordexp_t found;
    int error;

    words_of(words + 2, sizeof words - 3, argv);
    strcat(words, ")");
    environ = clean;
    error = wordexp(words, &found, 0);
    for (size_t i = 0; !error && i < found.we_wordc; i++)
        printf("%s%s", i ? " " : "", found.we_wordv[i]);
    puts(error == WRDE_CMDSUB ? "no commands" : error ? "no words" : "");
    fflush(stdout);
    _exit(error == WRDE_CMDSUB ? 126 : error);
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
    { "wordexp", by_wordexp },
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

static int list(bool broken)
{
    for (size_t i = 0; broken && i < sizeof kinds / sizeof *kinds; i++)
        puts(kinds[i].kind);
    for (size_t i = 0; !broken && i < sizeof ways / sizeof *ways; i++)
        puts(ways[i].name);
    return 0;
}

static void add_broken(const char **way)
{
    static char words[3][8192];
    const char *preload = getenv("LD_PRELOAD");

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!begins(way, kinds[i].kind))
            continue;
        for (size_t word = 0; word < 3 && kinds[i].words[word]; word++) {
            const char *is = strchr(kinds[i].words[word], '=') + 1;

            snprintf(words[word], sizeof words[word], "LD_PRELOAD=%s",
                     strcmp(is, "%s") != 0 ? is : preload ? preload : "");
            clean[2 + word] = words[word];
        }
    }
}

int main(int argc, char **argv)
{
    const char *way = argv[1];
    bool vforked;

    if (argc < 3)
        return list(argc == 2);
    add_broken(&way);
    vforked = begins(&way, "vfork-");
    errno = 0;
    if (vforked)
        start_in_vfork(way, argv + 2);
    else
        start(way, argv + 2);
    printf("%s %s\n", argv[1], strerrorname_np(errno));
    return 1;
}
