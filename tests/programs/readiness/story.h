/* A row under way, and what all that has to do with it knows. */
#ifndef READINESS_STORY_H
#define READINESS_STORY_H

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum { IDLE_MOST = 400 };
enum {
    LIMIT = 30000,     /* ms: what comes at all has come by then */
    LATE = 2000,       /* ms that a time-out may be late: a machine that others share can stand still */
    EARLY = 10,        /* and early, for the kernel counts some in ticks */
    LOOK = 10,         /* ms between looks whether somebody sleeps */
    DEEP_SLEEP = 2000, /* ms after which a row that sleeps is rescued */
    SLICES = 600,      /* ms in which a wait of the library's has looked up at least once */
};

enum kind { KIND_POLL, KIND_SELECT, KIND_EPOLL };

struct api {
    const char *name;
    enum kind kind;
    bool masks; /* it takes a signal mask */
    int (*poll)(struct pollfd *fds, nfds_t count, int ms, const sigset_t *mask);
    int (*select)(int count, fd_set *sets, int ms, const sigset_t *mask, int *left);
    int (*epoll)(int set, struct epoll_event *events, int most, int ms, const sigset_t *mask);
};

struct options {
    bool native, mapped, mptcp;
    int family, jobs, reply;
    const char *ports;
};

/* One row under way. */
struct story {
    const struct api *api;
    char outcome[16];       /* of the last connect() */
    int fd, copy;           /* the socket, and its duplicate */
    int set, second, outer; /* epoll */
    uint32_t events;        /* what poll and select ask for */
    struct sockaddr_storage target;
    socklen_t target_size;
    const sigset_t *mask;
    int idle[IDLE_MOST], idle_count;
    pid_t child;
    int said;     /* what the child prints, -1: it prints where we do */
    int channel;  /* for descriptors that the child is given */
    int patience; /* ms: SO_SNDTIMEO or SO_RCVTIMEO, 0: none */
    bool shut;    /* the target waits for "open" */
};

extern struct options options;

#endif
