/* Readiness translation: poll(2), select(2) and epoll_wait(2) with pending descriptors among those waited
 * for. Until the tunnel is open, the kernel's readiness of the socket is not the program's. All return what
 * the call returns, or a negative errno, and are used only when something is pending (ready_epoll: once a
 * cookie may come). */
#ifndef PTUNNEL_READY_H
#define PTUNNEL_READY_H

#include <ptunnel/deadline.h>

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>

/* From a timespec as a program passes it (NULL: for ever); false: the kernel says EINVAL, or EFAULT. */
bool ready_until(struct deadline *end, const struct timespec *time);

/* Whether a pending descriptor is among them, or an epoll set that holds one. False, too, for what the kernel could
 * not read and write, and for more than the kernel takes. */
bool ready_poll_concerned(struct pollfd *fds, nfds_t count);
int ready_poll(struct pollfd *fds, nfds_t count, struct deadline end, const sigset_t *mask);

/* *count may become less: no further does the kernel look, nor does ready_select(). */
bool ready_select_concerned(int *count, const fd_set *reads, const fd_set *writes, const fd_set *excepts);
int ready_select(int count, fd_set *reads, fd_set *writes, fd_set *excepts, struct deadline end,
                 const sigset_t *mask);

int ready_epoll(int set, struct epoll_event *events, int most, struct deadline end, const sigset_t *mask);

/* What epoll_wait got while nothing was pending: cookies taken out. Returns how many events are left. */
int ready_take_cookies(int set, struct epoll_event *events, int count);

#endif
