/* readiness [OPTION]... PORTS [GLOB]... : what a program can see of a connect() that takes its time.
 *
 * Prints a transcript: for each row of the tables at the end (or those that a glob names) its steps, one a
 * line, with what they returned. The same rows are run natively and through a proxy, and the transcripts are
 * compared line by line.
 *
 *   -n   native, that is without a proxy   -6   AF_INET6   -a   AF_INET6 to a mapped address   -m   MPTCP
 *   -l   list the rows   -j N   so many at a time   -b BYTES   what the proxy's shortest good reply has
 *
 * readiness -s : the targets. Prints PORTS (NAME=PORT,...; on 127.0.0.1 and ::1) and serves until it is
 * killed: echo, until a piece begins with "bye" (closes) or "rst" (resets); `greet` says "hi" first, `reset`
 * resets at once, `never` has a full backlog and takes nobody, `refuse` does not listen.
 *
 * What is slow waits for the row, not for the clock: `slow`, `slowgreet` and `slowrefuse` are ports of the
 * row's own, made by the targets and shut (a full backlog: the kernel drops the SYN and repeats it each
 * second) until the row says "open"; then there is room, or nobody listens any more. Through the proxy it is
 * the proxy that knocks there, and answers when it has an answer. So nothing can come before "open", however
 * slow the machine is, and all else is a wait for an event, with a limit that only a hang reaches. What has
 * to happen while a row sleeps in a call ("signal", "later", "rescue") is done by the process that runs the
 * rows, as soon as the kernel says that the row sleeps.
 *
 * A row is a list of steps, "verb arguments; ...". In rows that are run for several outcomes @ is the
 * outcome, % the waits that fit it (%-copy: of "wait-copy"), and ~ a wait for an answer that comes without
 * being let in. Time is printed only where it is the question: whether a wait kept its time-out, by the clock
 * less what the machine kept the thread from running; and whether a call slept ("waited") or not ("at once"),
 * as the kernel counts it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum { STEP_SIZE = 128, SCRIPT_SIZE = 1024, IDLE_MOST = 400, ROW_SECONDS = 150 };
enum {
    LIMIT = 30000, /* ms: what comes at all has come by then */
    LATE = 2000, /* ms that a time-out may be late: a machine of which others have a share can stand still */
    EARLY = 10,  /* and early, for the kernel counts some in ticks */
    LOOK = 10,   /* ms between looks whether somebody sleeps */
    DEEP_SLEEP = 2000, /* ms after which a row that sleeps is rescued */
    SLICES = 600,      /* ms in which a wait of the library's has looked up at least once */
};

/* glibc declares the fortified forms only for programs that use them. */
int __poll_chk(struct pollfd *fds, nfds_t count, int milliseconds, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *time, const sigset_t *mask,
                size_t room);
ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *buffer, size_t size, size_t room, int flags, struct sockaddr *address,
                       socklen_t *address_size);

enum kind { KIND_POLL, KIND_SELECT, KIND_EPOLL };

struct api {
    const char *name;
    enum kind kind;
    bool masks; /* it takes a signal mask */
    int (*poll)(struct pollfd *fds, nfds_t count, int ms, const sigset_t *mask);
    int (*select)(int count, fd_set *sets, int ms, const sigset_t *mask, int *left);
    int (*epoll)(int set, struct epoll_event *events, int most, int ms, const sigset_t *mask);
};

struct options {
    bool native, mapped, mptcp;
    int family, jobs, reply;
    const char *ports;
};

/* One row under way. */
struct story {
    const struct api *api;
    char outcome[16];       /* of the last connect() */
    int fd, copy;           /* the socket, and its duplicate */
    int set, second, outer; /* epoll */
    uint32_t events;        /* what poll and select ask for */
    struct sockaddr_storage target;
    socklen_t target_size;
    const sigset_t *mask;
    int idle[IDLE_MOST], idle_count;
    pid_t child;
    int said;     /* what the child prints, -1: it prints where we do */
    int channel;  /* for descriptors that the child is given */
    int patience; /* ms: SO_SNDTIMEO or SO_RCVTIMEO, 0: none */
    bool shut;    /* the target waits for "open" */
};

/* What a row wants done while it sleeps: letters, in order, each at another look. */
struct wish {
    _Atomic bool open;
    char acts[4];  /* s: signal, o: open, r: open once it sleeps deeply */
    int64_t since; /* when the runner first saw it asleep, 0: awake */
};

static struct options options = { .family = AF_INET, .jobs = 100, .reply = 1 };
static volatile sig_atomic_t alarms, pipes, ios;
static struct wish *wish;   /* the row's */
static char asked_for[4];   /* its acts, until the next step that may sleep */
static int line_to_targets; /* the row's */

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(2);
}

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000) + time.tv_nsec / 1000000;
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
    char line[512];
    va_list list;
    int size;

    va_start(list, format);
    size = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    if (syscall(SYS_write, 1, line, (size_t)size) != size)
        exit(2);
}

static const char *error_name(int error)
{
    const char *name = strerrorname_np(error);

    return error == 0 ? "0" : name ? name : "?";
}

/* "0", "17" or "ECONNREFUSED" */
static const char *result_name(long result)
{
    static __thread char number[24];

    if (result < 0)
        return error_name(errno);
    snprintf(number, sizeof number, "%ld", result);
    return number;
}

/* A moment, as the thread has it. */
struct moment {
    int64_t time; /* ms */
    int64_t kept; /* ms that the thread could have run, but others did */
    long sleeps;
};

static long sleeps_so_far(void)
{
    struct rusage use;

    getrusage(RUSAGE_THREAD, &use);
    return use.ru_nvcsw;
}

static struct moment moment(void)
{
    struct moment out = { .time = now() };
    char text[64] = "";
    unsigned long long kept = 0;
    int file = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);

    if (file >= 0 && read(file, text, sizeof text - 1) > 0)
        sscanf(text, "%*u %llu", &kept);
    close(file);
    out.kept = (int64_t)(kept / 1000000);
    out.sleeps = sleeps_so_far();
    return out;
}

/* Whether a call kept its time-out. */
static const char *kept_time(const struct moment *since, int ms)
{
    static __thread char odd[64];
    struct moment end = moment();
    int64_t took = end.time - since->time, kept = end.kept - since->kept;

    if (took >= ms - EARLY && took - kept < ms + LATE)
        return "on time";
    snprintf(odd, sizeof odd, "after %lld ms, %lld of them kept from running", (long long)took,
             (long long)kept);
    return odd;
}

/* Whether a call waited; if it has a time that ran out, whether it kept to that. */
static const char *how(const struct story *story, const struct moment *since, bool ran_out)
{
    if (ran_out && story->patience)
        return kept_time(since, story->patience);
    return sleeps_so_far() == since->sleeps ? "at once" : "waited";
}

/* The kernel's word: asleep in a call that events and signals end. */
static bool sleeps(pid_t process, pid_t thread)
{
    char path[64], text[128] = "";
    const char *state;
    int file;

    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", process, thread);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || read(file, text, sizeof text - 1) < 0)
        text[0] = 0;
    close(file);
    state = strrchr(text, ')');
    return state && state[1] == ' ' && state[2] == 'S';
}

static void nap(int ms)
{
    struct timespec time = { 0, ms * 1000000 };

    nanosleep(&time, NULL);
}

static const char *bits_name(uint32_t bits)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = { { POLLIN, "IN" },   { POLLPRI, "PRI" },   { POLLOUT, "OUT" },    { POLLERR, "ERR" },
                  { POLLHUP, "HUP" }, { POLLNVAL, "NVAL" }, { POLLRDHUP, "RDHUP" } };
    static __thread char text[64];

    text[0] = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (bits & names[i].bit)
            sprintf(text + strlen(text), "%s%s", text[0] ? "|" : "", names[i].name);
    return text[0] ? text : "nothing";
}

/* Addresses */

static int port_named(const char *name)
{
    size_t size = strlen(name);

    for (const char *at = options.ports; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, name, size) == 0 && at[size] == '=')
            return atoi(at + size + 1);
    fprintf(stderr, "readiness: no port '%s' in '%s'\n", name, options.ports);
    exit(2);
}

static socklen_t loopback(int port, struct sockaddr_storage *out)
{
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof *out);
    if (options.family == AF_INET) {
        *four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
        four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return sizeof *four;
    }
    *six = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
    inet_pton(AF_INET6, options.mapped ? "::ffff:127.0.0.1" : "::1", &six->sin6_addr);
    return sizeof *six;
}

static int tcp_socket(void)
{
    int fd =
        socket(options.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, options.mptcp ? IPPROTO_MPTCP : 0);

    if (fd < 0)
        fail("socket");
    return fd;
}

/* The targets */

static int listen_at(const struct sockaddr *address, socklen_t size, int backlog)
{
    int one = 1, fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (address->sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, address, size) < 0 || (backlog >= 0 && listen(fd, backlog) < 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        fail("getsockname");
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

/* One connection that nobody accepts: the backlog of 0 is then full, and the kernel drops further SYNs. */
static int fill_backlog(int listener)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    int fd;

    if (getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        fail("getsockname");
    fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, size) < 0)
        fail("fill_backlog");
    return fd;
}

/* Where rows ask: a name that goes with the port of `accept`. */
static socklen_t control_address(int port, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
    return (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1 +
           (socklen_t)snprintf(out->sun_path + 1, sizeof out->sun_path - 1, "readiness.%d", port);
}

static void reset(int fd)
{
    struct linger hard = { .l_onoff = 1 };

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
}

/* False: the connection is over. */
static bool echo(int fd)
{
    char bytes[4096];
    ssize_t got = recv(fd, bytes, sizeof bytes, 0);

    if (got >= 3 && memcmp(bytes, "rst", 3) == 0) {
        reset(fd);
        return false;
    }
    if (got <= 0 || memcmp(bytes, "bye", 3) == 0 || send(fd, bytes, (size_t)got, MSG_NOSIGNAL) < 0) {
        close(fd);
        return false;
    }
    return true;
}

/* What is slow, by outcome: what comes of it, and from where on its ports are (free_port() of the tests takes
 * none below 15000), which is how the proxy knows them. */
static const struct gate {
    const char *outcome;
    char role;
    int base;
} gates[] = { { "slow", 'e', 10000 },
              { "slowgreet", 'g', 11000 },
              { "slowrefuse", 'x', 12000 },
              { "timeout", 'x', 13000 } };
enum { GATES = sizeof gates / sizeof *gates, GATE_PORTS = 1000 };

static const struct gate *gate_named(const char *outcome)
{
    for (size_t i = 0; i < GATES; i++)
        if (strcmp(gates[i].outcome, outcome) == 0)
            return &gates[i];
    return NULL;
}

enum { SERVED_MOST = 4096 };
struct server {
    struct pollfd at[SERVED_MOST]; /* of a gate that is shut, or that refuses, ~fd: poll() passes it over */
    char role[SERVED_MOST];        /* e: echo, g: greet, r: reset, c: where rows come to ask, k: a row; of
                                      connections 0 */
    int row[SERVED_MOST];          /* of gates: whose they are; 0: of none */
    int filler[SERVED_MOST];       /* of gates that are shut; 0: of none */
    int count;
};

/* What a row asks: a gate, or that its gates be opened. The answer is an int: the port, or 0. */
struct request {
    char verb; /* m: make, o: open */
    char gate; /* its number */
    bool six;
};

static void server_add(struct server *server, int fd, char role)
{
    server->at[server->count] = (struct pollfd){ .fd = fd, .events = POLLIN };
    server->role[server->count] = role;
    server->row[server->count] = server->filler[server->count] = 0;
    server->count++;
}

static void server_remove(struct server *server, int i)
{
    int last = --server->count;

    server->at[i] = server->at[last];
    server->role[i] = server->role[last];
    server->row[i] = server->row[last];
    server->filler[i] = server->filler[last];
}

static void serve_new(struct server *server, int listener, char role)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return;
    if (role == 'r' || server->count == SERVED_MOST) {
        reset(fd);
        return;
    }
    if (role == 'g')
        (void)!send(fd, "hi", 2, MSG_NOSIGNAL); /* it may have left again */
    server_add(server, fd, role == 'c' ? 'k' : 0);
}

