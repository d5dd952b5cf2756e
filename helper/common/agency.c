#include "agency.h"
#include "libc_net.h"
#include "usage.h"

#include <ptunnel/agent.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 512, PATIENCE = 5000 /* ms */, LISTENER = 3 };

/* Beside this program, where it was installed. */
static bool find_program(char *path, size_t size)
{
    ssize_t used = readlink("/proc/self/exe", path, size);
    char *slash = used > 0 && (size_t)used < size ? (path[used] = '\0', strrchr(path, '/')) : NULL;

    if (!slash || (size_t)(slash - path) + sizeof "/ptunnel-agent" > size)
        return false;
    strcpy(slash, "/ptunnel-agent");
    return access(path, X_OK) == 0;
}

/* No library of ours, nor the settings for it: the agent speaks to Kerberos, not through the proxy. Emptied, not
 * taken out: a library that an outer ptunnel-run put in front of us would put them back. */
static void set_environment(void)
{
    static const char *const emptied[] = { "LD_PRELOAD",        "PTUNNEL_CONFIG",  "PTUNNEL_PROXY",
                                           "PTUNNEL_LOOPBACK",  "PTUNNEL_VERBOSE", "PTUNNEL_LOG",
                                           "PTUNNEL_LOG_FORMAT" };
    char pid[24];

    for (size_t i = 0; i < sizeof emptied / sizeof *emptied; i++)
        setenv(emptied[i], "", 1);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_FDNAMES", "ptunnel", 1);
}

static _Noreturn void become_agent(int listener, const char *path)
{
    int nothing = open("/dev/null", O_RDWR);

    for (int fd = 0; fd < LISTENER; fd++)
        dup2(nothing, fd);
    if (listener == LISTENER)
        fcntl(listener, F_SETFD, 0);
    else
        dup2(listener, LISTENER);
    syscall(SYS_close_range, LISTENER + 1, ~0u, 0); /* musl has no function for it */
    if (chdir("/") < 0)
        _exit(1);
    set_environment();
    execl(path, "ptunnel-agent", (char *)NULL);
    _exit(1);
}

