#include "real.h"

#include <ptunnel/loaded.h>

#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

struct real real_functions;
struct libc real_libc;
struct net real_net_functions;

/* What a libc may lack (musl, or an older glibc). A program can still ask for these names, so they do what
 * the kernel does. */
static int lacking_close_range(unsigned first, unsigned last, int flags)
{
    return (int)libc()->syscall(SYS_close_range, (long)first, (long)last, (long)flags);
}

static void lacking_closefrom(int first)
{
    lacking_close_range(first < 0 ? 0 : (unsigned)first, ~0u, 0);
}

static int lacking_epoll_pwait2(int set, struct epoll_event *events, int most, const struct timespec *time,
                                const sigset_t *mask)
{
#ifdef NARROW_TIMES /* the kernel's have 64 bits everywhere */
    struct wide_timespec wide = { time ? time->tv_sec : 0, time ? time->tv_nsec : 0 };
    const struct wide_timespec *end = time ? &wide : NULL;
#else
    const struct timespec *end = time;
#endif

    return (int)libc()->syscall(SYS_epoll_pwait2, (long)set, events, (long)most, end, mask, (long)(NSIG / 8));
}

/* preadv2(2): the offset is two words, low and high; where a word has 64 bits the kernel ignores the high one. */
static long high_word(off64_t offset)
{
    return sizeof(long) < 8 ? (long)((int64_t)offset >> 32) : 0;
}

static ssize_t lacking_preadv64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags)
{
    return libc()->syscall(SYS_preadv2, (long)fd, parts, (long)count, (long)offset, high_word(offset),
                           (long)flags);
}

static ssize_t lacking_pwritev64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags)
{
    return libc()->syscall(SYS_pwritev2, (long)fd, parts, (long)count, (long)offset, high_word(offset),
                           (long)flags);
}

static int lacking_execveat(int directory, const char *path, char *const argv[], char *const envp[],
                            int flags)
{
    return (int)libc()->syscall(SYS_execveat, (long)directory, path, argv, envp, (long)flags);
}

/* The fortified forms end the program when the buffer is too small; without that help the buffer's size is
 * the limit. */
static int lacking_poll_chk(struct pollfd *fds, nfds_t count, int milliseconds, size_t room)
{
    return real()->poll(fds, count < room / sizeof *fds ? count : room / sizeof *fds, milliseconds);
}

static int lacking_ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *time,
                             const sigset_t *mask, size_t room)
{
    return real()->ppoll(fds, count < room / sizeof *fds ? count : room / sizeof *fds, time, mask);
}

static ssize_t lacking_read_chk(int fd, void *buffer, size_t size, size_t room)
{
    return real()->read(fd, buffer, size < room ? size : room);
}

static ssize_t lacking_recv_chk(int fd, void *buffer, size_t size, size_t room, int flags)
{
    return real()->recv(fd, buffer, size < room ? size : room, flags);
}

static ssize_t lacking_recvfrom_chk(int fd, void *buffer, size_t size, size_t room, int flags,
                                    struct sockaddr *address, socklen_t *address_size)
{
    return real()->recvfrom(fd, buffer, size < room ? size : room, flags, address, address_size);
}

/* What else a libc has not: as if the kernel had it not. */
static long lacking_at_all(void)
{
    errno = ENOSYS;
    return -1;
}

/* musl's symbols have no versions. */
static void *lacking_dlvsym(void *handle, const char *name, const char *version)
{
    (void)version;
    return real_dlsym()(handle, name);
}