/* The next port of its range: not soon one that a former row had, at which a SYN may still be on its way. */
static int make_gate(struct server *server, int row, const struct request *request)
{
    static int used[GATES];
    const struct gate *gate = &gates[(int)request->gate];

    for (int tries = 0; tries < GATE_PORTS && server->count < SERVED_MOST; tries++) {
        int port = gate->base + used[(int)request->gate]++ % GATE_PORTS, listener;
        struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
        struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

        four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        six.sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
        listener = request->six ? listen_at((struct sockaddr *)&six, sizeof six, 0)
                                : listen_at((struct sockaddr *)&four, sizeof four, 0);
        if (listener < 0)
            continue;
        server_add(server, ~listener, gate->role);
        server->row[server->count - 1] = row;
        server->filler[server->count - 1] = fill_backlog(listener);
        return port;
    }
    fail("make_gate");
}

/* There is room, or nobody any more. The port stays taken: it belongs to the row. */
static void open_gate(struct server *server, int i)
{
    int listener = ~server->at[i].fd;

    if (server->role[i] == 'x') {
        shutdown(listener, SHUT_RD);
    } else {
        close(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
        server->at[i].fd = listener;
    }
    close(server->filler[i]);
    server->filler[i] = 0;
}

/* False: the row is gone. */
static bool answer_row(struct server *server, int row)
{
    struct request request;
    int answer = 0;

    if (recv(row, &request, sizeof request, MSG_WAITALL) != (ssize_t)sizeof request)
        return false;
    if (request.verb == 'm')
        answer = make_gate(server, row, &request);
    for (int i = 0; i < server->count && request.verb == 'o'; i++)
        if (server->row[i] == row && server->filler[i])
            open_gate(server, i);
    return send(row, &answer, sizeof answer, MSG_NOSIGNAL) == (ssize_t)sizeof answer;
}

static void forget_row(struct server *server, int row)
{
    for (int i = server->count - 1; i >= 0; i--) {
        if (server->row[i] == row) {
            int fd = server->at[i].fd;

            close(fd < 0 ? ~fd : fd);
            if (server->filler[i])
                close(server->filler[i]);
            server_remove(server, i);
        } else if (server->role[i] == 'k' && server->at[i].fd == row) {
            server_remove(server, i);
        }
    }
    close(row);
}

static _Noreturn void serve(struct server *server)
{
    for (;;) {
        int gone = 0; /* a row: its gates are anywhere in the list, so that is for later */

        if (poll(server->at, (nfds_t)server->count, -1) < 0)
            fail("poll");
        for (int i = server->count - 1; i >= 0 && !gone; i--) {
            int fd = server->at[i].fd;
            char role = server->role[i];

            if (fd < 0 || !server->at[i].revents)
                continue;
            if (role == 'k' && !answer_row(server, fd))
                gone = fd;
            else if (role && role != 'k')
                serve_new(server, fd, role);
            else if (!role && !echo(fd))
                server_remove(server, i);
        }
        if (gone)
            forget_row(server, gone);
    }
}

/* The same port on 127.0.0.1 and ::1 (where there is one). */
static int listen_both(struct server *server, const char *name, char role, int backlog)
{
    for (int tries = 0; tries < 100; tries++) {
        struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        int fds[2];

        fds[0] = listen_at((struct sockaddr *)&four, sizeof four, backlog);
        six.sin6_port = htons((uint16_t)port_of(fds[0]));
        fds[1] = listen_at((struct sockaddr *)&six, sizeof six, backlog);
        if (fds[1] < 0 && errno == EADDRINUSE) {
            close(fds[0]);
            continue;
        }
        for (int i = 0; i < 2 && fds[i] >= 0; i++) {
            if (backlog == 0)
                fill_backlog(fds[i]);
            if (role)
                server_add(server, fds[i], role);
        }
        printf("%s=%d,", name, port_of(fds[0]));
        return port_of(fds[0]);
    }
    fail("listen");
}

static _Noreturn void serve_all(void)
{
    static struct server server;
    static const struct {
        const char *name;
        char role;
        int backlog;
    } targets[] = { { "accept", 'e', 1024 },
                    { "greet", 'g', 1024 },
                    { "reset", 'r', 1024 },
                    { "never", 0, 0 },
                    { "refuse", 0, -1 } };
    struct sockaddr_un address;
    socklen_t size = 0;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        int port = listen_both(&server, targets[i].name, targets[i].role, targets[i].backlog);

        if (i == 0)
            size = control_address(port, &address);
    }
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 1024) < 0)
        fail("bind");
    server_add(&server, fd, 'c');
    puts("");
    fflush(stdout);
    serve(&server);
}

/* A line to the targets, for one row. */
static int control_line(void)
{
    struct sockaddr_un address;
    socklen_t size = control_address(port_named("accept"), &address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, size) < 0)
        fail("control_line");
    return fd;
}

static int ask_targets(int line, char verb, int gate)
{
    struct request request = { .verb = verb,
                               .gate = (char)gate,
                               .six = options.family == AF_INET6 && !options.mapped };
    int answer = 0;

    if (send(line, &request, sizeof request, MSG_NOSIGNAL) != (ssize_t)sizeof request ||
        TEMP_FAILURE_RETRY(recv(line, &answer, sizeof answer, MSG_WAITALL)) != (ssize_t)sizeof answer)
        fail("ask_targets");
    return answer;
}

/* Where the outcome is to be had; of the row's own gates it gets another each time. A native time-out is the
 * kernel's: see "open". */
static int target_port(struct story *story, const char *outcome)
{
    const struct gate *gate = gate_named(outcome);

    snprintf(story->outcome, sizeof story->outcome, "%s", outcome);
    story->shut = gate || strcmp(outcome, "never") == 0;
    if (!gate)
        return port_named(outcome);
    if (options.native && strcmp(outcome, "timeout") == 0)
        return port_named("never");
    return ask_targets(line_to_targets, 'm', (int)(gate - gates));
}

/* What a former step asked for is for the runner to do from here, where the next call may sleep. */
static void post_wish(void)
{
    if (!asked_for[0])
        return;
    strcpy(wish->acts, asked_for);
    wish->since = 0;
    asked_for[0] = 0;
    atomic_store(&wish->open, true);
}

/* The waits. Each says what came; if nothing did, whether in time. */

static struct timespec *timespec_of(int ms, struct timespec *out)
{
    *out = (struct timespec){ ms / 1000, ms % 1000 * 1000000 };
    return ms < 0 ? NULL : out;
}

static int call_poll(struct pollfd *fds, nfds_t count, int ms, const sigset_t *mask)
{
    (void)mask;
    return poll(fds, count, ms);
}

static int call_poll_chk(struct pollfd *fds, nfds_t count, int ms, const sigset_t *mask)
{
    (void)mask;
    return __poll_chk(fds, count, ms, count * sizeof *fds);
}

static int call_ppoll(struct pollfd *fds, nfds_t count, int ms, const sigset_t *mask)
{
    struct timespec time;

    return ppoll(fds, count, timespec_of(ms, &time), mask);
}

static int call_ppoll_chk(struct pollfd *fds, nfds_t count, int ms, const sigset_t *mask)
{
    struct timespec time;

    return __ppoll_chk(fds, count, timespec_of(ms, &time), mask, count * sizeof *fds);
}

static int call_select(int count, fd_set *sets, int ms, const sigset_t *mask, int *left)
{
    struct timeval time = { ms / 1000, ms % 1000 * 1000 };
    int result = select(count, &sets[0], &sets[1], &sets[2], ms < 0 ? NULL : &time);

    (void)mask;
    *left = ms < 0 ? -1 : (int)(time.tv_sec * 1000 + time.tv_usec / 1000);
    return result;
}

static int call_pselect(int count, fd_set *sets, int ms, const sigset_t *mask, int *left)
{
    struct timespec time;

    *left = -1;
    return pselect(count, &sets[0], &sets[1], &sets[2], timespec_of(ms, &time), mask);
}

static int call_epoll_wait(int set, struct epoll_event *events, int most, int ms, const sigset_t *mask)
{
    (void)mask;
    return epoll_wait(set, events, most, ms);
}

static int call_epoll_pwait(int set, struct epoll_event *events, int most, int ms, const sigset_t *mask)
{
    return epoll_pwait(set, events, most, ms, mask);
}

static int call_epoll_pwait2(int set, struct epoll_event *events, int most, int ms, const sigset_t *mask)
{
    struct timespec time;

    return epoll_pwait2(set, events, most, timespec_of(ms, &time), mask);
}

static const struct api apis[] = {
    { .name = "poll", .kind = KIND_POLL, .poll = call_poll },
    { .name = "__poll_chk", .kind = KIND_POLL, .poll = call_poll_chk },
    { .name = "ppoll", .kind = KIND_POLL, .masks = true, .poll = call_ppoll },
    { .name = "__ppoll_chk", .kind = KIND_POLL, .masks = true, .poll = call_ppoll_chk },
    { .name = "select", .kind = KIND_SELECT, .select = call_select },
    { .name = "pselect", .kind = KIND_SELECT, .masks = true, .select = call_pselect },
    { .name = "epoll_wait", .kind = KIND_EPOLL, .epoll = call_epoll_wait },
    { .name = "epoll_pwait", .kind = KIND_EPOLL, .masks = true, .epoll = call_epoll_pwait },
    { .name = "epoll_pwait2", .kind = KIND_EPOLL, .masks = true, .epoll = call_epoll_pwait2 },
};
enum { APIS = sizeof apis / sizeof *apis };

/* What epoll hands back must be what was registered. */
static const struct {
    uint64_t data;
    const char *name;
} labels[] = { { 0x1111222233334444, "fd" },
               { 0x5555666677778888, "copy" },
               { 0x99990000aaaabbbb, "inner" },
               { 0xccccddddeeeeffff, "fd, second" },
               { 7, "changed" } };
