/* sandbox CALL[,CALL]... ERRNO exec COMMAND... : the command, in a sandbox where these system calls fail with this number.
 * sandbox CALL[,CALL]... ERRNO HOW HOST:PORT... : the sandbox closes when the names have been looked up; then a line for each
 * target: "heard hello", "sent" or the error.
 *
 *     tcp   a blocking connect()                asking   a non-blocking one, waited for by poll() and asked for SO_ERROR
 *     udp   a datagram, after connect()         to       a datagram, by sendto()
 *     fast  MSG_FASTOPEN
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CALLS = 8, TARGETS = 16 };

static const struct {
    const char *name;
    int number;
} known[] = {
    { "setsockopt", SYS_setsockopt }, { "getsockopt", SYS_getsockopt }, { "getsockname", SYS_getsockname },
    { "getpeername", SYS_getpeername }, { "ppoll", SYS_ppoll }, { "recvfrom", SYS_recvfrom }, { "sendto", SYS_sendto },
    { "shutdown", SYS_shutdown }, { "futex", SYS_futex }, { "rt_sigprocmask", SYS_rt_sigprocmask },
    { "rt_sigaction", SYS_rt_sigaction }, { "rt_sigpending", SYS_rt_sigpending }, { "epoll_ctl", SYS_epoll_ctl },
    { "gettid", SYS_gettid }, { "getpid", SYS_getpid }, { "tkill", SYS_tkill }, { "madvise", SYS_madvise },
    { "mmap", SYS_mmap }, { "munmap", SYS_munmap }, { "openat", SYS_openat }, { "close", SYS_close },
    { "fcntl", SYS_fcntl }, { "dup3", SYS_dup3 }, { "ioctl", SYS_ioctl }, { "read", SYS_read }, { "pread64", SYS_pread64 },
    { "pwrite64", SYS_pwrite64 }, { "getuid", SYS_getuid }, { "getppid", SYS_getppid }, { "socket", SYS_socket },
    { "fstat", SYS_fstat }, { "geteuid", SYS_geteuid }, { "getrandom", SYS_getrandom }, { "uname", SYS_uname },
    { "mprotect", SYS_mprotect },
#ifdef SYS_newfstatat
    { "newfstatat", SYS_newfstatat },
#endif

    { "unshare", SYS_unshare },
    { "pidfd_getfd", 438 },
#ifdef SYS_poll
    { "poll", SYS_poll },
#endif
};

static int number_of(const char *name)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].number;
    fprintf(stderr, "sandbox: %s is not known\n", name);
    exit(77);
}

static void close_sandbox(char *calls, int error)
{
    struct sock_filter code[2 * CALLS + 2] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)) };
    struct sock_fprog program = { 1, code };

    for (char *name = strtok(calls, ","); name && program.len < 2 * CALLS; name = strtok(NULL, ",")) {
        code[program.len++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number_of(name), 0, 1);
        code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error);
    }
    code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        exit(77);
}

static struct addrinfo *look_up(char *target, int type)
{
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = type }, *found;
    char *port = strrchr(target, ':');
    int error;

    *port = '\0';
    error = getaddrinfo(target, port + 1, &hints, &found);
    *port = ':';
    if (error == 0)
        return found;
    printf("%s: %s\n", target, gai_strerror(error));
    exit(1);
}

/* 0 or the error of a connect(), which may take its time. */
static int connect_to(int fd, const struct addrinfo *to)
{
    struct pollfd ready = { .fd = fd, .events = POLLOUT };
    int error = 0;
    socklen_t size = sizeof error;

    if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS || !(to->ai_flags & SOCK_NONBLOCK))
        return errno;
    if (poll(&ready, 1, 5000) < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        return errno;
    return error;
}

static void hear(int fd)
{
    char line[64] = "";
    ssize_t size = recv(fd, line, sizeof line - 1, 0);
    struct pollfd ready = { .fd = fd, .events = POLLIN };

    if (size < 0 && errno == EAGAIN && poll(&ready, 1, 5000) == 1)
        size = recv(fd, line, sizeof line - 1, 0);
    printf("%s%.*s\n", size < 0 ? strerror(errno) : "heard ", (int)strcspn(line, "\r\n"), line);
}

static void send_fast(const struct addrinfo *to)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (sendto(fd, "?", 1, MSG_FASTOPEN, to->ai_addr, to->ai_addrlen) < 0)
        printf("%s\n", strerror(errno));
    else
        hear(fd);
}

static void try(const char *how, struct addrinfo *to)
{
    int fd = socket(AF_INET, to->ai_socktype | (strcmp(how, "asking") == 0 ? SOCK_NONBLOCK : 0), 0);
    int error = strcmp(how, "to") == 0 ? 0 : connect_to(fd, to);

    if (fd < 0 || error)
        printf("%s\n", strerror(error ? error : errno));
    else if (to->ai_socktype == SOCK_STREAM)
        hear(fd);
    else if (strcmp(how, "to") == 0)
        printf("%s\n", sendto(fd, "?", 1, 0, to->ai_addr, to->ai_addrlen) == 1 ? "sent" : strerror(errno));
    else
        printf("%s\n", write(fd, "?", 1) == 1 ? "sent" : strerror(errno));
}

int main(int argc, char **argv)
{
    struct addrinfo *targets[TARGETS] = { NULL };

    if (argc < 5)
        return 2;
    if (strcmp(argv[3], "exec") == 0) {
        close_sandbox(argv[1], atoi(argv[2]));
        execvp(argv[4], argv + 4);
        return 126;
    }
    for (int i = 3; i + 1 < argc && i / 2 <= TARGETS; i += 2) {
        bool stream = strcmp(argv[i], "tcp") == 0 || strcmp(argv[i], "asking") == 0 || strcmp(argv[i], "fast") == 0;

        targets[i / 2 - 1] = look_up(argv[i + 1], stream ? SOCK_STREAM : SOCK_DGRAM);
        targets[i / 2 - 1]->ai_flags = strcmp(argv[i], "asking") == 0 ? SOCK_NONBLOCK : 0;
    }
    close_sandbox(argv[1], atoi(argv[2]));
    for (int i = 3; i + 1 < argc && i / 2 <= TARGETS; i += 2)
        if (strcmp(argv[i], "fast") == 0)
            send_fast(targets[i / 2 - 1]);
        else
            try(argv[i], targets[i / 2 - 1]);
    return 0;
}
