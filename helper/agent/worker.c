#include "worker.h"
#include "digest.h"
#include "gss.h"

#include <ptunnel/base64.h>

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

size_t job_size(const struct job *job)
{
    return offsetof(struct job, data) + job->size;
}

size_t result_size(const struct result *result)
{
    return offsetof(struct result, field) + result->size;
}

/* The cache may be another one for each ptunnel-run; Kerberos looks for it anew each time, so a ticket that
 * came or went is noticed at once. */
static void use_ccache(const char *ccache)
{
    if (ccache[0])
        setenv("KRB5CCNAME", ccache, 1);
    else
        unsetenv("KRB5CCNAME");
}

static void make_token(const struct job *job, struct result *result)
{
    static char token[JOB_DATA_MOST];
    struct text out = text_in(result->field, sizeof result->field);
    struct text who = text_in(result->who, sizeof result->who);
    ssize_t size = base64_decode(token, sizeof token, job->data, job->size);
    struct gss_step step = { .id = job->id,
                             .ntlm = job->scheme == SCHEME_NTLM,
                             .service = job->service,
                             .user = job->user,
                             .password = job->password,
                             .token = token,
                             .size = size < 0 ? 0 : (size_t)size };

    if (size < 0) {
        failure_set(&result->failure, AGENT_OTHER, "407: the proxy's token is not Base64");
        return;
    }
    use_ccache(job->ccache);
    text_print(&out, "Proxy-Authorization: %s ", scheme_name(job->scheme));
    if (gss_make_token(&step, &out, &result->goes_on, &result->failure)) {
        text_add(&out, "\r\n");
        result->size = text_size(&out);
    }
    if (out.cut)
        failure_set(&result->failure, AGENT_OTHER, "the Kerberos ticket is larger than 64 KiB");
    if (job->wants_who && result->size > 0)
        result->lasts = gss_who(&step, &who);
}

/* The file is looked at first: a ticket that comes or goes meanwhile makes the token useless. */
static void make_ahead(const struct job *job, struct result *result)
{
    char name[CCACHE_SIZE] = "";
    struct text out = text_in(name, sizeof name);

    use_ccache(job->ccache);
    gss_cache_name(&out);
    ticket_file_look(&result->file, out.cut ? "" : name);
    make_token(job, result);
}

static void answer_digest(const struct job *job, struct result *result)
{
    struct text out = text_in(result->field, sizeof result->field);
    const char *at = job->data, *wrong = hashing_load();
    struct challenge challenge;
    struct digest digest = { .challenge = &challenge,
                             .user = job->user,
                             .password = job->password,
                             .uri = job->uri,
                             .cnonce = job->cnonce,
                             .count = job->count,
                             .hash = hashing_hex };

    if (wrong) {
        failure_set(&result->failure, AGENT_LIBRARY, "%s", wrong);
        return;
    }
    if (job->kind == JOB_LOAD)
        return;
    wrong = challenge_next(&at, job->data + job->size, &challenge) ? digest_answer(&digest, &out)
                                                                   : "the proxy's challenge is none";
    if (wrong)
        failure_set(&result->failure, AGENT_OTHER, "407: %s", wrong);
    else
        result->size = text_size(&out);
}

static void do_job(const struct job *job, struct result *result)
{
    memset(result, 0, offsetof(struct result, field));
    result->id = job->id;
    if (job->kind == JOB_TOKEN)
        make_token(job, result);
    else if (job->kind == JOB_AHEAD)
        make_ahead(job, result);
    else
        answer_digest(job, result);
    if (result->failure.words[0])
        result->size = 0;
}

static _Noreturn void work(int fd)
{
    static struct job job;
    static struct result result;
    ssize_t got;

    while ((got = recv(fd, &job, sizeof job, 0)) > 0 || (got < 0 && errno == EINTR)) {
        if (got < (ssize_t)offsetof(struct job, data) || (size_t)got != job_size(&job))
            continue;
        if (job.kind == JOB_FORGET) {
            gss_forget(job.id);
            continue;
        }
        do_job(&job, &result);
        explicit_bzero(&job, sizeof job);
        if (send(fd, &result, result_size(&result), MSG_NOSIGNAL) < 0)
            break;
        explicit_bzero(&result, result_size(&result));
    }
    _exit(0);
}

/* The child has no descriptor but its own socket and the standard ones: no question that waits, nor the socket
 * that is listened on. */
int worker_start(pid_t *pid)
{
    int pair[2], error;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    *pid = fork();
    error = errno;
    if (*pid == 0) {
        signal(SIGTERM, SIG_DFL);
        if (dup2(pair[1], STDERR_FILENO + 1) < 0)
            _exit(1);
        syscall(SYS_close_range, STDERR_FILENO + 2, ~0u, 0); /* musl has no function for it */
        known_forget_all();
        work(STDERR_FILENO + 1);
    }
    close(pair[1]);
    if (*pid > 0)
        return pair[0];
    close(pair[0]);
    return -error;
}