enum { LABEL_FD, LABEL_COPY, LABEL_INNER, LABEL_SECOND, LABEL_CHANGED, LABELS };

static void add_label(char *out, const struct epoll_event *event)
{
    const char *name = "STRANGE DATA";

    for (size_t i = 0; i < LABELS; i++)
        if (labels[i].data == event->data.u64)
            name = labels[i].name;
    sprintf(out + strlen(out), "%s%s %s", out[0] ? ", " : "", name, bits_name(event->events));
}

static int wait_poll(struct story *story, int fd, int ms, char *out)
{
    struct pollfd fds[IDLE_MOST + 1] = { { .fd = fd, .events = (short)story->events } };
    int result;

    for (int i = 0; i < story->idle_count; i++)
        fds[i + 1] = (struct pollfd){ .fd = story->idle[i], .events = POLLIN };
    result = story->api->poll(fds, (nfds_t)story->idle_count + 1, ms, story->mask);
    if (result > 0)
        sprintf(out, "%d: %s", result, bits_name((uint16_t)fds[0].revents));
    return result;
}

/* select() writes the time that is left: not less than there was when we looked, less than all if it slept,
 * and not much more than what we know of the time that it took. */
static bool left_is_right(int ms, int left, const struct moment *started)
{
    struct moment ended = moment();
    int64_t took = ended.time - started->time, least = ms - took, most = least + ended.kept - started->kept;

    if (ended.sleeps > started->sleeps && ms > 0 && left >= ms)
        return false;
    return left >= (least > 0 ? least : 0) - EARLY && left <= (most > 0 ? most : 0) + LATE;
}

static int wait_select(struct story *story, int fd, int ms, char *out)
{
    fd_set sets[3];
    struct moment started = moment();
    int left = -1, most = fd, result;

    for (int i = 0; i < 3; i++)
        FD_ZERO(&sets[i]);
    for (int i = 0; i < story->idle_count; i++) {
        FD_SET(story->idle[i], &sets[0]);
        most = story->idle[i] > most ? story->idle[i] : most;
    }
    if (story->events & POLLIN)
        FD_SET(fd, &sets[0]);
    if (story->events & POLLOUT)
        FD_SET(fd, &sets[1]);
    FD_SET(fd, &sets[2]);
    result = story->api->select(most + 1, sets, ms, story->mask, &left);
    if (result > 0)
        sprintf(out, "%d:%s%s%s", result, FD_ISSET(fd, &sets[0]) ? " read" : "",
                FD_ISSET(fd, &sets[1]) ? " write" : "", FD_ISSET(fd, &sets[2]) ? " except" : "");
    if (left >= 0 && !left_is_right(ms, left, &started))
        sprintf(out + strlen(out), ", %d ms left", left);
    return result;
}

static int by_label(const void *one, const void *other)
{
    uint64_t a = ((const struct epoll_event *)one)->data.u64,
             b = ((const struct epoll_event *)other)->data.u64;

    return (a > b) - (a < b);
}

static int wait_set(struct story *story, int set, int ms, char *out)
{
    struct epoll_event events[16];
    const struct api *api = story->api->epoll ? story->api : &apis[6];
    int result = api->epoll(set, events, 16, ms, story->mask);

    out[0] = 0;
    if (result > 0)
        qsort(events, (size_t)result, sizeof *events, by_label);
    for (int i = 0; i < result; i++)
        add_label(out, &events[i]);
    return result;
}

/* The sentence for a wait that returned. */
static void say_wait(const char *what, int result, const char *got, const struct moment *started, int ms)
{
    int error = errno;

    if (result > 0)
        say("  %s %d: %s\n", what, ms, got);
    else if (result == 0)
        say("  %s %d: nothing%s, %s\n", what, ms, got, ms == 0 ? "" : kept_time(started, ms));
    else
        say("  %s %d: %s\n", what, ms, error_name(error));
}

static void wait_on(struct story *story, const char *what, int fd, int set, int ms)
{
    char got[512] = "";
    struct moment started = moment();
    int result;

    post_wish();
    result = story->api->kind == KIND_POLL     ? wait_poll(story, fd, ms, got)
             : story->api->kind == KIND_SELECT ? wait_select(story, fd, ms, got)
                                               : wait_set(story, set, ms, got);
    say_wait(what, result, got, &started, ms);
}

/* Steps */

static void do_wait(struct story *story, const char *arguments)
{
    wait_on(story, "wait", story->fd, story->set, atoi(arguments));
}

static void do_wait_copy(struct story *story, const char *arguments)
{
    wait_on(story, "wait for the copy", story->copy, story->set, atoi(arguments));
}

static void do_wait_second(struct story *story, const char *arguments)
{
    char got[512];
    struct moment started = moment();
    int result = wait_set(story, story->second, atoi(arguments), got);

    say_wait("wait in the second set", result, got, &started, atoi(arguments));
}

/* The set that holds the set, or poll and select on the set itself. */
static void do_wait_outer(struct story *story, const char *arguments)
{
    uint32_t events = story->events;

    story->events = POLLIN;
    wait_on(story, "wait outside", story->set, story->outer, atoi(arguments));
    story->events = events;
}

static uint32_t epoll_events(const char *words)
{
    static const struct {
        const char *word;
        uint32_t bits;
    } table[] = { { "et", EPOLLET },       { "oneshot", EPOLLONESHOT }, { "excl", EPOLLEXCLUSIVE },
                  { "rdhup", EPOLLRDHUP }, { "in", EPOLLIN },           { "out", EPOLLOUT },
                  { "pri", EPOLLPRI },     { "wakeup", EPOLLWAKEUP } };
    uint32_t bits = 0;

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strstr(words, table[i].word))
            bits |= table[i].bits;
    if (strstr(words, "none"))
        return bits;
    return bits & (EPOLLIN | EPOLLOUT) ? bits
                                       : bits | EPOLLIN | EPOLLOUT | (bits & EPOLLEXCLUSIVE ? 0 : EPOLLRDHUP);
}

/* In poll and select there is nothing to register: the events are kept for the wait. */
static void control(struct story *story, int set, int operation, int fd, const char *words, int label)
{
    static const char *const names[] = {
        [EPOLL_CTL_ADD] = "add", [EPOLL_CTL_DEL] = "delete", [EPOLL_CTL_MOD] = "modify"
    };
    struct epoll_event event = { .events = epoll_events(words), .data.u64 = labels[label].data };

    story->events = event.events & (POLLIN | POLLOUT | POLLPRI | POLLRDHUP);
    if (story->api->kind != KIND_EPOLL)
        return;
    say("  %s %s%s%s: ", names[operation], labels[label].name, *words ? " " : "", words);
    say("%s\n", result_name(epoll_ctl(set, operation, fd, operation == EPOLL_CTL_DEL ? NULL : &event)));
}

static void do_watch(struct story *story, const char *arguments)
{
    control(story, story->set, EPOLL_CTL_ADD, story->fd, arguments, LABEL_FD);
}

static void do_watch_second(struct story *story, const char *arguments)
{
    control(story, story->second, EPOLL_CTL_ADD, story->fd, arguments, LABEL_SECOND);
}

static void do_watch_copy(struct story *story, const char *arguments)
{
    control(story, story->set, EPOLL_CTL_ADD, story->copy, arguments, LABEL_COPY);
}

static void do_modify(struct story *story, const char *arguments)
{
    control(story, story->set, EPOLL_CTL_MOD, story->fd, arguments, LABEL_CHANGED);
}

static void do_delete(struct story *story, const char *arguments)
{
    control(story, story->set, EPOLL_CTL_DEL, story->fd, arguments, LABEL_FD);
}

static void do_nest(struct story *story, const char *arguments)
{
    struct epoll_event event = { .events = EPOLLIN | (epoll_events(arguments) & (EPOLLET | EPOLLONESHOT)),
                                 .data.u64 = labels[LABEL_INNER].data };

    say("  nest %s: %s\n", arguments,
        result_name(epoll_ctl(story->outer, EPOLL_CTL_ADD, story->set, &event)));
}

static void do_connect(struct story *story, const char *arguments)
{
    story->target_size = loopback(target_port(story, arguments), &story->target);
    say("  connect to %s: ", arguments);
    say("%s\n", result_name(connect(story->fd, (struct sockaddr *)&story->target, story->target_size)));
}

/* A connect() that may wait. */
static void timed_connect(struct story *story, const char *what)
{
    struct moment started = moment();
    int result, error;

    post_wish();
    result = connect(story->fd, (struct sockaddr *)&story->target, story->target_size);
    error = result < 0 ? errno : 0;
    say("  %s: %s, %s\n", what, error_name(error),
        how(story, &started, error == EINPROGRESS || error == EALREADY));
}

static void do_again(struct story *story, const char *arguments)
{
    if (*arguments)
        story->target_size = loopback(target_port(story, arguments), &story->target);
    timed_connect(story, "connect again");
}

static void do_start(struct story *story, const char *arguments)
{
    story->target_size = loopback(target_port(story, arguments), &story->target);
    timed_connect(story, "connect");
}

static void do_system_call(struct story *story, const char *arguments)
{
    long result;

    story->target_size = loopback(target_port(story, arguments), &story->target);
    result = syscall(SYS_connect, story->fd, &story->target, (long)story->target_size);
    say("  syscall connect: %s\n", result_name(result));
}

static void do_dissolve(struct story *story, const char *arguments)
{
    struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

    (void)arguments;
    say("  dissolve: %s\n", result_name(connect(story->fd, &nowhere, sizeof nowhere)));
}

static void do_error(struct story *story, const char *arguments)
{
    int error = -1;
    socklen_t size = sizeof error;
    int result = getsockopt(story->fd, SOL_SOCKET, SO_ERROR, &error, &size);

    (void)arguments;
    say("  SO_ERROR: %s\n", result < 0 ? error_name(errno) : error_name(error));
}

static void do_peer(struct story *story, const char *arguments)
{
    struct sockaddr_storage peer = { 0 };
    socklen_t size = sizeof peer;
    int result = getpeername(story->fd, (struct sockaddr *)&peer, &size);
    bool same = result == 0 && size == story->target_size && memcmp(&peer, &story->target, size) == 0;

    (void)arguments;
    say("  peer: %s\n", result < 0 ? error_name(errno) : same ? "the target" : "somebody else");
}

/* The target may answer. A native time-out is made by an option that the kernel looks at when it repeats the
 * SYN. */
