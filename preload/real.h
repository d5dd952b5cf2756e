/* The functions that the library stands in front of, each declared once: struct, look-up,
 * export list and tests come from here. Their definitions in preload/hooks/ include libc's
 * headers, so the compiler compares. */
#ifndef PTUNNEL_REAL_H
#define PTUNNEL_REAL_H

#include <ptunnel/net.h>

#include "libc.h"

#include <errno.h>
#include <stdbool.h>

#define EXPORT __attribute__((visibility("default")))
#define HIDDEN                                                                                               \
    __attribute__((visibility("hidden"))) /* of a variable that hooks look at: addressed without a detour */

/* A function a line, as far as it goes. */
/* clang-format off */

#define REAL_FUNCTIONS(X) \
    X(int, connect, (int fd, const struct sockaddr *address, socklen_t size)) \
    X(int, close, (int fd)) \
    X(int, close_range, (unsigned first, unsigned last, int flags)) \
    X(void, closefrom, (int first)) \
    X(int, dup, (int fd)) \
    X(int, dup2, (int from, int to)) \
    X(int, dup3, (int from, int to, int flags)) \
    X(int, fcntl, (int fd, int command, ...)) \
    X(int, ioctl, (int fd, ioctl_request request, ...)) \
    X(long, syscall, (long number, ...)) \
    X(int, shutdown, (int fd, int how)) \
    X(int, bind, (int fd, const struct sockaddr *address, socklen_t size)) \
    X(int, getsockname, (int fd, struct sockaddr *address, socklen_t *size)) \
    X(int, getpeername, (int fd, struct sockaddr *address, socklen_t *size)) \
    X(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *size)) \
    X(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t size)) \
    X(int, poll, (struct pollfd *fds, nfds_t count, int milliseconds)) \
    X(int, ppoll, (struct pollfd *fds, nfds_t count, const struct timespec *time, const sigset_t *mask)) \
    X(int, __poll_chk, (struct pollfd *fds, nfds_t count, int milliseconds, size_t room)) \
    X(int, __ppoll_chk, \
      (struct pollfd *fds, nfds_t count, const struct timespec *time, const sigset_t *mask, size_t room)) \
    X(int, select, (int count, fd_set *reads, fd_set *writes, fd_set *excepts, struct timeval *time)) \
    X(int, pselect, \
      (int count, fd_set *reads, fd_set *writes, fd_set *excepts, const struct timespec *time, const sigset_t *mask)) \
    X(int, epoll_ctl, (int set, int operation, int fd, struct epoll_event *event)) \
    X(int, epoll_wait, (int set, struct epoll_event *events, int most, int milliseconds)) \
    X(int, epoll_pwait, (int set, struct epoll_event *events, int most, int milliseconds, const sigset_t *mask)) \
    X(int, epoll_pwait2, \
      (int set, struct epoll_event *events, int most, const struct timespec *time, const sigset_t *mask)) \
    X(ssize_t, read, (int fd, void *buffer, size_t size)) \
    X(ssize_t, __read_chk, (int fd, void *buffer, size_t size, size_t room)) \
    X(ssize_t, readv, (int fd, const struct iovec *parts, int count)) \
    X(ssize_t, preadv64v2, (int fd, const struct iovec *parts, int count, off64_t offset, int flags)) \
    X(ssize_t, recv, (int fd, void *buffer, size_t size, int flags)) \
    X(ssize_t, __recv_chk, (int fd, void *buffer, size_t size, size_t room, int flags)) \
    X(ssize_t, recvfrom, \
      (int fd, void *buffer, size_t size, int flags, struct sockaddr *address, socklen_t *address_size)) \
    X(ssize_t, __recvfrom_chk, \
      (int fd, void *buffer, size_t size, size_t room, int flags, struct sockaddr *address, socklen_t *address_size)) \
    X(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags)) \
    X(int, recvmmsg, (int fd, struct mmsghdr *messages, unsigned count, mmsg_flags flags, struct timespec *time)) \
    X(ssize_t, write, (int fd, const void *bytes, size_t size)) \
    X(ssize_t, writev, (int fd, const struct iovec *parts, int count)) \
    X(ssize_t, pwritev64v2, (int fd, const struct iovec *parts, int count, off64_t offset, int flags)) \
    X(ssize_t, send, (int fd, const void *bytes, size_t size, int flags)) \
    X(ssize_t, sendto, \
      (int fd, const void *bytes, size_t size, int flags, const struct sockaddr *address, socklen_t address_size)) \
    X(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags)) \
    X(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned count, mmsg_flags flags)) \
    X(ssize_t, sendfile64, (int to, int from, off64_t *offset, size_t size)) \
    X(ssize_t, splice, (int from, off64_t *from_offset, int to, off64_t *to_offset, size_t size, unsigned flags)) \
    X(FILE *, fdopen, (int fd, const char *mode)) \
    X(void *, dlopen, (const char *file, int mode)) \
    X(void *, dlsym, (void *handle, const char *name)) \
    X(void *, dlvsym, (void *handle, const char *name, const char *version)) \
    X(int, execve, (const char *path, char *const argv[], char *const envp[])) \
    X(int, execv, (const char *path, char *const argv[])) \
    X(int, execvpe, (const char *file, char *const argv[], char *const envp[])) \
    X(int, execvp, (const char *file, char *const argv[])) \
    X(int, execveat, (int directory, const char *path, char *const argv[], char *const envp[], int flags)) \
    X(int, fexecve, (int fd, char *const argv[], char *const envp[])) \
    X(int, execl, (const char *path, const char *first, ...)) \
    X(int, execlp, (const char *file, const char *first, ...)) \
    X(int, execle, (const char *path, const char *first, ...)) \
    X(pid_t, fork, (void)) \
    X(int, posix_spawn, \
      (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions, \
       const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])) \
    X(int, posix_spawnp, \
      (pid_t * pid, const char *file, const posix_spawn_file_actions_t *actions, \
       const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])) \
    X(int, system, (const char *command)) \
    X(FILE *, popen, (const char *command, const char *mode)) \
    X(int, wordexp, (const char *words, wordexp_t *into, int flags)) \
    X(int, getaddrinfo, \
      (const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)) \
    X(void, freeaddrinfo, (struct addrinfo *list)) \
    X(int, getaddrinfo_a, (int mode, struct gaicb *list[], int count, struct sigevent *event)) \
    X(int, getnameinfo, \
      (const struct sockaddr *address, socklen_t size, char *host, socklen_t host_size, char *service, \
       socklen_t service_size, int flags)) \
    X(struct hostent *, gethostbyname, (const char *name)) \
    X(struct hostent *, gethostbyname2, (const char *name, int family)) \
    X(int, gethostbyname_r, \
      (const char *name, struct hostent *into, char *buffer, size_t size, struct hostent **result, int *error)) \
    X(int, gethostbyname2_r, \
      (const char *name, int family, struct hostent *into, char *buffer, size_t size, struct hostent **result, \
       int *error)) \
    X(struct hostent *, gethostbyaddr, (const void *address, socklen_t size, int family)) \
    X(int, gethostbyaddr_r, \
      (const void *address, socklen_t size, int family, struct hostent *into, char *buffer, size_t room, \
       struct hostent **result, int *error)) \
    X(int, res_query, (const char *name, int class, int type, unsigned char *answer, int size)) \
    X(int, res_search, (const char *name, int class, int type, unsigned char *answer, int size)) \
    X(int, res_querydomain, \
      (const char *name, const char *domain, int class, int type, unsigned char *answer, int size)) \
    X(int, res_send, (const unsigned char *query, int query_size, unsigned char *answer, int size)) \
    X(int, res_nquery, (res_state state, const char *name, int class, int type, unsigned char *answer, int size)) \
    X(int, res_nsearch, (res_state state, const char *name, int class, int type, unsigned char *answer, int size)) \
    X(int, res_nquerydomain, \
      (res_state state, const char *name, const char *domain, int class, int type, unsigned char *answer, int size)) \
    X(int, res_nsend, \
      (res_state state, const unsigned char *query, int query_size, unsigned char *answer, int size)) \
    REAL_NARROW_OFFSETS(X) \
    REAL_WIDE_TIMES(X)