static void fill_gaps(struct real *found)
{
    static const struct real lacking = {
        .close_range = lacking_close_range,
        .closefrom = lacking_closefrom,
        .dlvsym = lacking_dlvsym,
        .epoll_pwait2 = lacking_epoll_pwait2,
        .preadv64v2 = lacking_preadv64v2,
        .pwritev64v2 = lacking_pwritev64v2,
        .__poll_chk = lacking_poll_chk,
        .__ppoll_chk = lacking_ppoll_chk,
        .__read_chk = lacking_read_chk,
        .__recv_chk = lacking_recv_chk,
        .__recvfrom_chk = lacking_recvfrom_chk,
        .execveat = lacking_execveat,
    };
#define FILL(type, name, parameters)                                                                         \
    if (!found->name)                                                                                        \
        found->name = lacking.name ? lacking.name : (type(*) parameters)(void (*)(void))lacking_at_all;
    REAL_FUNCTIONS(FILL)
#undef FILL
}

/* A libc that lacks one has what fills the gap. */
static void find_libc(const struct real *found)
{
#define FIND_OWN(name, wide)                                                                                 \
    real_libc.name =                                                                                         \
        (__typeof__(real_libc.name))loaded_libc_symbol(sizeof(time_t) > sizeof(long) ? #wide : #name);       \
    if (!real_libc.name)                                                                                     \
        real_libc.name = found->name;
    LIBC_FUNCTIONS(FIND_OWN)
#undef FIND_OWN
}

/* Where time_t is wider than a word, musl's <dlfcn.h> has it so, and it finds the functions that fit. */
real_dlsym_function real_libc_dlsym(void)
{
    void *wide = sizeof(time_t) > sizeof(long) ? loaded_libc_symbol("__dlsym_time64") : NULL;

    return (real_dlsym_function)(wide ? wide : loaded_libc_symbol("dlsym"));
}

__typeof__(real_functions.dlvsym) real_dlvsym(void)
{
    void *own = real_functions.dlvsym ? NULL : loaded_libc_symbol("dlvsym");

    if (real_functions.dlvsym)
        return real_functions.dlvsym;
    return own ? (__typeof__(real_functions.dlvsym))own : lacking_dlvsym;
}

/* The core waits by libc's own poll(), and does all else by the next definitions. */
static void fill_net(const struct real *found)
{
    real_net_functions = (struct net){ .connect = found->connect,
                                       .send = found->send,
                                       .recv = found->recv,
                                       .poll = real_libc.poll,
                                       .getpeername = found->getpeername,
                                       .getsockopt = found->getsockopt,
                                       .setsockopt = found->setsockopt,
                                       .read = found->read,
                                       .write = found->write,
                                       .close = found->close,
                                       .getaddrinfo = found->getaddrinfo,
                                       .freeaddrinfo = found->freeaddrinfo };
}

/* The next definition, if libc has one at all: a look-up that finds nothing allocates the words for dlerror(3), and an allocator
 * that is just starting, and has called us, would wait for itself (jemalloc). */
static void *find_next(real_dlsym_function next, const struct loaded *libc, const char *name)
{
    return loaded_symbol(libc, name) || loaded_libc_symbol(name) ? next(RTLD_NEXT, name) : NULL;
}

void real_find_all(void)
{
    real_dlsym_function next = real_libc_dlsym();
    struct loaded libc = { 0 };
    struct real found;
    int (*found_connect)(int fd, const struct sockaddr *address, socklen_t size);

    loaded_libc(&libc);
#define FIND(type, name, parameters) found.name = (type(*) parameters)find_next(next, &libc, #name);
    REAL_FUNCTIONS(FIND)
#undef FIND
    /* Before glibc 2.34 the resolver's functions had only their other names. */
#define FIND_OTHER(name, other)                                                                              \
    if (!found.name)                                                                                         \
        found.name = (__typeof__(found.name))find_next(next, &libc, #other);
    REAL_ALIASES(FIND_OTHER)
#undef FIND_OTHER
    fill_gaps(&found);
    find_libc(&found);
    fill_net(&found);
    /* connect tells real() that the table is there, so it is set when it is. */
    found_connect = found.connect;
    found.connect = NULL;
    real_functions = found;
    __atomic_store_n(&real_functions.connect, found_connect, __ATOMIC_RELEASE);
}