static void do_open(struct story *story, const char *arguments)
{
    int ms = 1;

    (void)arguments;
    story->shut = strcmp(story->outcome, "never") == 0;
    if (options.native && strcmp(story->outcome, "timeout") == 0)
        setsockopt(story->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
    else
        ask_targets(line_to_targets, 'o', 0);
}

/* The kernel's view of the connection, by calls that no hook looks at. */
static struct view {
    struct tcp_info known;
    uint64_t rates[2], acknowledged, received;
} view_of(const struct story *story)
{
    struct view view = { 0 };
    socklen_t size = sizeof view;

    syscall(SYS_getsockopt, story->fd, IPPROTO_TCP, TCP_INFO, &view, &size);
    return view;
}

/* An MPTCP connection may outlive the TCP connection of which the view is. */
static bool is_gone(const struct story *story)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;

    return view_of(story).known.tcpi_state == TCP_CLOSE &&
           syscall(SYS_getpeername, story->fd, &peer, &size) < 0;
}

/* All of the answer is in the kernel, whether somebody has looked at it or not. */
static bool is_answered(const struct story *story)
{
    struct view view = view_of(story);

    if (view.known.tcpi_state == TCP_CLOSE || strcmp(story->outcome, "reset") == 0)
        return is_gone(story);
    if (options.native)
        return view.known.tcpi_state != TCP_SYN_SENT;
    return view.known.tcpi_state == TCP_CLOSE_WAIT || view.received >= (uint64_t)options.reply;
}

static void until(const struct story *story, bool (*condition)(const struct story *story), const char *what)
{
    int64_t end = now() + LIMIT;

    while (!condition(story)) {
        if (now() > end) {
            say("  never %s\n", what);
            return;
        }
        nap(LOOK);
    }
}

/* Until the kernel has the end of the connection. */
static void do_gone(struct story *story, const char *arguments)
{
    (void)arguments;
    until(story, is_gone, "gone");
}

/* Until the kernel has the answer, if there can be one yet. */
static void do_settle(struct story *story, const char *arguments)
{
    (void)arguments;
    if (!story->shut)
        until(story, is_answered, "answered");
}

/* Until there is something to read, of an open connection. */
static void do_arrived(struct story *story, const char *arguments)
{
    struct pollfd ready = { .fd = story->fd, .events = POLLIN };

    (void)arguments;
    if (poll(&ready, 1, LIMIT) <= 0)
        say("  nothing arrived\n");
}

static void set_blocking(struct story *story, bool blocking)
{
    int flags = fcntl(story->fd, F_GETFL);

    fcntl(story->fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

static void do_blocking(struct story *story, const char *arguments)
{
    (void)arguments;
    set_blocking(story, true);
}

static void do_nonblocking(struct story *story, const char *arguments)
{
    (void)arguments;
    story->patience = 0;
    set_blocking(story, false);
}

static void do_option(struct story *story, const char *arguments)
{
    char name[32];
    int value = 0, result;
    struct timeval time;

    if (sscanf(arguments, "%31s %d", name, &value) != 2)
        fail(arguments);
    time = (struct timeval){ value / 1000, value % 1000 * 1000 };
    if (strcmp(name, "sndtimeo") == 0 || strcmp(name, "rcvtimeo") == 0) {
        story->patience = value;
        result =
            setsockopt(story->fd, SOL_SOCKET, name[0] == 's' ? SO_SNDTIMEO : SO_RCVTIMEO, &time, sizeof time);
    } else if (strcmp(name, "rcvlowat") == 0)
        result = setsockopt(story->fd, SOL_SOCKET, SO_RCVLOWAT, &value, sizeof value);
    else
        result =
            setsockopt(story->fd, IPPROTO_TCP, strcmp(name, "cork") == 0 ? TCP_CORK : TCP_FASTOPEN_CONNECT,
                       &value, sizeof value);
    say("  option %s %d: %s\n", name, value, result_name(result));
}

static void do_duplicate(struct story *story, const char *arguments)
{
    int spare = dup(0);

    story->copy = strcmp(arguments, "dup2") == 0      ? dup2(story->fd, spare)
                  : strcmp(arguments, "dup3") == 0    ? dup3(story->fd, spare, O_CLOEXEC)
                  : strcmp(arguments, "F_DUPFD") == 0 ? fcntl(story->fd, F_DUPFD, 500)
                                                      : dup(story->fd);
    say("  duplicate%s%s: %s\n", *arguments ? " by " : "", arguments,
        story->copy < 0 ? error_name(errno) : "ok");
}

/* From now on the row's socket is the copy. */
static void do_use_copy(struct story *story, const char *arguments)
{
    (void)arguments;
    story->fd = story->copy;
}

static void do_close(struct story *story, const char *arguments)
{
    int result;

    if (strcmp(arguments, "by dup2") == 0)
        result = dup2(0, story->fd) == story->fd ? 0 : -1;
    else if (strcmp(arguments, "by range") == 0)
        result = close_range((unsigned)story->fd, (unsigned)story->fd, 0);
    else if (strcmp(arguments, "on exec") == 0)
        result = close_range((unsigned)story->fd, (unsigned)story->fd, CLOSE_RANGE_CLOEXEC);
    else
        result = close(story->fd);
    say("  close%s%s: %s\n", *arguments ? " " : "", arguments, result_name(result));
}

/* A new socket, on the old one's number if that is free. */
static void do_socket(struct story *story, const char *arguments)
{
    int fd = tcp_socket();

    if (strcmp(arguments, "on the same number") == 0 && fd != story->fd) {
        dup2(fd, story->fd);
        close(fd);
    } else {
        story->fd = fd;
    }
}

static void do_shutdown(struct story *story, const char *arguments)
{
    say("  shutdown %s: %s\n", arguments, result_name(shutdown(story->fd, atoi(arguments))));
}

static void do_unread(struct story *story, const char *arguments)
{
    int count = -1;
    int result = ioctl(story->fd, strcmp(arguments, "out") == 0 ? TIOCOUTQ : FIONREAD, &count);

    say("  bytes %s: %s %d\n", arguments, result_name(result), count);
}

/* Says something and hears it back: the connection leads to the target. */
static void exchange_on(int fd, const char *who)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    char bytes[16] = "";
    ssize_t sent = send(fd, "ping", 4, MSG_NOSIGNAL);

    if (sent < 0)
        say("  %s says: %s\n", who, result_name(sent));
    else if (poll(&ready, 1, LIMIT) <= 0)
        say("  %s hears nothing\n", who);
    else
        say("  %s hears: %s \"%s\"\n", who, result_name(recv(fd, bytes, sizeof bytes - 1, 0)), bytes);
}

static void do_exchange(struct story *story, const char *arguments)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;

    (void)arguments;
    if (getpeername(story->fd, (struct sockaddr *)&peer, &size) < 0)
        say("  no connection: %s\n", error_name(errno));
    else
        exchange_on(story->fd, "it");
}

static void do_send(struct story *story, const char *arguments)
{
    pipes = 0;
    say("  send \"%s\": %s", arguments, result_name(send(story->fd, arguments, strlen(arguments), 0)));
    say("%s\n", pipes ? ", SIGPIPE" : "");
}

static void do_receive(struct story *story, const char *arguments)
{
    char bytes[64] = "";
    ssize_t got = recv(story->fd, bytes, sizeof bytes - 1, strcmp(arguments, "peek") == 0 ? MSG_PEEK : 0);

    say("  receive%s%s: ", *arguments ? " " : "", arguments);
    say("%s%s%s\n", result_name(got), got > 0 ? " " : "", got > 0 ? bytes : "");
}

static void do_idle(struct story *story, const char *arguments)
{
    for (int i = 0; i < atoi(arguments); i += 2) {
        if (pipe(&story->idle[i]) < 0)
            fail("pipe");
        story->idle[i + 1] = dup(story->idle[i]);
        for (int end = 0; end < 2 && story->api->kind == KIND_EPOLL; end++) {
            struct epoll_event event = { .events = EPOLLIN };

            if (epoll_ctl(story->set, EPOLL_CTL_ADD, story->idle[i + end], &event) < 0)
                fail("epoll_ctl");
        }
        story->idle_count = i + 2;
    }
}

/* Every call that reads, and every call that writes: each "data", 4 bytes. */

static ssize_t use_read(int fd, char *bytes, size_t size)
{
    return read(fd, bytes, size);
}

static ssize_t use_read_chk(int fd, char *bytes, size_t size)
{
    return __read_chk(fd, bytes, size, size);
}

static ssize_t use_readv(int fd, char *bytes, size_t size)
{
    return readv(fd, &(struct iovec){ bytes, size }, 1);
}

static ssize_t use_preadv2(int fd, char *bytes, size_t size)
{
    return preadv2(fd, &(struct iovec){ bytes, size }, 1, -1, 0);
}

static ssize_t use_recv(int fd, char *bytes, size_t size)
{
    return recv(fd, bytes, size, 0);
}

static ssize_t use_recv_chk(int fd, char *bytes, size_t size)
{
    return __recv_chk(fd, bytes, size, size, 0);
}

static ssize_t use_recvfrom(int fd, char *bytes, size_t size)
{
    return recvfrom(fd, bytes, size, 0, NULL, NULL);
}

static ssize_t use_recvfrom_chk(int fd, char *bytes, size_t size)
{
    return __recvfrom_chk(fd, bytes, size, size, 0, NULL, NULL);
}

static ssize_t use_recvmsg(int fd, char *bytes, size_t size)
{
    struct msghdr message = { .msg_iov = &(struct iovec){ bytes, size }, .msg_iovlen = 1 };

    return recvmsg(fd, &message, 0);
}

static ssize_t use_recvmmsg(int fd, char *bytes, size_t size)
{
    struct mmsghdr message = { .msg_hdr = { .msg_iov = &(struct iovec){ bytes, size }, .msg_iovlen = 1 } };
    int result = recvmmsg(fd, &message, 1, 0, NULL);

    return result < 0 ? result : (ssize_t)message.msg_len;
}

static ssize_t use_splice_from(int fd, char *bytes, size_t size)
{
    int ends[2];
    ssize_t result;

    if (pipe2(ends, O_CLOEXEC) < 0)
        fail("pipe");
    result = splice(fd, NULL, ends[1], NULL, size, 0);
    if (result > 0 && read(ends[0], bytes, size) != result)
        fail("read");
    return result;
}

static ssize_t use_write(int fd, char *bytes, size_t size)
{
    return write(fd, bytes, size);
}

static ssize_t use_writev(int fd, char *bytes, size_t size)
{
    return writev(fd, &(struct iovec){ bytes, size }, 1);
}

static ssize_t use_pwritev2(int fd, char *bytes, size_t size)
{
    return pwritev2(fd, &(struct iovec){ bytes, size }, 1, -1, 0);
}

static ssize_t use_send(int fd, char *bytes, size_t size)
{
    return send(fd, bytes, size, 0);
}

static ssize_t use_sendto(int fd, char *bytes, size_t size)
{
    return sendto(fd, bytes, size, 0, NULL, 0);
}

static ssize_t use_sendmsg(int fd, char *bytes, size_t size)
{
    struct msghdr message = { .msg_iov = &(struct iovec){ bytes, size }, .msg_iovlen = 1 };

    return sendmsg(fd, &message, 0);
}

