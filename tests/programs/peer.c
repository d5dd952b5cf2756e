/* peer STORY HOST PORT [OTHER-HOST] : whom getpeername(2) names, in the process that connected and in those which got the
 * connection from it. A story that ends in another program runs this one as: peer say FD HOST PORT, or peer take FD. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char **arguments;

static struct sockaddr_in address_of(const char *host)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[3])) };

    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        exit(2);
    return address;
}

static void say(const char *who, int fd, const char *host)
{
    struct sockaddr_in want = address_of(host), have = { 0 };
    socklen_t size = sizeof have;

    if (getpeername(fd, (struct sockaddr *)&have, &size) < 0)
        perror(who);
    else
        printf("%s: %s\n", who, memcmp(&have, &want, sizeof want) ? "another" : "the target");
    fflush(stdout);
}

static int connected_to(const char *host, int flags)
{
    struct sockaddr_in address = address_of(host);
    int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
    struct pollfd ready = { fd, POLLOUT, 0 };

    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 && !(flags & SOCK_NONBLOCK)) {
        perror("connect");
        exit(1);
    }
    poll(&ready, 1, 20000);
    return fd;
}

static void become(const char *act, int fd)
{
    char number[16];

    snprintf(number, sizeof number, "%d", fd);
    execl("/proc/self/exe", "peer", act, number, arguments[2], arguments[3], NULL);
    perror("exec");
    _exit(1);
}

static void wait_for_all(void)
{
    while (wait(NULL) > 0)
        ;
}

static void here(int flags)
{
    int fd = connected_to(arguments[2], flags), copy = dup(fd), hidden = (int)syscall(SYS_dup, fd);
    struct sockaddr_in cut = { 0 };
    socklen_t size = 4;

    say("here", fd, arguments[2]);
    say("a duplicate", copy, arguments[2]);
    say("one that was not seen", hidden, arguments[2]);
    getpeername(fd, (struct sockaddr *)&cut, &size);
    printf("cut: %u, port %d, address %x\n", size, ntohs(cut.sin_port) == atoi(arguments[3]), cut.sin_addr.s_addr);
    size = 0;
    printf("no room: %d", getpeername(fd, NULL, &size));
    printf(" %u\n", size);
    fflush(stdout);
    if (fork() == 0) {
        say("forked", fd, arguments[2]);
        _exit(0);
    }
    wait_for_all();
}

static void blocking(void)
{
    here(0);
}

static void nonblocking(void)
{
    here(SOCK_NONBLOCK);
}

static void executed(void)
{
    become("say", connected_to(arguments[2], 0));
}

static void forked(void)
{
    int fd = connected_to(arguments[2], SOCK_NONBLOCK);

    if (fork() == 0)
        become("say", fd);
    wait_for_all();
}

static void vforked(void)
{
    int fd = connected_to(arguments[2], 0);
    char number[16];

    snprintf(number, sizeof number, "%d", fd);
    if (vfork() == 0) {
        execl("/proc/self/exe", "peer", "say", number, arguments[2], arguments[3], NULL);
        _exit(1);
    }
    wait_for_all();
}

/* By a number of its own, which the connection gets in the child alone. */
static void spawned(void)
{
    char *words[] = { "peer", "say", "40", arguments[2], arguments[3], NULL };
    int fd = connected_to(arguments[2], SOCK_CLOEXEC);
    posix_spawn_file_actions_t actions;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd, 40);
    if (posix_spawn(NULL, "/proc/self/exe", &actions, NULL, words, environ) != 0)
        perror("posix_spawn");
    wait_for_all();
}

static void by_the_shell(void)
{
    char command[256], program[128] = "";
    int fd = connected_to(arguments[2], 0);

    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0)
        exit(1);
    snprintf(command, sizeof command, "exec '%s' say %d %s %s", program, fd, arguments[2], arguments[3]);
    if (system(command) != 0)
        perror("system");
}

union control {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

static void pass(int to, int fd)
{
    char byte = 0;
    union control control = { { 0 } };
    struct iovec part = { &byte, 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);

    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(rights), &fd, sizeof fd);
    if (sendmsg(to, &message, 0) != 1)
        perror("sendmsg");
}

static int take(int from)
{
    char byte;
    union control control;
    struct iovec part = { &byte, 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    int fd = -1;

    if (recvmsg(from, &message, 0) == 1 && CMSG_FIRSTHDR(&message))
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

static void passed(void)
{
    int pair[2], fd;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        exit(1);
    if (fork() == 0)
        become("take", pair[0]);
    fd = connected_to(arguments[2], SOCK_CLOEXEC);
    pass(pair[1], fd);
    close(fd);
    wait_for_all();
}

/* A number under which another connection was open is given to one that another process passes on. */
static void old_target(void)
{
    int pair[2], fd, got;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        exit(1);
    if (fork() == 0) {
        pass(pair[1], connected_to(arguments[4], 0));
        _exit(0);
    }
    wait_for_all();
    fd = connected_to(arguments[2], 0);
    close(fd);
    got = take(pair[0]);
    printf("the same number %d\n", got == fd);
    say("the other", got, arguments[4]);
}

/* Of a connection that is no tunnel, while 50 tunnels are open: 20 calls behind one of descriptor -7. */
static void cost(void)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd;
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof address;

    for (int i = 0; i < 50; i++)
        connected_to(arguments[2], i % 2 ? SOCK_NONBLOCK : 0);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    if (listen(listener, 1) < 0 || getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        exit(1);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        perror("connect");
    getpeername(fd, (struct sockaddr *)&address, &size); /* the first one of a process looks at more */
    getpeername(-7, (struct sockaddr *)&address, &size);
    for (int i = 0; i < 20; i++)
        getpeername(fd, (struct sockaddr *)&address, &size);
}

static const struct {
    const char *name;
    void (*tell)(void);
} stories[] = {
    { "blocking", blocking }, { "nonblocking", nonblocking }, { "executed", executed }, { "forked", forked },
    { "vforked", vforked },   { "spawned", spawned },         { "shell", by_the_shell },
    { "passed", passed },     { "old_target", old_target },   { "cost", cost },
};

int main(int argc, char **argv)
{
    arguments = argv;
    if (argc == 5 && strcmp(argv[1], "say") == 0) {
        arguments = argv + 1; /* the port is at the same place */
        say("in another program", atoi(argv[2]), argv[3]);
        return 0;
    }
    if (argc == 5 && strcmp(argv[1], "take") == 0) {
        arguments = argv + 1;
        say("passed on", take(atoi(argv[2])), argv[3]);
        return 0;
    }
    for (size_t i = 0; argc >= 4 && i < sizeof stories / sizeof *stories; i++)
        if (strcmp(argv[1], stories[i].name) == 0) {
            stories[i].tell();
            return 0;
        }
    return 2;
}
