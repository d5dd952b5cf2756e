/* Where sockets wait that must not be connected yet: a listener on loopback, one for each family, whose queue is
 * full, with a connection of our own in it. The kernel drops each SYN that comes, so that a socket which connects
 * there is in SYN_SENT, truly, for whoever asks, for as long as it is let wait. */
#ifndef PTUNNEL_DOOR_H
#define PTUNNEL_DOOR_H

#include "sockets.h"

struct door {
    int maker; /* of its sockets, see space.h */
    int listener, filler;
    union address at;
    bool is_there;
};

/* Made when it is first asked for. A positive errno: that family has no loopback address, or we have no
 * descriptors. */
int door_make(struct door *door, int maker, int family);

/* A socket that connects back, out of the door, to the address of one that waits there: both are then connected
 * to each other, RFC 9293 3.5 (simultaneous open). Non-blocking; a negative errno. */
int door_connect_back(const struct door *door, const union address *to);

#endif