static ssize_t use_sendmmsg(int fd, char *bytes, size_t size)
{
    struct mmsghdr message = { .msg_hdr = { .msg_iov = &(struct iovec){ bytes, size }, .msg_iovlen = 1 } };
    int result = sendmmsg(fd, &message, 1, 0);

    return result < 0 ? result : (ssize_t)message.msg_len;
}

static ssize_t use_sendfile(int fd, char *bytes, size_t size)
{
    int file = memfd_create("data", MFD_CLOEXEC);
    off_t start = 0;

    if (pwrite(file, bytes, size, 0) != (ssize_t)size)
        fail("pwrite");
    return sendfile(fd, file, &start, size);
}

static ssize_t use_splice_to(int fd, char *bytes, size_t size)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0 || write(ends[1], bytes, size) != (ssize_t)size)
        fail("pipe");
    return splice(ends[0], NULL, fd, NULL, size, 0);
}

static ssize_t use_stream(int fd, char *bytes, size_t size)
{
    static FILE *stream;

    if (!stream && !(stream = fdopen(fd, "r+")))
        return -1;
    errno = 0;
    clearerr(stream);
    if (fwrite(bytes, 1, size, stream) != size || fflush(stream) != 0)
        return -1;
    return (ssize_t)size;
}

struct use {
    const char *name;
    ssize_t (*call)(int fd, char *bytes, size_t size);
};
static const struct use reading[] = {
    { "read", use_read },
    { "__read_chk", use_read_chk },
    { "readv", use_readv },
    { "preadv2", use_preadv2 },
    { "recv", use_recv },
    { "__recv_chk", use_recv_chk },
    { "recvfrom", use_recvfrom },
    { "__recvfrom_chk", use_recvfrom_chk },
    { "recvmsg", use_recvmsg },
    { "recvmmsg", use_recvmmsg },
    { "splice-from", use_splice_from },
};
static const struct use writing[] = {
    { "write", use_write },       { "writev", use_writev },     { "pwritev2", use_pwritev2 },
    { "send", use_send },         { "sendto", use_sendto },     { "sendmsg", use_sendmsg },
    { "sendmmsg", use_sendmmsg }, { "sendfile", use_sendfile }, { "splice-to", use_splice_to },
    { "stream", use_stream },
};
enum { READING = sizeof reading / sizeof *reading, WRITING = sizeof writing / sizeof *writing };

static const struct use *use_named(const char *name)
{
    for (size_t i = 0; i < READING; i++)
        if (strcmp(reading[i].name, name) == 0)
            return &reading[i];
    for (size_t i = 0; i < WRITING; i++)
        if (strcmp(writing[i].name, name) == 0)
            return &writing[i];
    fprintf(stderr, "readiness: no call '%s'\n", name);
    exit(2);
}

static void do_use(struct story *story, const char *arguments)
{
    const struct use *use = use_named(arguments);
    char bytes[5] = "data";
    struct moment started = moment();
    ssize_t result;
    int error;

    pipes = 0;
    post_wish();
    result = use->call(story->fd, bytes, 4);
    error = errno;
    say("  %s: %s%s", use->name, result_name(result), pipes ? ", SIGPIPE" : "");
    say(", %s\n", how(story, &started, result < 0 && error == EAGAIN));
}

/* As often as it takes until the target has sent it all back. */
static void do_echo(struct story *story, const char *arguments)
{
    struct pollfd ready = { .fd = story->fd, .events = POLLIN };
    char bytes[64] = "";
    size_t got = 0, wanted = strlen(arguments);
    ssize_t more = 1;

    while (got < wanted && more > 0 && poll(&ready, 1, LIMIT) > 0) {
        more = recv(story->fd, bytes + got, wanted - got, MSG_DONTWAIT);
        got += more > 0 ? (size_t)more : 0;
    }
    say("  echo: \"%s\"\n", bytes);
}

/* Signals */

static void count_alarm(int number)
{
    (void)number;
    alarms++;
}

static void count_pipe(int number)
{
    (void)number;
    pipes++;
}

static void count_io(int number)
{
    (void)number;
    ios++;
}

static void handle(int number, void (*handler)(int), int flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

    sigaction(number, &action, NULL);
}

/* "[restart] [open | rescue]": SIGALRM when the row sleeps; and if it then sleeps again, or on, the target
 * may answer. */
static void do_signal(struct story *story, const char *arguments)
{
    (void)story;
    handle(SIGALRM, count_alarm, strstr(arguments, "restart") ? SA_RESTART : 0);
    strcpy(asked_for, strstr(arguments, "open") ? "so" : strstr(arguments, "rescue") ? "sr" : "s");
}

/* "open": when the row sleeps. */
static void do_later(struct story *story, const char *arguments)
{
    (void)story;
    (void)arguments;
    strcpy(asked_for, "o");
}

/* The target may answer if the row would sleep on without: for what waits where natively nothing does. */
static void do_rescue(struct story *story, const char *arguments)
{
    (void)story;
    (void)arguments;
    strcpy(asked_for, "r");
}

/* To itself: now, or when it is let in. */
static void do_raise(struct story *story, const char *arguments)
{
    (void)story;
    (void)arguments;
    handle(SIGALRM, count_alarm, 0);
    kill(getpid(), SIGALRM);
}

static void do_alarms(struct story *story, const char *arguments)
{
    (void)story;
    (void)arguments;
    say("  alarms: %d\n", (int)alarms);
}

/* SIGALRM is blocked, and the waits that take a mask let it in. */
static void do_mask(struct story *story, const char *arguments)
{
    static sigset_t open;
    sigset_t alarm_only;

    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    sigprocmask(SIG_BLOCK, &alarm_only, &open);
    if (strcmp(arguments, "open") == 0 && story->api->masks)
        story->mask = &open;
}

static void do_async(struct story *story, const char *arguments)
{
    int on = 1, result;

    handle(SIGIO, count_io, SA_RESTART);
    fcntl(story->fd, F_SETOWN, getpid());
    result = strcmp(arguments, "by ioctl") == 0
                 ? ioctl(story->fd, FIOASYNC, &on)
                 : fcntl(story->fd, F_SETFL, fcntl(story->fd, F_GETFL) | O_ASYNC);
    say("  async: %s\n", result_name(result));
}

/* SIGIO says that there is something to look at; the look says what. */
static void do_await_io(struct story *story, const char *arguments)
{
    int64_t end = now() + LIMIT;
    struct pollfd ready = { .fd = story->fd, .events = POLLOUT };
    sig_atomic_t seen = 0;

    (void)arguments;
    while (now() < end) {
        if (ios == seen) {
            nap(LOOK);
            continue;
        }
        seen = ios;
        if (poll(&ready, 1, 0) > 0) {
            say("  SIGIO, and %s\n", bits_name((uint32_t)ready.revents));
            return;
        }
    }
    say("  no SIGIO\n");
}

/* Threads */

struct waiter {
    struct story *story;
    int result, error;
    char got[512];
    pthread_t thread;
    _Atomic pid_t number;
    _Atomic bool done;
};

static void *run_waiter(void *data)
{
    struct waiter *waiter = data;
    struct story *story = waiter->story;
    enum kind kind = story->api->kind;

    atomic_store(&waiter->number, (pid_t)syscall(SYS_gettid));
    waiter->result = kind == KIND_POLL     ? wait_poll(story, story->fd, LIMIT, waiter->got)
                     : kind == KIND_SELECT ? wait_select(story, story->fd, LIMIT, waiter->got)
                                           : wait_set(story, story->set, LIMIT, waiter->got);
    waiter->error = errno;
    atomic_store(&waiter->done, true);
    return NULL;
}

static bool rests(struct waiter *waiter)
{
    pid_t number = atomic_load(&waiter->number);

    return atomic_load(&waiter->done) || (number && sleeps(getpid(), number));
}

static void start_waiter(struct waiter *waiter, struct story *story)
{
    *waiter = (struct waiter){ .story = story };
    if (pthread_create(&waiter->thread, NULL, run_waiter, waiter) != 0)
        fail("pthread_create");
    while (!rests(waiter))
        nap(1);
}

static int count_done(struct waiter *waiters, int count)
{
    int done = 0;

    for (int i = 0; i < count; i++)
        done += atomic_load(&waiters[i].done);
    return done;
}

/* Whom the answer wakes is awake at once, or when a slice of the library's is over: whoever sleeps then
 * sleeps on. A signal ends that. */
static void end_waiters(struct waiter *waiters, int count)
{
    while (count_done(waiters, count) == 0)
        nap(1);
    nap(SLICES);
    for (int i = 0; i < count; i++) {
        while (!rests(&waiters[i]))
            nap(1);
        if (!atomic_load(&waiters[i].done))
            pthread_kill(waiters[i].thread, SIGALRM);
        pthread_join(waiters[i].thread, NULL);
    }
}

/* "COUNT": so many threads wait for the same answer. How many it wakes, and with what. */
static void do_threads(struct story *story, const char *arguments)
{
    struct waiter waiters[8];
    int count = atoi(arguments), woken = 0;
    const char *got = "";

    handle(SIGALRM, count_alarm, 0);
    for (int i = 0; i < count; i++)
        start_waiter(&waiters[i], story);
    do_open(story, "");
    end_waiters(waiters, count);
    for (int i = 0; i < count; i++) {
        woken += waiters[i].result > 0;
        got = waiters[i].result > 0 ? waiters[i].got : got;
    }
    say("  %d threads wait: %d woken, %s\n", count, woken, got);
}

static struct waiter background;

static void do_begin(struct story *story, const char *arguments)
{
    (void)arguments;
    start_waiter(&background, story);
}

static void do_join(struct story *story, const char *arguments)
{
    (void)story;
    (void)arguments;
    pthread_join(background.thread, NULL);
    errno = background.error;
    say("  the waiting thread: %s\n",
        background.result > 0 ? background.got : result_name(background.result));
}

/* Other processes */

/* "STEPS", separated by commas: a child does them while the parent goes on; "child" prints what it said. */
static void run_script(struct story *story, const char *script, char separator);

static void do_fork(struct story *story, const char *arguments)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        fail("pipe");
    story->child = fork();
    if (story->child == 0) {
        dup2(ends[1], 1);
        say("  child:\n");
        run_script(story, arguments, ',');
        exit(0);
    }
    close(ends[1]);
    story->said = ends[0];
}

