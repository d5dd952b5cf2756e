#include "processes.h"
#include "addresses.h"
#include "bytes.h"
#include "gates.h"
#include "look.h"
#include "steps.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* "STEPS", separated by commas: a child does them while the parent goes on; "child" prints what it said. */
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

/* A process that connects to the target, if one is named, and then becomes another program. */
static void do_exec(struct story *story, const char *arguments)
{
    char number[16], *words[] = { "readiness", "-x", number, NULL };

    if (strncmp(arguments, "kept ", 5) == 0) {
        fcntl(story->fd, F_SETFD, 0);
        arguments += 5;
    }
    if (*arguments)
        story->target_size = loopback(target_port(story, arguments), &story->target);
    snprintf(number, sizeof number, "%d", story->fd);
    story->said = -1;
    story->child = fork();
    if (story->child == 0) {
        if (*arguments)
            connect(story->fd, (struct sockaddr *)&story->target, story->target_size);
        execv("/proc/self/exe", words);
        _exit(127);
    }
}

int after_exec(int fd)
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

const struct verb process_verbs[] = {
    { "fork", do_fork },
    { "child", do_child },
    { "exec", do_exec },
    { "adopt", do_adopt },
    { "give", do_give },
    { 0 },
};
