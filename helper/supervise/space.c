#include "space.h"
#include "hand.h"
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

enum { LATE = 2 }; /* seconds after which the maker is given up: somebody has stopped it */

/* --- the network --- */

static bool write_file(const char *path, const char *words)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, words, strlen(words)) == (ssize_t)strlen(words);

    if (fd >= 0)
        close(fd);
    return good;
}

/* user_namespaces(7): without privileges one's own number alone, and no groups given up. */
static bool map_users(uid_t user, gid_t group)
{
    char users[64], groups[64];

    snprintf(users, sizeof users, "%u %u 1", (unsigned)user, (unsigned)user);
    snprintf(groups, sizeof groups, "%u %u 1", (unsigned)group, (unsigned)group);
    return (write_file("/proc/self/setgroups", "deny") || errno == ENOENT) &&
           write_file("/proc/self/uid_map", users) && write_file("/proc/self/gid_map", groups);
}

static bool raise_loopback(void)
{
    struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;

    if (fd >= 0)
        close(fd);
    return good;
}

/* One of TEST-NET-1, RFC 5737, that is nobody's: getaddrinfo(3) with AI_ADDRCONFIG wants one besides 127.0.0.1. See
 * rtnetlink(7). */
static bool add_address(void)
{
    struct {
        struct nlmsghdr head;
        struct ifaddrmsg about;
        struct {
            struct rtattr head;
            struct in_addr value;
        } local, address;
    } request = {
        .head = { sizeof request, RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 1, 0 },
        .about = { .ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = if_nametoindex("lo") },
        .local = { { sizeof request.local, IFA_LOCAL }, { htonl(0xc0000201) } },
        .address = { { sizeof request.address, IFA_ADDRESS }, { htonl(0xc0000201) } },
    };
    struct {
        struct nlmsghdr head;
        struct nlmsgerr result;
        char more[sizeof request];
    } answer;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    bool good = fd >= 0 && send(fd, &request, sizeof request, 0) == sizeof request &&
                recv(fd, &answer, sizeof answer, 0) > (ssize_t)offsetof(typeof(answer), result.error) &&
                answer.head.nlmsg_type == NLMSG_ERROR && answer.result.error == 0;

    if (fd >= 0)
        close(fd);
    return good;
}

static const char *no_namespace(int error)
{
    if (error == ENOSPC || error == EUSERS)
        return "this system allows no more namespaces (user.max_user_namespaces, user.max_net_namespaces)";
    if (error == EINVAL || error == ENOSYS)
        return "this kernel has no user or no network namespaces";
    return "a network of its own needs a user namespace, and this container or system lets users make none "
           "(kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)";
}

const char *space_enter(void)
{
    uid_t user = geteuid();
    gid_t group = getegid();
    bool whole = unshare(CLONE_NEWNET) == 0;

    if (!whole && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return no_namespace(errno);
    if ((whole || map_users(user, group)) && raise_loopback() && add_address())
        return NULL;
    return errno == EPERM || errno == EACCES ? no_namespace(errno)
                                             : "a network of its own cannot be set up here";
}

/* --- the maker --- */

struct wanted {
    int family, type;
};

static _Noreturn void make_sockets(int asked)
{
    struct wanted wanted;

    setsid();
    signal(SIGPIPE, SIG_IGN);
    if (prctl(PR_SET_DUMPABLE, 0L) < 0 || chdir("/") < 0) /* nobody in there is to look into it */
        _exit(1);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fd != asked)
            close(fd);
    hand_keep_only(asked, -1);
    while (recv(asked, &wanted, sizeof wanted, 0) == sizeof wanted) {
        int fd = socket(wanted.family, wanted.type, 0);

        if (!hand_send(asked, fd))
            break;
        if (fd >= 0)
            close(fd);
    }
    _exit(0);
}

/* A grandchild: the command is to have no child but its own. */
int space_start_maker(void)
{
    int ends[2];
    pid_t child;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    child = fork();
    if (child == 0) {
        if (fork() == 0)
            make_sockets(ends[1]);
        _exit(0);
    }
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    close(ends[1]);
    if (child > 0)
        return ends[0];
    close(ends[0]);
    return -EAGAIN;
}

/* What does not look as it should is no answer to this question. */
static bool is_as_wanted(int fd, const struct wanted *wanted)
{
    int type = wanted->type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);

    return socket_option(fd, SOL_SOCKET, SO_DOMAIN) == wanted->family &&
           socket_option(fd, SOL_SOCKET, SO_TYPE) == type &&
           socket_blocks(fd) == !(wanted->type & SOCK_NONBLOCK);
}

int space_socket(int maker, int family, int type)
{
    struct wanted wanted = { family, type | SOCK_CLOEXEC };
    struct timeval late = { .tv_sec = LATE };
    int fd;

    if (maker == SPACE_NONE) {
        fd = socket(family, wanted.type, 0);
        return fd < 0 ? -errno : fd;
    }
    setsockopt(maker, SOL_SOCKET, SO_RCVTIMEO, &late, sizeof late);
    if (send(maker, &wanted, sizeof wanted, MSG_NOSIGNAL | MSG_DONTWAIT) != sizeof wanted)
        return -ENETDOWN;
    fd = hand_receive(maker);
    if (fd >= 0 && is_as_wanted(fd, &wanted))
        return fd;
    if (fd >= 0)
        close(fd);
    return -ENETDOWN;
}

uint64_t space_network(int maker)
{
    int fd = space_socket(maker, AF_INET, SOCK_STREAM);
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;

    if (fd < 0)
        return 0;
    if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) < 0)
        cookie = 0;
    close(fd);
    return cookie;
}
