/* The functions that the library stands in front of, each declared once: struct, look-up, export list and tests
 * come from here. Their definitions in preload/hooks/ include libc's headers, so the compiler compares. */
#ifndef PTUNNEL_REAL_H
#define PTUNNEL_REAL_H

#include <ptunnel/net.h>

#include <errno.h>
#include <sys/socket.h>

#define EXPORT __attribute__((visibility("default")))

#define REAL_FUNCTIONS(X) \
    X(int, connect, (int fd, const struct sockaddr *address, socklen_t size))

/* Other names that libc exports for the same functions. */
#define REAL_ALIASES(A) \
    A(connect, __connect)

struct real {
#define FIELD(type, name, parameters) type(*name) parameters;
    REAL_FUNCTIONS(FIELD)
#undef FIELD
};

extern struct real real_functions;
void real_find_all(void);

/* The next definitions behind ours. Another library's constructor may call a hook before our own has run. */
static inline const struct real *real(void)
{
    if (__builtin_expect(!real_functions.connect, 0))
        real_find_all();
    return &real_functions;
}

extern const struct net real_net; /* the core's calls, by the next definitions */

/* Inside: 0 or a negative errno. At the edge: libc's convention. Success leaves errno alone. */
static inline int libc_result(int result)
{
    if (result >= 0)
        return result;
    errno = -result;
    return -1;
}

#endif
