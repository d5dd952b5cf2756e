/* Two kinds of rows: a call that always waits, or does not exist; and one of which an argument decides. BPF has
 * forward jumps only, so that each row is a block of its own: compare the number, look at the argument, return,
 * or fall through to the next row. */
#include "filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif
#ifndef SECCOMP_FILTER_FLAG_NEW_LISTENER
#define SECCOMP_FILTER_FLAG_NEW_LISTENER (1UL << 3)
#endif

#if defined __x86_64__ && !defined __ILP32__
#define NATIVE AUDIT_ARCH_X86_64
#elif defined __aarch64__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE AUDIT_ARCH_AARCH64
#else
#define NATIVE 0 /* ptunnel-run says that it cannot supervise here */
#endif

enum {
    ASK = SECCOMP_RET_USER_NOTIF,
    LET = SECCOMP_RET_ALLOW,
    NO_SUCH_CALL = SECCOMP_RET_ERRNO | ENOSYS,
    NOT_SUPPORTED = SECCOMP_RET_ERRNO | EOPNOTSUPP,
    NO_FAMILY = SECCOMP_RET_ERRNO | EAFNOSUPPORT,
    NO_KEY = SECCOMP_RET_ERRNO | ENOKEY,
    X32_BIT = 0x40000000,
};

enum test {
    ALWAYS,
    IS_ERROR_OPTION, /* getsockopt() of SO_ERROR */
    HAS_ADDRESS, /* the argument is not NULL; of TCP's calls the fifth is, so that no byte of a stream waits */
    OPENS_FAST,  /* MSG_FASTOPEN, of an argument: a connect() that hides in a send */
    LEADS_OUT,   /* socket() of a family that no network namespace holds, or may not */
};

enum when { EVER, PLACING /* not with --strict */, STRICT };

static const struct row {
    int call;
    enum test test;
    int argument;
    unsigned result;
    enum when when;
} rows[] = {
    { SYS_connect, ALWAYS, 0, ASK, EVER },
    { SYS_getpeername, ALWAYS, 0, ASK, EVER },
    { SYS_shutdown, ALWAYS, 0, ASK, EVER }, /* of a socket that is being connected it is the end of that */
    { SYS_epoll_ctl, ALWAYS, 0, ASK, PLACING },
    { SYS_getsockopt, IS_ERROR_OPTION, 0, ASK, EVER },
    { SYS_sendto, OPENS_FAST, 3, NOT_SUPPORTED, EVER }, /* programs fall back to connect() */
    { SYS_sendmsg, OPENS_FAST, 2, NOT_SUPPORTED, EVER },
    { SYS_sendmmsg, OPENS_FAST, 3, NOT_SUPPORTED, EVER },
    { SYS_sendto, HAS_ADDRESS, 4, ASK, EVER },
    { SYS_sendmsg, ALWAYS, 0, ASK, EVER },
    { SYS_sendmmsg, ALWAYS, 0, ASK, EVER },
    { SYS_recvfrom, HAS_ADDRESS, 4, ASK, EVER },
    { SYS_recvmsg, ALWAYS, 0, ASK, EVER },
    { SYS_io_uring_setup, ALWAYS, 0, NO_SUCH_CALL, EVER },
    { SYS_socket, LEADS_OUT, 0, NO_FAMILY, STRICT },
    { SYS_request_key, HAS_ADDRESS, 2, NO_KEY, STRICT }, /* a program outside may look a name up for it */
};

/* The families of sockets that stay inside: files and keys of this machine, and what is of the network namespace. */
static const unsigned families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_ALG };
enum { FAMILIES = sizeof families / sizeof *families };

struct writer {
    struct sock_filter *at;
};

static void put(struct writer *to, int code, unsigned value, unsigned then, unsigned otherwise)
{
    *to->at++ = (struct sock_filter)BPF_JUMP((unsigned short)code, value, (unsigned char)then,
                                             (unsigned char)otherwise);
}

static void load(struct writer *to, size_t offset)
{
    put(to, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

/* The lower half of an argument, and the upper one. */
static size_t low(int argument)
{
    return offsetof(struct seccomp_data, args) + 8 * (size_t)argument;
}

static size_t high(int argument)
{
    return low(argument) + 4;
}

static void put_test(struct writer *to, const struct row *row)
{
    switch (row->test) {
    case ALWAYS:
        break;
    case IS_ERROR_OPTION:
        load(to, low(1));
        put(to, BPF_JMP | BPF_JEQ | BPF_K, SOL_SOCKET, 0, 3);
        load(to, low(2));
        put(to, BPF_JMP | BPF_JEQ | BPF_K, SO_ERROR, 0, 1);
        break;
    case HAS_ADDRESS:
        load(to, low(row->argument));
        put(to, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2);
        load(to, high(row->argument));
        put(to, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
        break;
    case OPENS_FAST:
        load(to, low(row->argument));
        put(to, BPF_JMP | BPF_JSET | BPF_K, MSG_FASTOPEN, 0, 1);
        break;
    case LEADS_OUT:
        load(to, low(row->argument));
        for (int i = 0; i < FAMILIES; i++)
            put(to, BPF_JMP | BPF_JEQ | BPF_K, families[i], (unsigned)(FAMILIES - i), 0);
        break;
    }
}

/* The number is loaded anew for each row: a test may have loaded something else. */
static void put_row(struct writer *to, const struct row *row)
{
    struct sock_filter *jump;

    load(to, offsetof(struct seccomp_data, nr));
    jump = to->at;
    put(to, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)row->call, 0, 0);
    put_test(to, row);
    put(to, BPF_RET | BPF_K, row->result, 0, 0);
    jump->jf = (unsigned char)(to->at - jump - 1);
}

size_t filter_write(struct sock_filter out[FILTER_MOST], bool strict)
{
    struct writer to = { out };

    if (NATIVE == 0)
        return 0;
    load(&to, offsetof(struct seccomp_data, arch));
    put(&to, BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0);
    put(&to, BPF_RET | BPF_K, NO_SUCH_CALL, 0, 0); /* a 32-bit program's, which would go past us */
#ifdef __x86_64__
    load(&to, offsetof(struct seccomp_data, nr));
    put(&to, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
    put(&to, BPF_RET | BPF_K, NO_SUCH_CALL, 0, 0);
#endif
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].when == EVER || (rows[i].when == STRICT) == strict)
            put_row(&to, &rows[i]);
    put(&to, BPF_RET | BPF_K, LET, 0, 0);
    return (size_t)(to.at - out);
}

int filter_install(bool strict)
{
    struct sock_filter filter[FILTER_MOST];
    struct sock_fprog program = { .filter = filter, .len = (unsigned short)filter_write(filter, strict) };
    long listener;

    if (program.len == 0)
        return -ENOSYS;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0)
        return -errno;
    listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    return listener < 0 ? -errno : (int)listener;
}
