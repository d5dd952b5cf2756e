#include <ptunnel/agent.h>

#include "dial_words.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char *const causes[AGENT_CAUSES] = {
    [AGENT_OTHER] = "other",       [AGENT_TICKET] = "ticket", [AGENT_SERVICE] = "service",
    [AGENT_KDC] = "kdc",           [AGENT_CLOCK] = "clock",   [AGENT_LIBRARY] = "library",
    [AGENT_PASSWORD] = "password", [AGENT_SCHEME] = "scheme",
};

const char *agent_cause_word(enum agent_cause cause)
{
    return causes[cause];
}

static bool is_own_directory(const char *path)
{
    struct stat now;

    return lstat(path, &now) == 0 && S_ISDIR(now.st_mode) && now.st_uid == geteuid() && !(now.st_mode & 022);
}

void agent_path(struct text *out, const char *directory)
{
    struct text empty = *out;

    if (directory && directory[0] == '/' && is_own_directory(directory)) {
        text_print(out, "%s/ptunnel/agent", directory);
        if (!out->cut)
            return;
        *out = empty;
    }
    text_print(out, "/run/user/%u", (unsigned)geteuid());
    if (is_own_directory(out->start)) {
        text_add(out, "/ptunnel/agent");
        return;
    }
    *out = empty;
    text_print(out, "/dev/shm/ptunnel-%u/agent", (unsigned)geteuid());
}

static bool is_ours(const struct net *net, int fd)
{
    struct ucred other;
    socklen_t size = sizeof other;

    return net->getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &other, &size) == 0 && other.uid == geteuid();
}

int agent_open(const struct net *net, const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd, error = 0;

    if (strlen(path) >= sizeof to.sun_path)
        return -ENAMETOOLONG;
    strcpy(to.sun_path, path);
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (net->connect(fd, (const struct sockaddr *)&to, sizeof to) < 0)
        error = errno;
    else if (!is_ours(net, fd))
        error = EPERM;
    if (error == 0)
        return fd;
    net->close(fd);
    return -error;
}

static uint64_t new_id(const struct dial *dial)
{
    uint64_t id = 0;

    if (getrandom(&id, sizeof id, GRND_NONBLOCK) != sizeof id || id == 0)
        id = (uint64_t)deadline_now() ^ (uint64_t)(uintptr_t)dial << 20 ^ (uint64_t)getpid();
    return id;
}

static const char *end_of(const struct dial *dial)
{
    if (dial->settled == DIAL_OPEN)
        return "open";
    if (dial->handshake.state != HANDSHAKE_REFUSED || dial->handshake.reply.status == 407)
        return "lost";
    return "refused";
}

static void add_question(const struct dial *dial, const struct leg *leg, struct text *out)
{
    const struct account *account = dial_candidate(dial)->proxy.account;

    text_print(out, leg ? "1 ask %lu %u %s" : "1 ended %lu %u %s", (unsigned long)dial->legs.id,
               dial->legs.count + (leg ? 1u : 0u),
               !leg                 ? end_of(dial)
               : dial->legs.another ? "another"
                                    : "on");
    text_print(out, " %s %s\n", dial->authority, account->words);
}

