/* leaks ADDRESS PORT ALLOWED : tries every way that is known to get a packet or a connection to ADDRESS:PORT past whoever
 * stands in between; ALLOWED is a port of the same address that may be connected to. A line for each way, with what
 * its last call said. Whether something arrived only the other side can tell. Built static. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/vm_sockets.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 1000, QUERY_SIZE = 29 };

static struct sockaddr_in forbidden, allowed;
static const char query[QUERY_SIZE] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\5leaks\4test\0\0\1\0\1";

static int tcp(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static long to_forbidden(int fd)
{
    return connect(fd, (struct sockaddr *)&forbidden, sizeof forbidden);
}

static struct sockaddr_in at_port(int port)
{
    struct sockaddr_in at = forbidden;

    at.sin_port = htons((uint16_t)port);
    return at;
}

/* --- connect() --- */

static long blocking(void)
{
    return to_forbidden(tcp());
}

static long non_blocking(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct pollfd done = { fd, POLLOUT, 0 };

    to_forbidden(fd);
    return poll(&done, 1, 300);
}

static long by_ipv6_socket(void)
{
    struct sockaddr_in6 mapped = { .sin6_family = AF_INET6, .sin6_port = forbidden.sin_port };

    memset(mapped.sin6_addr.s6_addr + 10, 0xff, 2);
    memcpy(mapped.sin6_addr.s6_addr + 12, &forbidden.sin_addr, 4);
    return connect(socket(AF_INET6, SOCK_STREAM, 0), (struct sockaddr *)&mapped, sizeof mapped);
}

static long again_on_a_tunnel(void)
{
    static const struct sockaddr unspecified = { .sa_family = AF_UNSPEC };
    int fd = tcp();

    connect(fd, (struct sockaddr *)&allowed, sizeof allowed);
    connect(fd, &unspecified, sizeof unspecified);
    return to_forbidden(fd);
}

static long non_blocking_again(void)
{
    static const struct sockaddr unspecified = { .sa_family = AF_UNSPEC };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), error;
    struct pollfd done = { fd, POLLOUT, 0 };
    socklen_t size = sizeof error;

    connect(fd, (struct sockaddr *)&allowed, sizeof allowed);
    poll(&done, 1, 5000);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    connect(fd, &unspecified, sizeof unspecified);
    to_forbidden(fd);
    return poll(&done, 1, 300);
}

static long mptcp(void)
{
    return to_forbidden(socket(AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */));
}

static long sctp(void)
{
    return to_forbidden(socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP));
}

/* --- other ABIs --- */

#ifdef __x86_64__
static long int_0x80(long number, long a, long b, long c)
{
    long result;

    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "r8", "r9", "r10", "r11", "memory");
    errno = (int)-result;
    return result < 0 ? -1 : result;
}

static long by_32_bits(void)
{
    struct sockaddr_in *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

    *low = forbidden;
    return int_0x80(362 /* connect */, tcp(), (long)low, sizeof *low);
}

static long by_x32(void)
{
    return syscall(0x40000000 | SYS_connect, tcp(), &forbidden, sizeof forbidden);
}
#endif