static void do_child(struct story *story, const char *arguments)
{
    char said[1024];
    int status = -1;
    ssize_t size;

    (void)arguments;
    while (story->said >= 0 && (size = read(story->said, said, sizeof said)) > 0)
        say("%.*s", (int)size, said);
    waitpid(story->child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        say("  child: status %d\n", status);
}

static void do_exec(struct story *story, const char *arguments)
{
    char number[16], *words[] = { "readiness", "-x", number, NULL };

    if (strcmp(arguments, "kept") == 0)
        fcntl(story->fd, F_SETFD, 0);
    snprintf(number, sizeof number, "%d", story->fd);
    story->said = -1;
    story->child = fork();
    if (story->child == 0) {
        execv("/proc/self/exe", words);
        _exit(127);
    }
}

/* What the program behind exec does: the descriptor is all that it knows. */
static int after_exec(int fd)
{
    struct pollfd ready = { .fd = fd, .events = POLLOUT };

    if (fcntl(fd, F_GETFD) < 0) {
        say("  program: %s\n", error_name(errno));
        return 0;
    }
    say("  program waits: %s", result_name(poll(&ready, 1, LIMIT)));
    say(" %s\n", bits_name((uint32_t)ready.revents));
    exchange_on(fd, "program");
    return 0;
}

union rights {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
};

/* The socket goes to another process, which closes nothing and has no table. */
static void receive_rights(int channel)
{
    char byte;
    union rights rights;
    struct msghdr message = { .msg_iov = &(struct iovec){ &byte, 1 },
                              .msg_iovlen = 1,
                              .msg_control = &rights,
                              .msg_controllen = sizeof rights };
    int fd;

    if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&message))
        fail("recvmsg");
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    after_exec(fd);
    exit(0);
}

static void do_adopt(struct story *story, const char *arguments)
{
    int ends[2], said[2];

    (void)arguments;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 || pipe2(said, O_CLOEXEC) < 0)
        fail("socketpair");
    story->child = fork();
    if (story->child == 0) {
        dup2(said[1], 1);
        receive_rights(ends[1]);
    }
    close(ends[1]);
    close(said[1]);
    story->channel = ends[0];
    story->said = said[0];
}

static void do_give(struct story *story, const char *arguments)
{
    union rights rights = {
        .header = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) }
    };
    struct mmsghdr message = { .msg_hdr = { .msg_iov = &(struct iovec){ "x", 1 },
                                            .msg_iovlen = 1,
                                            .msg_control = &rights,
                                            .msg_controllen = sizeof rights } };

    memcpy(CMSG_DATA(&rights.header), &story->fd, sizeof(int));
    post_wish();
    if (strcmp(arguments, "by sendmmsg") == 0)
        say("  give %s: %s\n", arguments, result_name(sendmmsg(story->channel, &message, 1, 0)));
    else
        say("  give: %s\n", result_name(sendmsg(story->channel, &message.msg_hdr, 0)));
}

/* What would connect past connect() */

static void do_fast(struct story *story, const char *arguments)
{
    struct iovec part = { "data", 4 };
    struct mmsghdr message = { .msg_hdr = { .msg_name = &story->target, .msg_iov = &part, .msg_iovlen = 1 } };
    long result;

    story->target_size = loopback(target_port(story, "accept"), &story->target);
    message.msg_hdr.msg_namelen = story->target_size;
    if (strcmp(arguments, "sendto") == 0)
        result =
            sendto(story->fd, "data", 4, MSG_FASTOPEN, (struct sockaddr *)&story->target, story->target_size);
    else if (strcmp(arguments, "sendmsg") == 0)
        result = sendmsg(story->fd, &message.msg_hdr, MSG_FASTOPEN);
    else
        result = sendmmsg(story->fd, &message, 1, MSG_FASTOPEN);
    say("  fast open by %s: %s\n", arguments, result_name(result));
}

/* Whether a ring can be had; where it cannot the kernel may have several reasons. */
static void do_ring(struct story *story, const char *arguments)
{
    char parameters[120] = "";
    long result = syscall(SYS_io_uring_setup, 4, parameters);

    (void)story;
    (void)arguments;
    say("  io_uring_setup: %s\n", result < 0 ? error_name(errno) : "a ring");
}

static const struct {
    const char *verb;
    void (*run)(struct story *story, const char *arguments);
} verbs[] = {
    { "connect", do_connect },
    { "start", do_start },
    { "syscall", do_system_call },
    { "again", do_again },
    { "dissolve", do_dissolve },
    { "socket", do_socket },
    { "wait", do_wait },
    { "wait-copy", do_wait_copy },
    { "wait-second", do_wait_second },
    { "wait-outer", do_wait_outer },
    { "watch", do_watch },
    { "watch-second", do_watch_second },
    { "watch-copy", do_watch_copy },
    { "modify", do_modify },
    { "delete", do_delete },
    { "nest", do_nest },
    { "error", do_error },
    { "peer", do_peer },
    { "open", do_open },
    { "gone", do_gone },
    { "settle", do_settle },
    { "arrived", do_arrived },
    { "blocking", do_blocking },
    { "nonblocking", do_nonblocking },
    { "option", do_option },
    { "duplicate", do_duplicate },
    { "use-copy", do_use_copy },
    { "close", do_close },
    { "shutdown", do_shutdown },
    { "unread", do_unread },
    { "exchange", do_exchange },
    { "send", do_send },
    { "receive", do_receive },
    { "use", do_use },
    { "echo", do_echo },
    { "idle", do_idle },
    { "signal", do_signal },
    { "later", do_later },
    { "rescue", do_rescue },
    { "raise", do_raise },
    { "alarms", do_alarms },
    { "mask", do_mask },
    { "async", do_async },
    { "await-io", do_await_io },
    { "threads", do_threads },
    { "begin", do_begin },
    { "join", do_join },
    { "fork", do_fork },
    { "child", do_child },
    { "exec", do_exec },
    { "adopt", do_adopt },
    { "give", do_give },
    { "fast", do_fast },
    { "ring", do_ring },
};

static void run_step(struct story *story, char *step)
{
    size_t size = strcspn(step, " ");
    const char *arguments = step[size] ? step + size + 1 : "";

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strlen(verbs[i].verb) == size && strncmp(verbs[i].verb, step, size) == 0) {
            verbs[i].run(story, arguments);
            return;
        }
    fprintf(stderr, "readiness: no step '%s'\n", step);
    exit(2);
}

static void run_script(struct story *story, const char *script, char separator)
{
    const char ends[2] = { separator, 0 };

    while (*script) {
        char step[STEP_SIZE * 4];
        size_t size = strcspn(script, ends);

        snprintf(step, sizeof step, "%.*s", (int)size, script);
        run_step(story, step);
        script += size;
        script += strspn(script, separator == ',' ? ", " : "; ");
    }
}

/* The rows */

static const struct {
    const char *outcome;
    const char *waits;  /* % */
    const char *answer; /* ~ */
} outcomes[] = {
    { "accept", "wait 30000", "wait 300" },
    { "refuse", "wait 30000", "wait 30000" },
    { "reset", "gone; wait 30000", "wait 30000" },
    { "slow", "wait 100; open; wait 30000", "wait 300" },
    { "slowrefuse", "wait 100; open; wait 30000", "wait 300" },
    { "timeout", "wait 100; open; wait 30000", "wait 300" },
    { "never", "wait 100; wait 200", "wait 300" },
};

enum reach {
    EVERY,
    SETS,
    FEW,
    ONE
}; /* which calls a row is run with: FEW is poll and epoll_wait, ONE poll */

struct row {
    const char *name, *outcomes, *script;
    enum reach reach;
};
#define ALL    "accept refuse reset slow slowrefuse timeout never"
#define FAILED "refuse reset slowrefuse timeout"
#define DONE   "accept refuse reset slow slowrefuse timeout"