/* One message: the line stands in front of the challenges, where there is room for it. */
static int send_question(const struct dial *dial, struct leg *leg, int fd)
{
    char line[AGENT_FRONT];
    struct text text = text_in(line, sizeof line);
    const char *question = line;
    size_t size;

    add_question(dial, leg, &text);
    size = text_size(&text);
    if (leg) {
        question = leg_text(leg) - size;
        memcpy(leg_text(leg) - size, line, size);
        size += leg->size;
    }
    return dial->net->send(fd, question, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size ? 0 : -EAGAIN;
}

int agent_ask(struct dial *dial, struct leg *leg)
{
    int fd, result;

    if (dial->legs.id == 0)
        dial->legs.id = new_id(dial);
    fd = agent_open(dial->net, dial_candidate(dial)->proxy.account->socket);
    if (fd < 0)
        return fd;
    result = send_question(dial, leg, fd);
    if (result == 0)
        return fd;
    dial->net->close(fd);
    return result;
}

static int fail(struct dial *dial, enum agent_cause cause, const char *words, size_t size)
{
    struct text said = text_in(dial->legs.words, sizeof dial->legs.words);

    dial->legs.cause = (uint8_t)cause;
    text_add_foreign(&said, words, size, sizeof dial->legs.words);
    return -EACCES;
}

static int fail_with(struct dial *dial, const char *words)
{
    return fail(dial, AGENT_OTHER, words, strlen(words));
}

int agent_gone(struct dial *dial, int error)
{
    if (error == -EACCES || error == -EPERM)
        return fail_with(dial, "the agent is another user's, and answers nobody else");
    if (error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -EAGAIN || error == -ENOBUFS)
        return AGENT_AGAIN;
    return fail_with(dial, "the agent is gone: start it with ptunnel-run");
}

/* "CAUSE WORDS" */
static int take_failure(struct dial *dial, const char *at, size_t size)
{
    size_t word = 0;

    while (word < size && at[word] != ' ')
        word++;
    for (int i = 0; i < AGENT_CAUSES && word < size; i++)
        if (strlen(causes[i]) == word && memcmp(at, causes[i], word) == 0)
            return fail(dial, (enum agent_cause)i, at + word + 1, size - word - 1);
    return fail(dial, AGENT_OTHER, at, size);
}

/* One header field, of printable bytes: whatever happened to the agent, it puts nothing else into a request. */
static bool is_field(const char *field, size_t size)
{
    static const char name[] = "Proxy-Authorization: ";

    if (size == 0)
        return true;
    if (size > LEG_FIELD_MOST || size < sizeof name + 2 || memcmp(field, name, sizeof name - 1) != 0 ||
        memcmp(field + size - 2, "\r\n", 2) != 0)
        return false;
    for (size_t i = 0; i < size - 2; i++)
        if (field[i] < 0x20 || field[i] > 0x7e)
            return false;
    return true;
}

/* The answer lies in leg->bytes. */
static int take_answer(struct dial *dial, struct leg *leg, size_t size)
{
    char *end = memchr(leg->bytes, '\n', size);
    size_t line = end ? (size_t)(end - leg->bytes) : 0;
    bool tell = line == 10 && memcmp(leg->bytes, "field tell", 10) == 0;

    if (tell || (line == 5 && memcmp(leg->bytes, "field", 5) == 0)) {
        size -= line + 1;
        if (!is_field(end + 1, size))
            return fail_with(dial, "the agent's answer is no header field");
        memmove(leg_text(leg), end + 1, size);
        leg->size = size;
        dial->legs.tell = tell;
        return 0;
    }
    if (line > 5 && memcmp(leg->bytes, "fail ", 5) == 0)
        return take_failure(dial, leg->bytes + 5, line - 5);
    return fail_with(dial, "the agent and this ptunnel are of different versions");
}

/* "later MS": the challenges, which may be asked about again, stay where they are. 0: it says something else. */
static int time_in(const char *answer, size_t size)
{
    long milliseconds;

    if (size < 7 || memcmp(answer, "later ", 6) != 0 || answer[size - 1] != '\n')
        return 0;
    milliseconds = text_to_number(answer + 6, size - 7, 1, 60000);
    return milliseconds < 0 ? 0 : (int)milliseconds;
}

int agent_answer(struct dial *dial, struct leg *leg, int fd)
{
    char start[32];
    ssize_t got = dial->net->recv(fd, start, sizeof start, MSG_PEEK | MSG_DONTWAIT);
    int result = 0;

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return -EAGAIN;
    if (got > 0)
        result = time_in(start, (size_t)got);
    if (got > 0 && result == 0) {
        got = dial->net->recv(fd, leg->bytes, sizeof leg->bytes, MSG_DONTWAIT);
        if (got > 0)
            result = take_answer(dial, leg, (size_t)got);
    }
    dial->net->close(fd);
    return got > 0 ? result : agent_gone(dial, -ECONNRESET);
}

/* deadline_now()'s time until which this process asks nobody. */
static _Atomic int64_t silent_until;

static int wait_for_answer(struct dial *dial, struct leg *leg, int fd)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    int result = -EAGAIN;

    if (dial->net->poll(&ready, 1, AGENT_WAIT) > 0)
        result = agent_answer(dial, leg, fd);
    if (result != -EAGAIN)
        return result;
    dial->net->close(fd);
    atomic_store(&silent_until, deadline_in(AGENT_SILENT).at);
    return AGENT_SILENT;
}

static int ask(struct dial *dial, struct leg *leg)
{
    int64_t now = deadline_now(), silent = atomic_load(&silent_until);
    int fd;

    if (leg && silent > now)
        return (int)((silent - now) / 1000000) + 1;
    fd = agent_ask(dial, leg);
    if (fd == -EAGAIN) { /* so many questions wait for it already */
        atomic_store(&silent_until, deadline_in(AGENT_SILENT).at);
        return AGENT_SILENT;
    }
    if (fd < 0)
        return leg ? agent_gone(dial, fd) : 0;
    if (leg)
        return wait_for_answer(dial, leg, fd);
    dial->net->close(fd);
    return 0;
}

/* No handler of the program runs meanwhile, which might jump away from an open descriptor; the dial's driver
 * has seen to it that no thread ends here. */
int agent_authenticate(struct dial *dial, struct leg *leg)
{
    sigset_t all, before;
    int result;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    result = ask(dial, leg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}