/* A grandchild in a session of its own: nobody waits for it, and no signal of this terminal reaches it. */
static bool start_program(int listener, const char *path)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0) {
        setsid();
        child = fork();
        if (child == 0)
            become_agent(listener, path);
        _exit(child < 0);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* The socket listens before there is anybody to answer: so whoever comes next is not too early. */
static int listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    mode_t before = umask(077);
    bool good;

    strcpy(address.sun_path, path);
    unlink(path);
    good = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, BACKLOG) == 0;
    umask(before);
    if (good)
        return fd;
    usage_complain("%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The directory that nobody else may enter; locked, for two may want to start the agent at once. */
static int open_directory(const char *path)
{
    char directory[PATH_MAX];
    struct stat now;
    int fd;

    snprintf(directory, sizeof directory, "%s", path);
    *strrchr(directory, '/') = '\0';
    mkdir(directory, 0700);
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &now) < 0)
        usage_complain("%s: %s", directory, strerror(errno));
    else if (now.st_uid != geteuid() || (now.st_mode & 077))
        usage_complain("%s: it is not this user's alone: remove it, or set its mode to 0700", directory);
    else if (flock(fd, LOCK_EX) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool start_agent(const char *path)
{
    char program[PATH_MAX];
    bool started;
    int listener;

    if (!find_program(program, sizeof program)) {
        usage_complain("ptunnel-agent is not there, beside this program: reinstall ptunnel");
        return false;
    }
    listener = listen_at(path);
    started = listener >= 0 && start_program(listener, program);
    if (listener >= 0)
        close(listener);
    return started;
}

static bool is_not_there(int fd)
{
    return fd == -ENOENT || fd == -ECONNREFUSED;
}

/* A connection to the agent, which is started if need be; -1 with words. */
static int reach_agent(const char *path)
{
    int fd = agent_open(&libc_net, path), lock;

    if (is_not_there(fd)) {
        lock = open_directory(path);
        if (lock < 0)
            return -1;
        fd = agent_open(&libc_net, path); /* somebody else may have started it meanwhile */
        if (is_not_there(fd) && start_agent(path))
            fd = agent_open(&libc_net, path);
        close(lock);
    }
    if (fd >= 0)
        return fd;
    usage_complain("%s: %s", path, fd == -EPERM ? "somebody else listens there" : strerror(-fd));
    return -1;
}

static bool send_account(int fd, const struct account *account)
{
    char words[ACCOUNT_WORDS_SIZE + 3 * PROXY_USER_MAX + 3 * 1024 + 64];
    struct text out = text_in(words, sizeof words);
    const char *ccache = getenv("KRB5CCNAME");
    bool sent;

    text_print(&out, "1 know %s\n", account->words);
    if (account->password)
        proxy_add_encoded(&out, account->password);
    text_add(&out, "\n");
    if (ccache)
        proxy_add_encoded(&out, ccache);
    text_add(&out, "\n");
    sent = !out.cut && send(fd, words, text_size(&out), MSG_NOSIGNAL) == (ssize_t)text_size(&out);
    explicit_bzero(words, sizeof words);
    if (account->password)
        explicit_bzero((char *)account->password, strlen(account->password));
    return sent;
}

static struct ticket *tickets;

const struct ticket *agency_ticket(const struct account *account)
{
    const struct ticket *at = tickets;

    while (at && at->account != account)
        at = at->next;
    return at;
}

/* "ok SECONDS SERVICE WHO\n" */
static void keep_ticket(const struct account *account, const char *answer)
{
    struct ticket *ticket = calloc(1, sizeof *ticket);
    unsigned lasts;

    if (!ticket || sscanf(answer, "ok %u %260s %127[^\n]", &lasts, ticket->service, ticket->who) != 3) {
        free(ticket);
        return;
    }
    ticket->account = account;
    ticket->ends = lasts ? time(NULL) + (int64_t)lasts : 0;
    ticket->next = tickets;
    tickets = ticket;
}

/* "fail CAUSE WORDS\n" */
static enum agency take_answer(char *answer, const char *proxy, bool quiet)
{
    char *words = strncmp(answer, "fail ", 5) == 0 ? strchr(answer + 5, ' ') : NULL;

    if (!words)
        return AGENCY_FINE;
    words[strcspn(words, "\n")] = '\0';
    if (!quiet)
        usage_complain("proxy %.*s:%s", (int)strcspn(proxy, " "), proxy, words);
    return AGENCY_REFUSES;
}

static enum agency tell_of(const struct account *account, bool stay, bool quiet)
{
    int fd = reach_agent(account->socket);
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    enum agency result = AGENCY_FINE;
    char answer[512];
    ssize_t got;

    if (fd < 0)
        return AGENCY_FAILS;
    if (!send_account(fd, account)) {
        usage_complain("ptunnel-agent cannot be told: %s", strerror(errno));
        result = AGENCY_FAILS;
    } else if (poll(&ready, 1, PATIENCE) > 0) {
        got = recv(fd, answer, sizeof answer - 1, 0);
        answer[got > 0 ? got : 0] = '\0';
        if (got > 0)
            keep_ticket(account, answer);
        result = got > 0 ? take_answer(answer, account->words, quiet) : AGENCY_FAILS;
        if (got <= 0)
            usage_complain("ptunnel-agent has ended");
    }
    if (!stay || result == AGENCY_FAILS)
        close(fd);
    return result;
}

enum agency agency_tell(const struct config *config, bool stay, bool quiet)
{
    const struct config_route *route;
    enum agency result = AGENCY_FINE;

    for (size_t i = 0; (route = config_route(config, i)); i++)
        for (size_t k = 0; k < route->route.count && result != AGENCY_FAILS; k++) {
            const struct account *account = route->route.candidates[k].proxy.account;
            enum agency now = account ? tell_of(account, stay, quiet) : AGENCY_FINE;

            result = now > result ? now : result;
        }
    return result;
}
