/* The supervisor: one thread that answers the calls of the programs below the filter, and moves on what is under
 * way for them. What would keep it waiting is done by threads, see work.h; nothing else is shared with them. */
#ifndef PTUNNEL_SUPERVISOR_H
#define PTUNNEL_SUPERVISOR_H

#include "configs.h"
#include "gate.h"
#include "mirror.h"
#include "sockets.h"
#include "stub.h"
#include "waiters.h"
#include "work.h"
#include "../relay/relay.h"

#include <ptunnel/config.h>
#include <ptunnel/names.h>

struct supervisor {
    struct loop loop;
    struct works works;
    struct relays relays;
    struct sockets sockets;
    struct waiters waiters;
    struct gates gates;
    struct stub stub;
    struct watch notices, command;
    struct reaper reaper; /* where the supervisor is the command's parent */
    int listener;         /* of notifications */
    int process;          /* the command's first one, pidfd_open(2), until it has ended */
    int nothing;          /* /dev/null: it stands under every number below .reserved, see takeover.h */
    int reserved;         /* 0: no socket of ours takes a place, under --strict */
    int maker;            /* of sockets in the command's network, see space.h; SPACE_NONE: that is ours */
    uint64_t network;     /* SO_NETNS_COOKIE of that network's sockets; 0: the kernel does not tell */
    uint64_t outside;     /* of our own network's, where they are not the same; else 0 */
    struct configs configs;
    const struct config *config; /* that of the process whose call is being served */
    struct dial_limits direct_limits;
    struct route no_route; /* a dial along it looks the target's name up, and connects to it */
    struct names *names;
};

#endif
