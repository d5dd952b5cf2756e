/* What open tunnels have carried, for the log's line when one is closed. There are records only where the log has such lines;
 * by descriptor, and believed only while it is the same socket (SO_COOKIE). The kernel counts, so that no read() or write()
 * has to. */
#ifndef PTUNNEL_TALLY_H
#define PTUNNEL_TALLY_H

#include <stdbool.h>

/* A tunnel to `authority` is open on it: what has gone over it so far was the proxy's. Nothing is done if the log would not say
 * it. */
void tally_begin(int fd, const char *authority);

bool tally_known(int fd); /* there is a record, true or not */

void tally_share(int from, int to); /* `to` has become a duplicate of `from` */

void tally_forget(int fd); /* it is no tunnel any more */

/* It is about to be closed. Says what the tunnel has carried, unless another descriptor of this process has it, too, or it is
 * an inherited one, whose parent goes on with it. Changes errno. */
void tally_end(int fd);
void tally_end_all(void); /* all that are known are about to be closed */

#endif