/* Where an off_t has 32 bits, those that take one are functions of their own; where it has 64, they are other names for
 * those that always do. */
#ifdef NARROW_OFFSETS
#define REAL_NARROW_OFFSETS(X) \
    X(int, fcntl64, (int fd, int command, ...)) \
    X(ssize_t, preadv2, (int fd, const struct iovec *parts, int count, off_t offset, int flags)) \
    X(ssize_t, pwritev2, (int fd, const struct iovec *parts, int count, off_t offset, int flags)) \
    X(ssize_t, sendfile, (int to, int from, off_t *offset, size_t size))
#define REAL_OFFSET_ALIASES(A)
#else
#define REAL_NARROW_OFFSETS(X)
#define REAL_OFFSET_ALIASES(A) \
    A(fcntl, fcntl64) \
    A(preadv64v2, preadv2) \
    A(pwritev64v2, pwritev2) \
    A(sendfile64, sendfile)
#endif

/* Where a time_t has 32 bits: what glibc's headers make of the usual names for programs that want 64. */
#ifdef NARROW_TIMES
#define REAL_WIDE_TIMES(X) \
    X(int, __ppoll64, (struct pollfd *fds, nfds_t count, const struct wide_timespec *time, const sigset_t *mask)) \
    X(int, __select64, (int count, fd_set *reads, fd_set *writes, fd_set *excepts, struct wide_timeval *time)) \
    X(int, __pselect64, \
      (int count, fd_set *reads, fd_set *writes, fd_set *excepts, const struct wide_timespec *time, \
       const sigset_t *mask)) \
    X(int, __epoll_pwait2_time64, \
      (int set, struct epoll_event *events, int most, const struct wide_timespec *time, const sigset_t *mask)) \
    X(ssize_t, __recvmsg64, (int fd, struct msghdr *message, int flags)) \
    X(int, __recvmmsg64, \
      (int fd, struct mmsghdr *messages, unsigned count, int flags, struct wide_timespec *time))
