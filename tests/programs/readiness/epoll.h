/* What is registered with epoll, and how it is told. */
#ifndef READINESS_EPOLL_H
#define READINESS_EPOLL_H

#include <sys/epoll.h>

/* Adds what epoll handed back, which must be what was registered. */
void add_label(char *out, const struct epoll_event *event);
int by_label(const void *one, const void *other); /* for qsort() */

#endif