static long by_io_uring(void)
{
    struct io_uring_params set = { 0 };
    int ring = (int)syscall(SYS_io_uring_setup, 1, &set);
    struct io_uring_sqe *entry;
    unsigned *queue;

    if (ring < 0)
        return -1;
    queue = mmap(NULL, set.sq_off.array + sizeof(unsigned), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
    entry = mmap(NULL, sizeof *entry, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
    entry->opcode = IORING_OP_CONNECT;
    entry->fd = tcp();
    entry->addr = (uintptr_t)&forbidden;
    entry->off = sizeof forbidden;
    atomic_store((_Atomic unsigned *)((char *)queue + set.sq_off.tail), 1);
    return syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
}

/* --- a connect() that hides in a send --- */

static long fast_open_sendto(void)
{
    return sendto(tcp(), "x", 1, MSG_FASTOPEN, (struct sockaddr *)&forbidden, sizeof forbidden);
}

static struct msghdr message_to(struct sockaddr_in *to, struct iovec *piece)
{
    *piece = (struct iovec){ (char *)query, sizeof query };
    return (struct msghdr){ .msg_name = to, .msg_namelen = sizeof *to, .msg_iov = piece, .msg_iovlen = 1 };
}

static long fast_open_sendmsg(void)
{
    struct iovec piece;
    struct msghdr message = message_to(&forbidden, &piece);

    return sendmsg(tcp(), &message, MSG_FASTOPEN);
}

static long fast_open_connect(void)
{
    int fd = tcp(), on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on);
    to_forbidden(fd);
    return write(fd, "x", 1);
}

/* --- datagrams --- */

static int udp(void)
{
    return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static long datagram(void)
{
    return sendto(udp(), query, sizeof query, 0, (struct sockaddr *)&forbidden, sizeof forbidden);
}

static long datagrams(void)
{
    struct iovec piece;
    struct mmsghdr messages[2] = { { .msg_hdr = message_to(&forbidden, &piece) } };

    messages[1] = messages[0];
    return sendmmsg(udp(), messages, 2, 0);
}

static long datagram_connected(void)
{
    int fd = udp();

    to_forbidden(fd);
    return send(fd, query, sizeof query, 0);
}

static long broadcast(void)
{
    struct sockaddr_in everybody = { .sin_family = AF_INET, .sin_port = forbidden.sin_port, .sin_addr.s_addr = INADDR_BROADCAST };
    int fd = udp(), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
    return sendto(fd, query, sizeof query, 0, (struct sockaddr *)&everybody, sizeof everybody);
}

static long multicast(void)
{
    struct sockaddr_in group = { .sin_family = AF_INET, .sin_port = htons(5353), .sin_addr.s_addr = htonl(0xe00000fb) };

    return sendto(udp(), query, sizeof query, 0, (struct sockaddr *)&group, sizeof group);
}

static long ping(void)
{
    static const char echo[16] = "\10\0\367\377";

    return sendto(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), echo, sizeof echo, 0, (struct sockaddr *)&forbidden, sizeof forbidden);
}

static long raw(void)
{
    struct {
        struct udphdr head;
        char bytes[sizeof query];
    } packet = { .head = { .source = htons(9), .dest = forbidden.sin_port, .len = htons(sizeof packet) } };

    return sendto(socket(AF_INET, SOCK_RAW, IPPROTO_UDP), &packet, sizeof packet, 0, (struct sockaddr *)&forbidden, sizeof forbidden);
}

static long packet(void)
{
    struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_halen = 6 };
    int fd = socket(AF_PACKET, SOCK_DGRAM, 0);
    long sent = -1;

    if (fd < 0)
        return -1;
    for (int i = 1; i < 9; i++) { /* whichever interfaces there are */
        to.sll_ifindex = i;
        if (sendto(fd, query, sizeof query, 0, (struct sockaddr *)&to, sizeof to) > 0)
            sent = i;
    }
    return sent;
}

static long machine(void)
{
    struct sockaddr_vm host = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = 1 };
    int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);

    return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&host, sizeof host);
}

/* --- two threads --- */

static struct sockaddr_in flipped;
static atomic_int racing;
static int number, theirs[2];

static void *flip_address(void *unused)
{
    while (atomic_load(&racing)) {
        flipped.sin_port = forbidden.sin_port;
        flipped.sin_port = allowed.sin_port;
    }
    return unused;
}

static void *flip_descriptor(void *unused)
{
    while (atomic_load(&racing)) {
        dup2(theirs[0], number);
        dup2(theirs[1], number);
    }
    return unused;
}

static long race(void *(*flip)(void *), long once(void))
{
    pthread_t thread;
    long last = 0;

    atomic_store(&racing, 1);
    pthread_create(&thread, NULL, flip, NULL);
    for (int i = 0; i < ROUNDS; i++)
        last = once();
    atomic_store(&racing, 0);
    pthread_join(thread, NULL);
    return last;
}

static long once_to_flipped(void)
{
    int fd = tcp();
    long result = connect(fd, (struct sockaddr *)&flipped, sizeof flipped);

    close(fd);
    return result;
}

static long address_that_changes(void)
{
    flipped = allowed;
    return race(flip_address, once_to_flipped);
}

static long once_by_number(void)
{
    return to_forbidden(number);
}

/* One moment a socket that nobody looks at, another one of TCP. */
static long descriptor_that_changes(void)
{
    number = fcntl(0, F_DUPFD, 100);
    theirs[0] = socket(AF_UNIX, SOCK_STREAM, 0);
    theirs[1] = tcp();
    return race(flip_descriptor, once_by_number);
}

