/* A datagram that a program's own socket sends to itself, so that the program finds it there as if a server had
 * answered: readiness, queues and blocking are the kernel's own. Only who sent it is not right; that is remembered here,
 * and put right where the program asks (recvfrom(2), recvmsg(2), recvmmsg(2)). */
#ifndef PTUNNEL_LETTER_H
#define PTUNNEL_LETTER_H

#include "../real.h"

#include <ptunnel/endpoint.h>

#include <stdatomic.h>
#include <stdbool.h>

/* Has a letter been posted in this process? */
extern _Atomic bool letter_ever HIDDEN;

/* Posts it to a UDP socket. A connected one is disconnected for that moment, since it takes datagrams from
 * its peer alone. A letter is known again by its socket and first two bytes; the last 64 letters are
 * remembered. False: the kernel does not let it through, and nothing was posted. Changes errno. */
bool letter_post(int fd, const struct endpoint *from, const void *bytes, size_t size);

/* How much room a receiving call's arguments give an address. 0: letters do not matter to it. */
socklen_t letter_room_asking(const void *address, const socklen_t *size);

static inline socklen_t letter_room(const void *address, const socklen_t *size)
{
    return __builtin_expect(atomic_load_explicit(&letter_ever, memory_order_relaxed), 0)
               ? letter_room_asking(address, size)
               : 0;
}

/* After `got` bytes came from *address, of which `room` bytes are the program's: if it was a letter, *address and *size
 * become those of whom it is from. Leaves errno alone. */
void letter_sender(int fd, const void *bytes, ssize_t got, struct sockaddr *address, socklen_t room,
                   socklen_t *size);

/* The same for recvmsg(2) and recvmmsg(2). */
struct letter_rooms {
    unsigned count; /* 0: letters do not matter */
    uint8_t room[16];
};
socklen_t letter_message_room(const struct msghdr *message);
void letter_message_sender(int fd, struct msghdr *message, ssize_t got, socklen_t room);
struct letter_rooms letter_messages_rooms(const struct mmsghdr *messages, unsigned count);
void letter_messages_senders(int fd, struct mmsghdr *messages, int got, const struct letter_rooms *rooms);

#endif
