/* Errors in words. */
#include "support/rows.h"

#include <ptunnel/errors.h>
#include <ptunnel/text.h>

#include <errno.h>
#include <string.h>

static const struct {
    const char *name;
    int error;
    const char *words;
} errors[] = {
    { "ECONNREFUSED", ECONNREFUSED, "connection refused" },
    { "ETIMEDOUT", ETIMEDOUT, "timed out" },
    { "EHOSTUNREACH", EHOSTUNREACH, "no route to host" },
    { "ENETUNREACH", ENETUNREACH, "network is unreachable" },
    { "EACCES", EACCES, "permission denied" },
    { "ECONNRESET", ECONNRESET, "connection reset" },
    { "EAFNOSUPPORT", EAFNOSUPPORT, "address family not usable on this socket" },
    { "EMFILE", EMFILE, "too many open files in this process" },
    { "EROFS", EROFS, "read-only file system" },
    { "ENOSPC", ENOSPC, "no space left" },
    { "an unusual one", EDOTDOT, "error 73" },
};

static void errors_in_words(void **state)
{
    const typeof(*errors) *row = *state;
    char buffer[64];
    struct text out = text_in(buffer, sizeof buffer);

    errors_print(&out, row->error);
    assert_string_equal(buffer, row->words);
}

/* What the calls about sockets and files whose errors are told are documented to say, but for bad pointers. */
static void every_foreseen_error_has_words_of_its_own(void **state)
{
    static const int foreseen[] = {
        EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN, EALREADY, EBADF, EBUSY, ECANCELED,
        ECONNABORTED, ECONNREFUSED, ECONNRESET, EDQUOT, EEXIST, EFBIG, EHOSTDOWN, EHOSTUNREACH, EINTR,
        EINVAL, EIO, EISCONN, EISDIR, ELOOP, EMFILE, ENAMETOOLONG, ENETDOWN, ENETRESET, ENETUNREACH, ENFILE,
        ENOBUFS, ENODEV, ENOENT, ENOLCK, ENOMEM, ENOPROTOOPT, ENOSPC, ENOSYS, ENOTCONN, ENOTDIR, ENOTSOCK,
        ENXIO, EOPNOTSUPP, EOVERFLOW, EPERM, EPIPE, EPROTO, EPROTONOSUPPORT, EROFS, ESTALE, ETIMEDOUT,
    };
    enum { FORESEEN = sizeof foreseen / sizeof *foreseen };
    static char words[FORESEEN][64];

    (void)state;
    for (size_t i = 0; i < FORESEEN; i++) {
        struct text out = text_in(words[i], sizeof words[i]);

        errors_print(&out, foreseen[i]);
        assert_false(out.cut);
        assert_int_not_equal(strncmp(words[i], "error ", 6), 0);
        for (size_t other = 0; other < i; other++)
            assert_string_not_equal(words[i], words[other]);
    }
}

int main(void)
{
    ROWS(errors, errors_in_words);
    STORY(every_foreseen_error_has_words_of_its_own);
    return rows_run("errors");
}