static long tunnel_that_changes(void)
{
    number = fcntl(0, F_DUPFD, 100);
    theirs[0] = socket(AF_UNIX, SOCK_STREAM, 0);
    theirs[1] = tcp();
    connect(theirs[1], (struct sockaddr *)&allowed, sizeof allowed);
    shutdown(theirs[1], SHUT_RDWR);
    return race(flip_descriptor, once_by_number);
}

/* --- names --- */

static long resolver_udp(void)
{
    struct sockaddr_in at = at_port(53);

    return sendto(udp(), query, sizeof query, 0, (struct sockaddr *)&at, sizeof at);
}

static long resolver_sendmsg(void)
{
    struct sockaddr_in at = at_port(53);
    struct iovec piece;
    struct msghdr message = message_to(&at, &piece);

    return sendmsg(udp(), &message, 0);
}

static long resolver_tcp(void)
{
    struct sockaddr_in at = at_port(53);

    return connect(tcp(), (struct sockaddr *)&at, sizeof at);
}

static long local(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };

    strcpy(at.sun_path, path);
    return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&at, sizeof at);
}

static long nscd(void)
{
    return local("/var/run/nscd/socket");
}

static long resolved(void)
{
    return local("/run/systemd/resolve/io.systemd.Resolve");
}

/* The kernel has a program in the first namespaces look it up. */
static long key(void)
{
    return syscall(SYS_request_key, "dns_resolver", "leaks.test", "", 0);
}

/* --- others' processes and namespaces --- */

static long other_network(void)
{
    char path[64];
    long result = -1;

    for (pid_t pid = 1; pid < 100000 && result < 0; pid++) {
        snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
        int fd = pid == getpid() ? -1 : open(path, O_RDONLY);

        if (fd >= 0 && getuid() != 0)
            result = setns(fd, CLONE_NEWNET);
        if (fd >= 0)
            close(fd);
    }
    return result < 0 ? result : datagram();
}

/* Of the same user, as the supervisor is, and this test's own shell; root may, and it is not asked of it. */
static long other_process(void)
{
    char path[64];
    long result = -1;

    for (pid_t pid = 1; pid < 100000 && result < 0 && getuid() != 0; pid++) {
        snprintf(path, sizeof path, "/proc/%d/root/.", (int)pid);
        if (pid == getpid() || access(path, F_OK) < 0)
            continue;
        int process = (int)syscall(434 /* pidfd_open */, pid, 0);

        for (int i = 0; i < 256 && result < 0; i++) {
            int fd = (int)syscall(438 /* pidfd_getfd */, process, i, 0);

            if (fd >= 0)
                result = sendto(fd, query, sizeof query, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&forbidden, sizeof forbidden);
            if (fd >= 0)
                close(fd);
        }
        close(process);
    }
    return result;
}

static const struct {
    const char *name;
    long (*go)(void);
} ways[] = {
#define WAY(name) { #name, name }
    WAY(blocking), WAY(non_blocking), WAY(by_ipv6_socket), WAY(again_on_a_tunnel), WAY(non_blocking_again),
    WAY(mptcp), WAY(sctp),
#ifdef __x86_64__
    WAY(by_32_bits), WAY(by_x32),
#endif
    WAY(by_io_uring), WAY(fast_open_sendto), WAY(fast_open_sendmsg), WAY(fast_open_connect), WAY(datagram),
    WAY(datagrams), WAY(datagram_connected), WAY(broadcast), WAY(multicast), WAY(ping), WAY(raw),
    WAY(packet), WAY(machine), WAY(address_that_changes), WAY(descriptor_that_changes), WAY(tunnel_that_changes),
    WAY(resolver_udp), WAY(resolver_sendmsg), WAY(resolver_tcp), WAY(nscd), WAY(resolved), WAY(key),
    WAY(other_network), WAY(other_process),
};

/* Each in a process of its own: one that is caught, or waits for an answer, is no reason to leave out the others. */
static void attempt(const char *name, long go(void))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        alarm(20);
        errno = 0;
        long result = go();

        printf("%s: %s\n", name, result < 0 ? strerrorname_np(errno) : "passed");
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, &status, 0);
    if (!WIFEXITED(status))
        printf("%s: signal %d\n", name, WTERMSIG(status));
}

int main(int argc, char **argv)
{
    const char *only = argc > 4 ? argv[4] : NULL;

    forbidden = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2])) };
    inet_pton(AF_INET, argv[1], &forbidden.sin_addr);
    allowed = at_port(atoi(argv[3]));
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (!only || strcmp(only, ways[i].name) == 0)
            attempt(ways[i].name, ways[i].go);
    puts("all");
    return 0;
}
