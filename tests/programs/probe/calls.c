/* Calls with arguments that are unusual, or wrong: the kernel judges them, whatever the state of the tunnel. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Not constants, for the compiler would complain. */
static void *volatile null, *volatile nowhere = (void *)-1L;
static volatile int too_many = IOV_MAX + 1, too_few = -1;

static char *seven[] = { "sh", "-c", "exit 7", NULL };

/* Each in a child: only a call that failed comes back. */
#define TRY(call)                                               \
    do {                                                        \
        int status_ = 0;                                        \
        pid_t pid_ = fork();                                    \
                                                                \
        if (pid_ == 0) {                                        \
            errno = EDOM;                                       \
            say("%s: %s", #call, outcome(call));                \
            _exit(0);                                           \
        }                                                       \
        waitpid(pid_, &status_, 0);                             \
        if (status_)                                            \
            say("%s: ended with %x", #call, (unsigned)status_); \
    } while (0)

static void exec_odd(void)
{
    static char *none[] = { NULL };
    int shell = open("/bin/sh", O_PATH | O_CLOEXEC);

    TRY(execve("/bin/sh", seven, null));
    TRY(execve("/bin/true", null, environ));
    TRY(execve("/bin/true", none, environ));
    TRY(execve("/bin/sh", seven, nowhere));
    TRY(execve("/bin/true", nowhere, environ));
    TRY(execve(null, seven, environ));
    TRY(execve(nowhere, seven, environ));
    TRY(execve("", seven, environ));
    TRY(execve("/bin/true/nothing", seven, environ));
    TRY(execve("/", seven, environ));
    TRY(execvp("true", null));
    TRY(execvp("", seven));
    TRY(execveat(AT_FDCWD, null, seven, environ, 0));
    TRY(execveat(AT_FDCWD, nowhere, seven, environ, 0));
    TRY(execveat(shell, "", seven, environ, 0));
    TRY(execveat(shell, "", seven, environ, AT_EMPTY_PATH));
    TRY(execveat(-5, "sh", seven, environ, 0));
    TRY(fexecve(shell, null, environ));
    TRY(fexecve(-1, seven, environ));
    TRY(syscall(SYS_execve, "/bin/sh", seven, environ));
    TRY(syscall(SYS_execveat, shell, "", seven, environ, AT_EMPTY_PATH));
}

static void *start_shell(void *nothing)
{
    TRY(execve("/bin/sh", seven, environ));
    return nothing;
}

static void start_shell_at_signal(int number)
{
    (void)number;
    start_shell(NULL);
}

/* In a handler whose stack is of the size that SIGSTKSZ once was. */
static void signal_on_small_stack(void (*handler)(int number))
{
    enum { SIZE = 8192, WALL = 4096 };
    char *memory = mmap(NULL, SIZE + WALL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = { .ss_sp = memory + WALL, .ss_size = SIZE };
    struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };

    mprotect(memory, WALL, PROT_NONE);
    if (sigaltstack(&stack, NULL) < 0)
        fail("sigaltstack");
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
}

static void exec_small_stacks(void)
{
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
    if (pthread_create(&thread, &attributes, start_shell, NULL) != 0)
        fail("pthread_create");
    pthread_join(thread, NULL);
    signal_on_small_stack(start_shell_at_signal);
}

static struct address small_target;
static int small_fd, small_result;

static void connect_at_signal(int number)
{
    (void)number;
    small_result = connect(small_fd, (struct sockaddr *)&small_target.at, small_target.size);
}

/* The first one of the process, which has to read its configuration there. */
static void connect_on_small_stack(void)
{
    int listening = listener();

    small_target = address_of(listening);
    small_fd = tcp();
    signal_on_small_stack(connect_at_signal);
    say("%d", small_result);
    say_exchange(small_fd, listening);
}

/* Neither is a cancellation point. */
static void *start_cancelled(void *started)
{
    pid_t *pids = started;

    pthread_cancel(pthread_self());
    posix_spawn(&pids[0], "/bin/sh", NULL, NULL, seven, environ);
    pids[1] = fork();
    if (pids[1] == 0) {
        execve("/bin/sh", seven, environ);
        _exit(1);
    }
    return started;
}

static void exec_cancelled(void)
{
    pid_t started[2] = { 0 };
    pthread_t thread;
    void *result = NULL;

    if (pthread_create(&thread, NULL, start_cancelled, started) != 0)
        fail("pthread_create");
    pthread_join(thread, &result);
    say("%s", result == started ? "went on" : "cancelled");
    for (int i = 0; i < 2; i++) {
        int status = 0;

        say("%d: %s", i, started[i] > 0 && waitpid(started[i], &status, 0) == started[i] ? "a child" : "none");
        say("%d: ended with %x", i, (unsigned)status);
    }
}

static void try_popen(const char *way)
{
    FILE *stream = popen("exit 7", way);

    if (!stream) {
        say("popen %s: %s", way, error_name(errno));
        return;
    }
    say("popen %s: flags %x", way, (unsigned)fcntl(fileno(stream), F_GETFD));
    say("popen %s: %x", way, (unsigned)pclose(stream));
}

static void shells(void)
{
    static const char *const modes[] = { "r", "w", "re", "we", "rw", "", "x" };

    TRY(system(NULL));
    TRY(system("exit 7"));
    TRY(system("kill -9 $$"));
    TRY(system("/nonesuch 2> /dev/null"));
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        try_popen(modes[i]);
}

/* A blocking socket on its way, which it stays as long as the row is at it. */
static int on_its_way(void)
{
    struct timeval time = { 0, 100000 };
    struct address slow = address_of(full_listener());
    int fd = tcp();

    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
    say("%s", connected(fd, &slow));
    return fd;
}

/* The set ends where the memory ends, whatever count says of it. */
static void select_beyond_the_set(void)
{
    static const int counts[] = { 1024, 1025, 20000, 1024 * 1024, INT_MAX };
    enum { PAGE = 4096 };
    char *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fd_set *set = (fd_set *)(memory + PAGE - sizeof *set), *sets[3] = { NULL };
    int fd = on_its_way();

    mprotect(memory + PAGE, PAGE, PROT_NONE);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (int which = 0; which < 3; which++) {
            struct timeval time = { 0, 20000 };

            FD_ZERO(set);
            FD_SET(fd, set);
            sets[which] = set;
            say("%d: %s", counts[i], outcome(select(counts[i], sets[0], sets[1], sets[2], &time)));
            say("%d: in it %d", counts[i], FD_ISSET(fd, set) != 0);
            sets[which] = NULL;
        }
}

/* What the kernel answers without a look at the connection. */
static void nothing_asked(void)
{
    char byte;
    struct iovec part = { &byte, 1 };
    struct mmsghdr message = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };
    int64_t start = now_ms();
    int fd = on_its_way();

    TRY(read(fd, &byte, 0));
    TRY(readv(fd, &part, 0));
    TRY(readv(fd, &part, too_few));
    TRY(readv(fd, &part, too_many));
    TRY(preadv2(fd, &part, 1, 0, 0));
    TRY(writev(fd, &part, 0));
    TRY(writev(fd, &part, too_many));
    TRY(pwritev2(fd, &part, 1, 7, 0));
    TRY(recvmmsg(fd, &message, 0, 0, NULL));
    TRY(sendmmsg(fd, &message, 0, 0));
    TRY(recv(fd, &byte, 1, MSG_ERRQUEUE));
    TRY(recvfrom(fd, &byte, 1, MSG_ERRQUEUE, NULL, NULL));
    TRY(recvmsg(fd, &message.msg_hdr, MSG_ERRQUEUE));
    TRY(recvmmsg(fd, &message, 1, MSG_ERRQUEUE, NULL));
    TRY(ioctl(fd, FIONREAD, null));
    TRY(ioctl(fd, FIONREAD, nowhere));
    say("%s", now_ms() - start < 2000 ? "at once" : "late");
}

/* What a message carries is looked at while something is on its way; here it is malformed. */
static void odd_messages(void)
{
    static const size_t sizes[] = { 0, 4, sizeof(struct cmsghdr), 1000, (size_t)1 << 40, ~(size_t)0 };
    union {
        struct cmsghdr header;
        char bytes[64];
    } control = { .header = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
    char byte = 'x';
    struct iovec part = { &byte, 1 };
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = 64
    };
    int pair[2], fd = on_its_way();

    if (fd < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        fail("socketpair");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        control.header.cmsg_len = sizes[i];
        TRY(sendmsg(pair[0], &message, 0));
    }
    message.msg_controllen = ~(size_t)0 / 2;
    TRY(sendmsg(pair[0], &message, 0));
    message.msg_controllen = 64;
    message.msg_control = nowhere;
    TRY(sendmsg(pair[0], &message, 0));
}

static void odd_times(void)
{
    struct epoll_event event;
    int set = epoll_create1(0);

    TRY(epoll_pwait2(set, &event, 1, nowhere, NULL));
    TRY(syscall(SYS_epoll_pwait, set, &event, 1, 0, NULL, 8));
    TRY(syscall(SYS_epoll_pwait2, set, &event, 0, NULL, NULL, 8));
}

const struct row call_rows[] = {
    { "odd arguments of exec", exec_odd },
    { "small stacks and exec", exec_small_stacks },
    { "small stacks and connect", connect_on_small_stack },
    { "starting while cancelled", exec_cancelled },
    { "shells", shells },
    { "select beyond the set", select_beyond_the_set },
    { "calls that ask for nothing", nothing_asked },
    { "odd messages", odd_messages },
    { "odd times", odd_times },
    { 0 },
};
