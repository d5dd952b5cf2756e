/* Whether this machine lets a supervisor do its work, found out before anything is changed. */
#ifndef PTUNNEL_POSSIBLE_H
#define PTUNNEL_POSSIBLE_H

#include <stdbool.h>
#include <sys/types.h>

/* What was found. An errno is positive; 0: it works. */
struct possible {
    int machine; /* 0, or ENOSYS: the calls of this processor are not known to us */
    int kernel;  /* 0, or ENOSYS: before Linux 5.9 */
    int take;    /* pidfd_getfd(2) of another process of ours */
    int read;    /* process_vm_readv(2) of one */
    int scope;   /* /proc/sys/kernel/yama/ptrace_scope; 0 where there is none */
    int filter;  /* seccomp(2) with a listener; known only when it is installed */
};

/* All but .filter, tried on that process, which is to have `word` at that place. */
void possible_find(struct possible *out, pid_t process, const int *word);

/* NULL, or a phrase: why not, and what to do. */
const char *possible_wrong(const struct possible *found);

/* Whether the supervisor has to be the command's parent to look into it: by Yama's ptrace_scope 1 nobody else may, unless he
 * has the capability SYS_PTRACE. */
bool possible_wants_parent(void);
bool possible_parent_helps(int scope, bool may_trace);

#endif
