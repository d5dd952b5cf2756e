/* What one C library declares and another does not. The library is built with either, and serves programs of both
 * where the two agree (64 bits), so it knows these names whoever's headers it is built with.
 *
 * musl's headers are read without its _LARGEFILE64_SOURCE names: offsets have 64 bits there, and the names with a 64
 * in them are other names for the same functions, kept for programs that were linked long ago. */
#ifndef PTUNNEL_LIBC_H
#define PTUNNEL_LIBC_H

#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <resolv.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <wordexp.h>

#ifdef __GLIBC__

typedef unsigned long ioctl_request;
typedef int mmsg_flags;

/* Offsets and times of 32 bits, each with a second set of functions for programs that want 64. */
#ifndef __OFF_T_MATCHES_OFF64_T
#define NARROW_OFFSETS 1
#endif
#if __TIMESIZE == 32
#define NARROW_TIMES 1
#endif

#else

#ifdef _REDIR_TIME64
#error "musl with 32 bits has other names for functions that take a time, and those would not be hooked"
#endif

typedef int ioctl_request;
typedef unsigned mmsg_flags;

#undef off64_t
#undef sendfile64
#undef preadv64v2
#undef pwritev64v2
#undef fcntl64
typedef off_t off64_t;

/* getaddrinfo_a(3), as glibc has it. */
struct gaicb {
    const char *ar_name, *ar_service;
    const struct addrinfo *ar_request;
    struct addrinfo *ar_result;
    int __return;
    int __glibc_reserved[5];
};
int getaddrinfo_a(int mode, struct gaicb *list[], int count, struct sigevent *event);
void *dlvsym(void *handle, const char *name, const char *version);

int epoll_pwait2(int set, struct epoll_event *events, int most, const struct timespec *time,
                 const sigset_t *mask);
int execveat(int directory, const char *path, char *const argv[], char *const envp[], int flags);
ssize_t preadv2(int fd, const struct iovec *parts, int count, off_t offset, int flags);
ssize_t preadv64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags);
ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags);
ssize_t pwritev64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags);
ssize_t sendfile64(int to, int from, off64_t *offset, size_t size);
int fcntl64(int fd, int command, ...);
int close_range(unsigned first, unsigned last, int flags);
void closefrom(int first);
int res_nquery(res_state state, const char *name, int class, int type, unsigned char *answer, int size);
int res_nsearch(res_state state, const char *name, int class, int type, unsigned char *answer, int size);
int res_nquerydomain(res_state state, const char *name, const char *domain, int class, int type,
                     unsigned char *answer, int size);
int res_nsend(res_state state, const unsigned char *query, int query_size, unsigned char *answer, int size);

#endif

#ifndef GAI_WAIT
enum { GAI_WAIT = 0, GAI_NOWAIT = 1 };
#endif
#ifndef AI_IDN
#define AI_IDN 0x40
#endif
#ifndef NETDB_INTERNAL
#define NETDB_INTERNAL (-1)
#endif
#ifndef RTLD_DEEPBIND
#define RTLD_DEEPBIND 8
#endif
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

/* Of a system call or a function that takes 64 bits for the seconds, whatever time_t is: glibc's struct __timespec64 and
 * __timeval64, the kernel's __kernel_timespec. */
struct wide_timespec {
    int64_t tv_sec,
        tv_nsec; /* of tv_nsec the low 32 bits count where a word has no more; glibc clears the others */
};
struct wide_timeval {
    int64_t tv_sec, tv_usec;
};

#endif
