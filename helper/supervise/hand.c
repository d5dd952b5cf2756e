#include "hand.h"

#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

union control {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
};

bool hand_send(int to, int fd)
{
    union control control = {
        .head = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd) }
    };
    struct iovec byte = { .iov_base = "", .iov_len = 1 };
    struct msghdr message = { .msg_iov = &byte, .msg_iovlen = 1 };

    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    }
    return sendmsg(to, &message, MSG_NOSIGNAL) == 1;
}

int hand_receive(int from)
{
    union control control;
    char byte;
    struct iovec bytes = { .iov_base = &byte, .iov_len = 1 };
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    int fd = -1;

    if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message))
        memcpy(&fd, CMSG_DATA(&control.head), sizeof fd);
    return fd;
}

static void close_between(int first, int last)
{
    if (first <= last)
        syscall(SYS_close_range, first, last, 0);
}

void hand_keep_only(int one, int other)
{
    int low = one < other ? one : other, high = one < other ? other : one;

    if (low > STDERR_FILENO)
        close_between(STDERR_FILENO + 1, low - 1);
    close_between((low > STDERR_FILENO ? low : STDERR_FILENO) + 1, high - 1);
    close_between(high + 1, INT_MAX);
}
