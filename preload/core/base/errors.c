#include <ptunnel/errors.h>

#include <errno.h>

/* What the calls that we make about sockets and files can say. */
static const struct {
    int error;
    const char *words;
} known[] = {
    /* connections */
    { ECONNREFUSED, "connection refused" },
    { ECONNRESET, "connection reset" },
    { ECONNABORTED, "connection aborted" },
    { ETIMEDOUT, "timed out" },
    { EHOSTUNREACH, "no route to host" },
    { EHOSTDOWN, "host is down" },
    { ENETUNREACH, "network is unreachable" },
    { ENETDOWN, "network is down" },
    { ENETRESET, "network dropped the connection" },
    { EPIPE, "the other end is closed" },
    { ENOTCONN, "not connected" },
    { EISCONN, "already connected" },
    { EALREADY, "already connecting" },
    { ECANCELED, "given up by the program" },
    { EADDRINUSE, "address already in use" },
    { EADDRNOTAVAIL, "address not available" },
    { EAFNOSUPPORT, "address family not usable on this socket" },
    { EPROTONOSUPPORT, "protocol not supported" },
    { ENOPROTOOPT, "protocol not available" },
    { EPROTO, "protocol error" },
    { EOPNOTSUPP, "operation not supported" },
    { ENOTSOCK, "not a socket" },
    { ENOBUFS, "no buffer space left" },
    /* files */
    { ENOENT, "no such file" },
    { ENOTDIR, "a part of the path is no directory" },
    { EISDIR, "it is a directory" },
    { EEXIST, "it exists already" },
    { ELOOP, "too many symbolic links" },
    { ENAMETOOLONG, "name too long" },
    { EROFS, "read-only file system" },
    { ENOSPC, "no space left" },
    { EDQUOT, "no space left in the quota" },
    { EFBIG, "file too large" },
    { EOVERFLOW, "too large" },
    { EIO, "input/output error" },
    { ENXIO, "no such device or address" },
    { ENODEV, "no such device" },
    { ESTALE, "stale file handle" },
    { EBUSY, "busy" },
    { ENOLCK, "no locks left" },
    { EBADF, "not open" },
    /* either */
    { EACCES, "permission denied" },
    { EPERM, "operation not permitted" },
    { EMFILE, "too many open files in this process" },
    { ENFILE, "too many open files on this machine" },
    { ENOMEM, "out of memory" },
    { EAGAIN, "not possible at present" },
    { EINTR, "interrupted" },
    { EINVAL, "invalid argument" },
    { ENOSYS, "not supported by this kernel" },
};

void errors_print(struct text *out, int error)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].error == error) {
            text_add(out, known[i].words);
            return;
        }
    text_print(out, "error %u", (unsigned)error);
}