/* Each is run with the calls that wait, and for each outcome. */
static const struct row crossed[] = {
    { "level", ALL, "connect @; watch; %; error; error; peer; wait 0; again; exchange; again", EVERY },
    { "before connect", ALL, "watch; wait 0; connect @; %; error; error; wait 0; peer; exchange", EVERY },
    { "for in", ALL, "connect @; watch in; ~; settle; error; peer", EVERY },
    { "for out", ALL, "connect @; watch out; %; wait 0; error; wait 0", EVERY },
    { "for nothing", ALL, "connect @; watch none; settle; wait 300; error; wait 0", EVERY },
    { "receive first", DONE, "connect @; watch; %; receive; receive; send a; send b; error; peer", FEW },
    { "send first", FAILED, "connect @; watch; %; send a; send b; receive; error; wait 0; peer", FEW },
    { "peek first", FAILED, "connect @; watch; %; receive peek; receive; error; wait 0", FEW },
    { "again first", ALL, "connect @; watch; %; again; peer; error", FEW },
    { "shutdown at the end", DONE, "connect @; watch; %; shutdown 1; error; gone; shutdown 2; peer", FEW },
    { "edge", ALL, "connect @; watch et; %; wait 100; error; wait 100; exchange; wait 100; peer", SETS },
    { "edge before connect", ALL, "watch et; wait 0; wait 0; connect @; %; wait 100; error; exchange; wait 0",
      SETS },
    { "edge, both ways", "slow",
      "connect @; watch et; %; send data; arrived; wait 300; receive; wait 100; send bye; arrived; wait 300; "
      "wait 100",
      SETS },
    { "one-shot", ALL,
      "connect @; watch oneshot; %; wait 100; modify oneshot; wait 300; wait 100; error; exchange", SETS },
    { "one-shot edge", ALL,
      "connect @; watch oneshot et; %; wait 100; modify oneshot et; wait 300; wait 100; error", SETS },
    { "one-shot before connect", ALL,
      "watch oneshot; wait 0; connect @; wait 100; open; settle; wait 300; error; modify oneshot; wait 300",
      SETS },
    { "unfired one-shot before connect", ALL,
      "watch oneshot; connect @; %; wait 100; error; modify oneshot; wait 300", SETS },
    { "exclusive", ALL, "connect @; watch excl; %; wait 0; modify; delete; watch; wait 0; error; exchange",
      SETS },
    { "exclusive before connect", ALL, "watch excl; wait 0; connect @; %; error; exchange; wait 0", SETS },
    { "exclusive edge", ALL, "connect @; watch excl et; %; wait 100; error; exchange", SETS },
    { "wakeup", "slow slowrefuse", "connect @; watch wakeup; %; wait 0; error", SETS },
    { "hang-up of the peer", "slow",
      "connect @; watch in rdhup; wait 100; open; settle; wait 300; exchange; wait 100; send bye; wait "
      "30000; receive; "
      "wait 0",
      EVERY },
    { "modified", ALL, "connect @; watch in; ~; modify out; %; modify in; wait 300; error", SETS },
    { "modified before connect", ALL,
      "watch in; modify out; connect @; %; modify in out rdhup; wait 300; error", SETS },
    { "deleted", ALL,
      "connect @; watch; delete; wait 100; open; settle; wait 300; watch; wait 100; error; delete", SETS },
    { "deleted before connect", "slow",
      "watch; delete; connect @; wait 100; open; settle; wait 300; watch; wait 100; error", SETS },
    { "registered twice", "slow refuse", "connect @; watch; watch in; %; wait 0", SETS },
    { "never registered", "slow refuse", "connect @; modify; delete; watch; %; delete; delete", SETS },
    { "two sets", ALL, "connect @; watch; watch-second et; %; wait-second 1000; wait-second 100; wait 0",
      SETS },
    { "two sets before connect", "slow slowrefuse",
      "watch; watch-second et; wait-second 0; connect @; wait-second 100; %; wait-second 1000; wait-second "
      "100; wait 0",
      SETS },
    { "set in a set", ALL, "connect @; watch; nest; %-outer; wait 300; wait-outer 0; error; exchange", SETS },
    { "set in a set, edge", "slow slowrefuse never",
      "connect @; watch et; nest et; %-outer; wait-outer 100; wait 100; wait 0; error", SETS },
    { "set in a set, inner edge", "slow slowrefuse",
      "connect @; watch et; nest; %-outer; wait 0; wait-outer 100", SETS },
    { "set in a set, before connect", "slow slowrefuse",
      "watch et; nest; wait 0; wait-outer 0; connect @; %-outer; wait 0; wait-outer 100", SETS },
    { "duplicate", "slow slowrefuse refuse never",
      "connect @; duplicate; watch-copy; %; wait-copy 0; error; use-copy; peer; exchange", EVERY },
    { "duplicate by dup2", "slow slowrefuse",
      "connect @; duplicate dup2; watch-copy; wait-copy 100; %; wait-copy 0; error", FEW },
    { "duplicate by dup3", "slow slowrefuse",
      "connect @; duplicate dup3; watch-copy; wait-copy 100; %; wait-copy 0; error", FEW },
    { "duplicate by fcntl", "slow slowrefuse",
      "connect @; duplicate F_DUPFD; watch-copy; wait-copy 100; %; wait-copy 0; error", FEW },
    { "duplicate before connect", "slow slowrefuse",
      "duplicate; watch-copy; connect @; wait-copy 100; %; wait-copy 0", FEW },
    { "send on a duplicate from before", "slow slowrefuse",
      "duplicate; connect @; use-copy; watch; send a; receive; %; error; peer; exchange", FEW },
    { "both registered", "slow slowrefuse",
      "connect @; duplicate; watch; watch-copy; %; wait 0; error; exchange", SETS },
    { "duplicate outlives", "slow slowrefuse never",
      "connect @; duplicate; watch-copy; close; %-copy; use-copy; error; exchange", EVERY },
    { "registration outlives", "slow slowrefuse",
      "connect @; duplicate; watch; close; %; delete; use-copy; error; exchange", SETS },
    { "two threads", "slow slowrefuse", "connect @; watch et; threads 2; error; exchange", EVERY },
    { "two threads, one-shot", "slow slowrefuse", "connect @; watch oneshot; threads 2; error; exchange",
      SETS },
    { "four threads, before connect", "slow slowrefuse",
      "watch et; wait 0; connect @; threads 4; error; exchange", SETS },
    { "a thread waits meanwhile", "slow slowrefuse refuse",
      "watch et; wait 0; begin; connect @; open; join; error; exchange", SETS },
    { "a thread waits, we ask", "slow slowrefuse",
      "connect @; watch; begin; wait 100; error; again; open; join; exchange", EVERY },
    { "a thread waits, we block", "slow",
      "connect @; watch; blocking; begin; later open; again; join; exchange", EVERY },
    { "hundreds", "slow slowrefuse never", "idle 300; connect @; watch; %; wait 0; error; exchange", EVERY },
    { "interrupted", "slow slowrefuse",
      "connect @; watch; signal; wait 30000; alarms; open; wait 30000; error", EVERY },
    { "interrupted, SA_RESTART", "slow",
      "connect @; watch; signal restart; wait 30000; alarms; open; wait 30000", EVERY },
    { "blocked signal", "slow", "mask; connect @; watch; signal open; wait 30000; alarms; error", EVERY },
    { "mask lets a signal in", "slow",
      "mask open; connect @; watch; signal open; wait 30000; alarms; wait 30000; alarms", EVERY },
    { "mask, signal came before", "slow",
      "mask open; raise; connect @; watch; alarms; later open; wait 30000; alarms; wait 30000; alarms",
      EVERY },
    { "mask, no time", "never", "mask open; connect @; watch; wait 0; raise; wait 100; alarms; wait 0",
      EVERY },
    { "closed", "slow slowrefuse",
      "connect @; watch; close; open; wait 1700; socket on the same number; wait 0", SETS },
    { "closed by dup2", "slow slowrefuse", "connect @; watch; wait 100; close by dup2; open; wait 1700",
      SETS },
    { "closed by range", "slow slowrefuse", "connect @; watch; wait 100; close by range; open; wait 1700",
      SETS },
    { "kept by range", "slow slowrefuse", "connect @; watch; close on exec; %; error; exchange", EVERY },
    { "number used again", DONE,
      "connect slow; watch; wait 100; close; socket; watch; connect @; %; error; peer; exchange", EVERY },
    { "shutdown", "slow slowrefuse never",
      "connect @; watch; wait 100; shutdown 1; wait 300; error; error; receive; send a; wait 0; peer",
      EVERY },
    { "dissolved", "slow never",
      "connect @; watch; wait 100; dissolve; wait 0; error; peer; again accept; wait 30000; exchange",
      EVERY },
    { "connect from the other side", "slow slowrefuse never",
      "connect @; watch; again; again; error; wait 100; again; %; again; again", EVERY },
    { "to the next after failure", FAILED,
      "connect @; watch; %; error; again accept; again accept; wait 30000; error; peer; exchange", EVERY },
    { "to the next, error unread", FAILED,
      "connect @; watch; %; again accept; again accept; wait 30000; error; peer; exchange", EVERY },
    { "low-water mark", "slow", "option rcvlowat 1000; connect @; watch; %; error; peer", FEW },
    { "cork", "slow", "option cork 1; connect @; watch; %; error; option cork 0; exchange", FEW },
    { "fast open option", DONE, "option fastopen 1; connect @; watch; %; error; peer; again; exchange", FEW },
};

/* Each is run with poll, and those of FEW with epoll_wait. */
static const struct row single[] = {
    { "bytes while connecting", "",
      "connect never; wait 50; unread in; unread out; receive; receive peek; send a; send; peer", ONE },
    { "interrupted connect", "",
      "blocking; signal; start slow; alarms; watch; open; wait 30000; error; peer; again; again; exchange",
      FEW },
    { "interrupted connect, again waits", "",
      "blocking; signal; start slow; later open; again; again; peer; exchange", FEW },
    { "interrupted connect, refused", "",
      "blocking; signal; start slowrefuse; watch; open; wait 30000; error; error; receive", FEW },
    { "interrupted connect, again refused", "",
      "blocking; signal; start slowrefuse; later open; again; error; receive; watch; wait 0", FEW },
    { "interrupted connect, send waits", "", "blocking; signal; start slow; later open; use write; echo data",
      FEW },
    { "connect goes on behind SA_RESTART", "",
      "blocking; signal restart open; start slow; alarms; error; exchange", FEW },
    { "connect times out", "",
      "blocking; option sndtimeo 100; start slow; watch; wait 50; again; open; wait 30000; error; again; "
      "again; "
      "exchange",
      FEW },
    { "connect times out, refused", "",
      "blocking; option sndtimeo 100; start slowrefuse; watch; open; wait 30000; error; receive; again slow",
      FEW },
    { "connect times out, never", "",
      "blocking; option sndtimeo 100; start never; again; again; watch; wait 100; error", FEW },
    { "time-out and SA_RESTART", "",
      "blocking; option sndtimeo 30000; signal restart; start slow; open; wait 30000; error; exchange", ONE },
    { "made blocking, connect again", "", "connect slow; blocking; later open; again; again; exchange", ONE },
    { "made blocking, connect again, refused", "",
      "connect slowrefuse; blocking; later open; again; error; wait 0; receive", ONE },
    { "made non-blocking after a time-out", "",
      "blocking; option sndtimeo 100; start slow; nonblocking; again; receive; watch; open; wait 30000; "
      "error; "
      "exchange",
      FEW },
    { "fast open by sendto", "", "fast sendto; wait 30000; error", ONE },
    { "fast open by sendmsg", "", "fast sendmsg; wait 30000; error", ONE },
    { "fast open by sendmmsg", "", "fast sendmmsg; wait 30000; error", ONE },
    { "connect by syscall", "", "syscall slow; watch; wait 100; open; wait 30000; error; peer; exchange",
      FEW },
    { "connect by syscall, refused", "",
      "syscall slowrefuse; watch; wait 100; open; wait 30000; error; receive; peer", FEW },
    { "ring", "", "ring", ONE },
    { "async before connect", "", "async; connect slow; open; await-io; error; exchange", ONE },
    { "async while connecting", "", "connect slow; async; open; await-io; error; exchange", ONE },
    { "async while connecting, refused", "", "connect slowrefuse; async by ioctl; open; await-io; error",
      ONE },
    { "fork, both wait", "",
      "connect slow; watch; fork wait 30000, peer; open; wait 30000; peer; child; exchange", FEW },
    { "fork, both wait, refused", "",
      "connect slowrefuse; watch; fork wait 30000, peer; open; wait 30000; peer; child", FEW },
    { "fork, the child waits", "",
      "connect slow; watch; fork wait 100, open, wait 30000, error, exchange; child; wait 100; error; "
      "exchange",
      FEW },
    { "fork, the child waits, refused", "",
      "connect slowrefuse; watch; fork wait 100, open, wait 30000, error, receive; child; wait 0; error; "
      "receive",
      FEW },
    { "fork, the parent closes", "",
      "connect slow; watch; fork wait 30000, error, peer, exchange; close; open; child", FEW },
    { "fork, the child closes", "",
      "connect slow; watch; fork close; child; open; wait 30000; error; exchange", FEW },
    { "fork, the child connects", "",
      "fork connect accept, watch, wait 30000, exchange; child; peer; wait 0; exchange", FEW },
    { "fork, the child ends at once", "",
      "connect slow; watch; fork; child; open; wait 30000; error; peer; exchange", FEW },
    { "exec", "", "connect slow; exec kept; open; child", ONE },
    { "exec, refused", "", "connect slowrefuse; exec kept; open; child", ONE },
    { "exec, closed", "", "connect slow; exec; child; open; wait 30000; exchange", ONE },
    { "rights", "", "adopt; connect slow; later open; give; close; child", ONE },
    { "rights by sendmmsg", "", "adopt; connect slow; later open; give by sendmmsg; close; child", ONE },
    { "rights, refused", "", "adopt; connect slowrefuse; later open; give; close; child", ONE },
    { "seven connections", "",
      "connect slow; socket; connect slow; socket; connect slow; open; wait 30000; error; exchange", ONE },
};

struct job {
    char name[96], script[SCRIPT_SIZE];
    const struct api *api;
    pid_t pid; /* and process group */
    int out;
    int64_t end;
    struct wish *wish; /* shared with the row */
    int control;       /* the row's line to the targets */
    char *said;
    size_t size;
};

enum { JOBS_MOST = 4096 };
static struct job jobs[JOBS_MOST];
static int job_count;

/* Adds the waits, of which each "wait" is the verb. */
static size_t add_waits(char *out, const char *waits, const char *verb)
{
    size_t size = 0;

    while (*waits)
        if (strncmp(waits, "wait", 4) == 0) {
            size += (size_t)sprintf(out + size, "%s", verb);
            waits += 4;
        } else {
            out[size++] = *waits++;
        }
    return size;
}