#define REAL_TIME_ALIASES(A) \
    A(fcntl64, __fcntl_time64) \
    A(ioctl, __ioctl_time64) \
    A(getsockopt, __getsockopt64) \
    A(setsockopt, __setsockopt64) \
    A(sendmsg, __sendmsg64) \
    A(sendmmsg, __sendmmsg64)
#else
#define REAL_WIDE_TIMES(X)
#define REAL_TIME_ALIASES(A)
#endif

/* Other names that libc exports for the same functions: the second is defined as an alias of the first. */
#define REAL_ALIASES(A) \
    A(connect, __connect) \
    A(close, __close) \
    A(dup2, __dup2) \
    A(fork, __fork) \
    A(fcntl, __fcntl) \
    A(poll, __poll) \
    A(select, __select) \
    A(read, __read) \
    A(write, __write) \
    A(send, __send) \
    A(sendmmsg, __sendmmsg) \
    A(res_query, __res_query) \
    A(res_search, __res_search) \
    A(res_querydomain, __res_querydomain) \
    A(res_send, __res_send) \
    A(res_nquery, __res_nquery) \
    A(res_nsearch, __res_nsearch) \
    A(res_nquerydomain, __res_nquerydomain) \
    A(res_nsend, __res_nsend) \
    REAL_OFFSET_ALIASES(A) \
    REAL_TIME_ALIASES(A)

/* Of these we need libc's own, whoever stands in front of them: our waits end when the kernel's clock says so, not
 * another library's (faketime), and what we ask the kernel is asked. The second is its name where time_t is wider
 * than a word. */
#define LIBC_FUNCTIONS(L) \
    L(poll, poll) \
    L(ppoll, __ppoll_time64) \
    L(pselect, __pselect_time64) \
    L(epoll_pwait, epoll_pwait) \
    L(syscall, syscall)

/* clang-format on */

struct real {
#define FIELD(type, name, parameters) type(*name) parameters;
    REAL_FUNCTIONS(FIELD)
#undef FIELD
};

struct libc {
#define FIELD(name, wide) __typeof__(((struct real *)0)->name) name;
    LIBC_FUNCTIONS(FIELD)
#undef FIELD
};

extern struct real real_functions HIDDEN;
extern struct libc real_libc HIDDEN;
extern struct net real_net_functions HIDDEN;
void real_find_all(void);

/* The next definitions behind ours; connect is stored last, so where it is the others are. Another library's constructor may call a hook before our own has run. */
static inline const struct real *real(void)
{
    if (__builtin_expect(!real_functions.connect, 0))
        real_find_all();
    return &real_functions;
}

/* dlsym(3) and dlvsym(3) before the next definitions are known, too: preloaded allocators ask while we look for
 * those. Then, and for us, they are libc's own. */
typedef __typeof__(((struct real *)0)->dlsym) real_dlsym_function;
real_dlsym_function real_libc_dlsym(void);
__typeof__(((struct real *)0)->dlvsym) real_dlvsym(void);

static inline real_dlsym_function real_dlsym(void)
{
    return __builtin_expect(real_functions.dlsym != NULL, 1) ? real_functions.dlsym : real_libc_dlsym();
}

/* libc's own definitions. */
static inline const struct libc *libc(void)
{
    real();
    return &real_libc;
}

/* Where that is certain: the compiler then leaves the look-up out. */
static inline void real_is_known(void)
{
    if (!real_functions.connect)
        __builtin_unreachable();
}

/* The core's calls. */
static inline const struct net *real_net(void)
{
    real();
    return &real_net_functions;
}

static inline void errno_put_back(const int *kept)
{
    errno = *kept;
}

/* At the beginning of a block: what errno is there it is again behind the block, whatever is called in it. For what hooks
 * call: success leaves errno alone. Functions without it may change errno, and their headers say so where it matters. */
#define KEEP_ERRNO int kept_errno __attribute__((cleanup(errno_put_back), unused)) = errno

/* Inside: 0 or a negative errno. At the edge: libc's convention. */
static inline int libc_result(int result)
{
    if (result >= 0)
        return result;
    errno = -result;
    return -1;
}

#endif
