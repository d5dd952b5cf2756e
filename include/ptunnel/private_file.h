/* A file that all processes of a user share and nobody else can read or write: where it is, and whether it
 * may be trusted.
 *
 * While it is open all signals are blocked and the thread cannot be cancelled: a handler that came here
 * again would wait for the lock of the code that it interrupted, and one that jumps away would leave the
 * descriptor open. */
#ifndef PTUNNEL_PRIVATE_FILE_H
#define PTUNNEL_PRIVATE_FILE_H

#include <ptunnel/net.h>
#include <ptunnel/text.h>

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

enum { PRIVATE_FILE_PATH_SIZE = 256 };

struct private_file {
    int fd;
    const struct net *net;
    const char *name;
    bool make;
    sigset_t signals; /* the thread's mask and cancel state, to be given back */
    int cancel;
    char path[PRIVATE_FILE_PATH_SIZE];
};

/* Opens `ptunnel-NAME` in `directory` ($XDG_RUNTIME_DIR, may be NULL) or in /run/user/UID, else
 * /dev/shm/ptunnel-UID/NAME: in the first of these places that is the user's own; makes it if there is
 * none and `make`. 0, or a negative errno: then `wrong` says which file and why, and nothing is open. */
int private_file_open(struct private_file *file, const struct net *net, const char *directory,
                      const char *name, bool make, struct text *wrong);

/* Whether it could be opened so, by what can be seen without making anything. Changes errno. */
bool private_file_is_writable(const struct net *net, const char *directory, const char *name);

/* A write beyond RLIMIT_FSIZE raises SIGXFSZ, which ends the program: false if `end` lies there. */
bool private_file_may_grow_to(off_t end);

/* Closes it, and lets signals and cancellation through again. */
void private_file_close(struct private_file *file);

/* Adds "/run/user/1000/ptunnel-names: no space left" to `wrong`; returns -error. */
int private_file_complain(const struct private_file *file, int error, struct text *wrong);

#endif