/* "%-copy": the waits, of "wait-copy"; returns what follows. */
static const char *take_waits(const char *script, char *out, size_t *size, const char *waits)
{
    char verb[32] = "wait";
    size_t length = script[1] == '-' ? strcspn(script + 1, ";") : 0;

    sprintf(verb + 4, "%.*s", (int)length, script + 1);
    *size += add_waits(out + *size, waits, verb);
    return script + length;
}

static void add_job(const struct api *api, const char *name, const char *outcome, const char *waits,
                    const char *answer, const char *script)
{
    struct job *job = &jobs[job_count++];
    size_t size = 0;

    if (job_count == JOBS_MOST)
        fail("JOBS_MOST");
    snprintf(job->name, sizeof job->name, "%s: %s%s%s", api->name, name, *outcome ? ", " : "", outcome);
    job->api = api;
    for (; *script && size < SCRIPT_SIZE - 64; script++)
        if (*script == '@')
            size += (size_t)sprintf(job->script + size, "%s", outcome);
        else if (*script == '%')
            script = take_waits(script, job->script, &size, waits);
        else if (*script == '~')
            size += (size_t)sprintf(job->script + size, "%s", answer);
        else
            job->script[size++] = *script;
    job->script[size] = 0;
}

static bool reaches(enum reach reach, const struct api *api)
{
    return reach == EVERY || (reach == SETS && api->kind == KIND_EPOLL) ||
           (reach == FEW && (api == &apis[0] || strcmp(api->name, "epoll_wait") == 0));
}

/* "slow" is a word of "slow slowrefuse", not of "slowrefuse". */
static bool has_word(const char *words, const char *word)
{
    size_t size = strlen(word);

    for (const char *at = words; (at = strstr(at, word)); at += size)
        if ((at == words || at[-1] == ' ') && (at[size] == ' ' || at[size] == 0))
            return true;
    return false;
}

static void add_crossed(const struct row *row)
{
    for (size_t o = 0; o < sizeof outcomes / sizeof *outcomes; o++)
        for (size_t a = 0; a < APIS && has_word(row->outcomes, outcomes[o].outcome); a++)
            if (reaches(row->reach, &apis[a]))
                add_job(&apis[a], row->name, outcomes[o].outcome, outcomes[o].waits, outcomes[o].answer,
                        row->script);
}

static void add_uses(const struct use *uses, size_t count, const char *name, const char *before,
                     const char *after)
{
    for (size_t i = 0; i < count; i++) {
        char script[SCRIPT_SIZE], full[64];

        snprintf(full, sizeof full, "%s %s", uses[i].name, name);
        snprintf(script, sizeof script, "%suse %s%s%s", before, uses[i].name, *after ? "; " : "", after);
        for (char *star = script; (star = strchr(star, '*'));) {
            char rest[SCRIPT_SIZE];

            snprintf(rest, sizeof rest, "%s", star + 1);
            snprintf(star, sizeof script - (size_t)(star - script), "use %s%s", uses[i].name, rest);
        }
        add_job(&apis[0], full, "", "", "", script);
    }
}

static void add_all(void)
{
    for (size_t i = 0; i < sizeof crossed / sizeof *crossed; i++)
        add_crossed(&crossed[i]);
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        for (size_t a = 0; a < APIS; a++)
            if (a == 0 || (single[i].reach == FEW && reaches(FEW, &apis[a])))
                add_job(&apis[a], single[i].name, "", "", "", single[i].script);
    add_uses(reading, READING, "while connecting", "connect slowgreet; ",
             "watch out; open; wait 30000; arrived; *");
    add_uses(reading, READING, "waits", "connect slowgreet; blocking; later open; ", "peer");
    add_uses(reading, READING, "waits, refused", "connect slowrefuse; blocking; later open; ", "*; error");
    add_uses(reading, READING, "times out", "connect slow; blocking; option rcvtimeo 200; ",
             "open; wait 30000; exchange");
    add_uses(reading, READING, "interrupted", "connect slow; blocking; signal rescue; ",
             "alarms; open; wait 30000; exchange");
    add_uses(reading, READING, "after a failure", "connect slowrefuse; open; wait 30000; ",
             "*; error; wait 0");
    add_uses(writing, WRITING, "while connecting", "connect slow; later open; ",
             "wait 30000; *; echo data; error");
    add_uses(writing, WRITING, "waits", "connect slow; blocking; later open; ", "peer; echo data");
    add_uses(writing, WRITING, "waits, refused", "connect slowrefuse; blocking; later open; ", "*; error");
    add_uses(writing, WRITING, "times out", "connect slow; blocking; option sndtimeo 200; rescue; ",
             "open; wait 30000; *; echo data");
    add_uses(writing, WRITING, "interrupted", "connect slow; blocking; signal rescue; ",
             "alarms; open; wait 30000; exchange");
    add_uses(writing, WRITING, "after a failure", "connect slowrefuse; open; wait 30000; ",
             "*; error; wait 0");
    add_uses(writing, WRITING, "after a time-out of connect",
             "blocking; option sndtimeo 100; start slow; option sndtimeo 30000; later open; ", "echo data");
}

/* Runs them, so many at a time, each in a process of its own. */

static _Noreturn void run_job(const struct job *job, int out)
{
    struct story story = { .api = job->api, .said = -1, .events = POLLIN | POLLPRI | POLLOUT | POLLRDHUP };

    setpgid(0, 0);
    dup2(out, 1);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    wish = job->wish;
    line_to_targets = job->control;
    handle(SIGPIPE, count_pipe, SA_RESTART);
    story.set = epoll_create1(EPOLL_CLOEXEC);
    story.second = epoll_create1(EPOLL_CLOEXEC);
    story.outer = epoll_create1(EPOLL_CLOEXEC);
    story.fd = tcp_socket();
    run_script(&story, job->script, ';');
    exit(0);
}

static void start_job(struct job *job)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        fail("pipe");
    job->control = control_line();
    job->pid = fork();
    if (job->pid < 0)
        fail("fork");
    if (job->pid == 0)
        run_job(job, ends[1]);
    setpgid(job->pid, job->pid);
    close(ends[1]);
    job->out = ends[0];
    job->end = now() + ROW_SECONDS * 1000;
}

/* False: it has said all that it will say. */
static bool listen_to(struct job *job)
{
    char bytes[4096];
    ssize_t got = read(job->out, bytes, sizeof bytes);

    if (got <= 0)
        return false;
    job->said = realloc(job->said, job->size + (size_t)got);
    if (!job->said)
        fail("realloc");
    memcpy(job->said + job->size, bytes, (size_t)got);
    job->size += (size_t)got;
    return true;
}

static void end_job(struct job *job)
{
    static const char hangs[] = "  HANGS\n";
    int status;

    if (now() >= job->end) {
        kill(-job->pid, SIGKILL);
        job->said = realloc(job->said, job->size + sizeof hangs);
        memcpy(job->said + job->size, hangs, sizeof hangs - 1);
        job->size += sizeof hangs - 1;
    }
    close(job->out);
    close(job->control);
    waitpid(job->pid, &status, 0);
    if (WIFSIGNALED(status) && now() < job->end)
        fprintf(stderr, "%s: signal %d\n", job->name, WTERMSIG(status));
    job->pid = 0;
}

/* What the row wants done while it sleeps, an act at a look. The wish is struck off first: what is done may
 * wake the row, and then it has the next one. */
static void grant(struct job *job)
{
    struct wish *asked = job->wish;
    char act = asked->acts[0];

    if (!sleeps(job->pid, job->pid)) {
        asked->since = 0;
        return;
    }
    if (!asked->since)
        asked->since = now();
    if (act == 'r' && now() < asked->since + DEEP_SLEEP)
        return;
    asked->since = 0;
    memmove(asked->acts, asked->acts + 1, sizeof asked->acts - 1);
    if (!asked->acts[0])
        atomic_store(&asked->open, false);
    if (act == 's')
        kill(job->pid, SIGALRM);
    else
        ask_targets(job->control, 'o', 0);
}

static void run_all(int *wanted, int count)
{
    int done = 0, next = 0, *running = calloc((size_t)options.jobs, sizeof *running), busy = 0;
    struct pollfd *fds = calloc((size_t)options.jobs, sizeof *fds);
    struct wish *wishes =
        mmap(NULL, (size_t)count * sizeof *wishes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (wishes == MAP_FAILED)
        fail("mmap");
    while (done < count) {
        for (; busy < options.jobs && next < count; busy++) {
            jobs[wanted[next]].wish = &wishes[next];
            start_job(&jobs[wanted[next]]);
            running[busy] = wanted[next++];
        }
        for (int i = 0; i < busy; i++)
            fds[i] = (struct pollfd){ .fd = jobs[running[i]].out, .events = POLLIN };
        if (poll(fds, (nfds_t)busy, LOOK) < 0)
            fail("poll");
        for (int i = busy - 1; i >= 0; i--) {
            struct job *job = &jobs[running[i]];

            if (atomic_load(&job->wish->open))
                grant(job);
            if (now() < job->end && (!fds[i].revents || listen_to(job)))
                continue;
            end_job(job);
            running[i] = running[--busy];
            done++;
        }
    }
    free(fds);
    free(running);
}

static bool is_wanted(const char *name, char **globs)
{
    if (!*globs)
        return true;
    for (; *globs; globs++)
        if (fnmatch(*globs, name, 0) == 0)
            return true;
    return false;
}

static int run_wanted(char **globs, bool list)
{
    static int wanted[JOBS_MOST];
    int count = 0;

    add_all();
    for (int i = 0; i < job_count; i++)
        if (is_wanted(jobs[i].name, globs))
            wanted[count++] = i;
    for (int i = 0; list && i < count; i++)
        printf("%s\n  %s\n", jobs[wanted[i]].name, jobs[wanted[i]].script);
    if (list || count == 0)
        return count == 0;
    run_all(wanted, count);
    for (int i = 0; i < count; i++) {
        printf("%s\n", jobs[wanted[i]].name);
        fwrite(jobs[wanted[i]].said, 1, jobs[wanted[i]].size, stdout);
    }
    return 0;
}

int main(int argc, char **argv)
{
    bool list = false;
    int option;

    while ((option = getopt(argc, argv, "+n6amlj:b:x:s")) != -1)
        switch (option) {
        case 's':
            serve_all();
        case 'x':
            return after_exec(atoi(optarg));
        case 'n':
            options.native = true;
            break;
        case 'a':
            options.mapped = true;
            /* fall through */
        case '6':
            options.family = AF_INET6;
            break;
        case 'm':
            options.mptcp = true;
            break;
        case 'l':
            list = true;
            break;
        case 'j':
            options.jobs = atoi(optarg);
            break;
        case 'b':
            options.reply = atoi(optarg);
            break;
        default:
            return 2;
        }
    if (optind < argc)
        options.ports = argv[optind++];
    return run_wanted(argv + optind, list);
}
