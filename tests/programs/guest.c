/* guest ACT HOST:PORT [FILE] : what a process looks like around a connect(), and what becomes of its
 * descriptor 2.
 *
 *   process         descriptors, threads, signals, limits: before and after
 *   children        the environment of children, by each way of starting one
 *   file            descriptor 2 is FILE, opened after the start
 *   socket          descriptor 2 is one end of a pair; what arrives at the other end is shown
 *   tunnel          the connecting socket itself is descriptor 2
 *   closed          there is no descriptor 2
 *   full, broken    it was, from the start, a full pipe; one that nobody reads
 *   secure          connects, and says whether it runs with more rights than its user
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static struct sockaddr_in target;
static const char *self, *where, *file;

static void fail(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    exit(2);
}

static void connect_at(int fd)
{
    errno = 0;
    printf("connect: ");
    if (connect(fd, (struct sockaddr *)&target, sizeof target) == 0)
        printf("0\n");
    else
        printf("%s\n", strerror(errno));
    fflush(stdout);
}

static int tcp(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0)
        fail("socket");
    return fd;
}

static void connect_once(void)
{
    int fd = tcp();

    connect_at(fd);
    close(fd);
}

/* The directory's own descriptor is the last one. */
static void show_descriptors(void)
{
    DIR *list = opendir("/proc/self/fd");
    struct dirent *entry;
    int count = 0;

    while (list && (entry = readdir(list)))
        count += entry->d_name[0] != '.';
    printf("%d descriptors, the next is %d\n", count, list ? dirfd(list) : -1);
    closedir(list);
}

static void show_status(void)
{
    static const char *const wanted[] = { "Umask:",      "Threads:", "SigPnd:", "ShdPnd:",
                                          "SigBlk:",     "SigIgn:",  "SigCgt:", "CapEff:",
                                          "NoNewPrivs:", "Seccomp:", "FDSize:" };
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];

    while (status && fgets(line, sizeof line, status))
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
            if (strncmp(line, wanted[i], strlen(wanted[i])) == 0)
                fputs(line, stdout);
    fclose(status);
}

static void show_limits(void)
{
    struct rlimit limit;
    char directory[4096];

    for (int number = 0; number < RLIM_NLIMITS; number++)
        if (getrlimit((__rlimit_resource_t)number, &limit) == 0)
            printf("limit %d: %lld %lld\n", number, (long long)limit.rlim_cur, (long long)limit.rlim_max);
    printf("in %s\n", getcwd(directory, sizeof directory));
    printf("environment: %s\n", getenv("HOME") ? "kept" : "lost");
}

static void show_process(void)
{
    show_descriptors();
    show_status();
    show_limits();
}

static void act_process(void)
{
    show_process();
    connect_once();
    show_process();
    connect_once();
    show_process();
}

static void act_children(void)
{
    char *argv[] = { "env", "-0", NULL };
    pid_t pid;
    int status;

    connect_once();
    puts("fork and exec");
    fflush(stdout);
    if ((pid = fork()) == 0) {
        execve("/usr/bin/env", argv, environ);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    puts("posix_spawn");
    fflush(stdout);
    if (posix_spawn(&pid, "/usr/bin/env", NULL, NULL, argv, environ) == 0)
        waitpid(pid, &status, 0);
    puts("system");
    fflush(stdout);
    if (system("env -0") != 0)
        puts("system failed");
}

static void act_file(void)
{
    struct stat seen;
    int fd = tcp();

    close(STDERR_FILENO);
    if (open(file, O_RDWR | O_CREAT, 0600) != STDERR_FILENO)
        fail(file);
    connect_at(fd);
    fstat(STDERR_FILENO, &seen);
    printf("%lld bytes\n", (long long)seen.st_size);
}

static void act_socket(void)
{
    char bytes[256];
    ssize_t count;
    int pair[2], fd = tcp();

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || dup2(pair[0], STDERR_FILENO) < 0)
        fail("socketpair");
    connect_at(fd);
    count = recv(pair[1], bytes, sizeof bytes, MSG_DONTWAIT);
    printf("%zd bytes\n", count < 0 ? 0 : count);
}

static void act_tunnel(void)
{
    int fd = tcp();

    if (dup2(fd, STDERR_FILENO) < 0)
        fail("dup2");
    connect_at(STDERR_FILENO);
    connect_at(STDERR_FILENO);
}

static void act_closed(void)
{
    int fd = tcp();

    close(STDERR_FILENO);
    connect_at(fd);
    printf("2 is %s\n", fcntl(STDERR_FILENO, F_GETFD) < 0 ? "closed" : "open");
}

/* The library looks at descriptor 2 when a program starts, so it starts once more. */
static void again(const char *act)
{
    execl(self, self, act, where, "3", NULL);
    fail(self);
}

static void act_full(void)
{
    char page[4096] = { 0 };
    int ends[2];

    if (pipe(ends) < 0)
        fail("pipe");
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], page, sizeof page) > 0)
        ;
    fcntl(ends[1], F_SETFL, 0);
    dup2(ends[1], STDERR_FILENO);
    again("filled");
}

static void act_filled(void)
{
    struct timespec before, after;

    clock_gettime(CLOCK_MONOTONIC, &before);
    connect_once();
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("%s\n", after.tv_sec - before.tv_sec < 5 ? "at once" : "late");
}

static void act_broken(void)
{
    int ends[2];

    if (pipe(ends) < 0)
        fail("pipe");
    close(ends[0]);
    dup2(ends[1], STDERR_FILENO);
    signal(SIGPIPE, SIG_DFL);
    again("survives");
}

static void act_survives(void)
{
    sigset_t pending;

    connect_once();
    sigpending(&pending);
    printf("alive, SIGPIPE is %s\n", sigismember(&pending, SIGPIPE) ? "pending" : "not pending");
}

static void act_secure(void)
{
    printf("AT_SECURE %lu\n", getauxval(AT_SECURE));
    connect_once();
}

static const struct {
    const char *name;
    void (*run)(void);
} acts[] = {
    { "process", act_process },   { "children", act_children }, { "file", act_file },
    { "socket", act_socket },     { "tunnel", act_tunnel },     { "closed", act_closed },
    { "full", act_full },         { "filled", act_filled },     { "broken", act_broken },
    { "survives", act_survives }, { "secure", act_secure },
};

int main(int argc, char **argv)
{
    char *colon = argc > 2 ? strrchr(argv[2], ':') : NULL;

    if (!colon)
        return 2;
    self = "/proc/self/exe";
    where = strdup(argv[2]);
    file = argc > 3 ? argv[3] : "";
    *colon = '\0';
    target.sin_family = AF_INET;
    target.sin_port = htons((uint16_t)atoi(colon + 1));
    if (inet_pton(AF_INET, argv[2], &target.sin_addr) != 1)
        return 2;
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (strcmp(acts[i].name, argv[1]) == 0)
            return acts[i].run(), 0;
    return 2;
}
