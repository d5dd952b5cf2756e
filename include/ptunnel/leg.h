/* One request of several to a proxy that first wants to know who asks: Kerberos, NTLM and Digest answer a 407
 * with another CONNECT, most often on the same connection.
 *
 * What is said in a leg can be 64 KiB, so it lies in a block of its own that is mapped for the leg alone: the
 * proxy's challenges until they are answered, then the request until it is sent. Nothing here knows a scheme:
 * whoever drives the dial sets dial->authenticate. */
#ifndef PTUNNEL_LEG_H
#define PTUNNEL_LEG_H

#include <ptunnel/dial.h>

enum {
    LEGS_MOST = 6,
    LEG_FRONT = HANDSHAKE_REQUEST_SIZE, /* what belongs in front of a leg's text, so that it is one piece */
    LEG_FIELD_MOST = 64 * 1024, /* Active Directory's tickets go up to 48 KiB, and Base64 makes them longer */
};

struct leg {
    /* So many bytes of leg_text() hold the Proxy-Authenticate lines of the 407, each ended by "\n": none for
     * the first leg, and for one that is made again. Then, from dial->authenticate(), the field for the
     * request, "Name: value\r\n", or nothing. */
    size_t size;
    size_t line;    /* where the header line begins that is being read */
    bool keeps;     /* it, or the one it goes on with, is one of those */
    bool cut;       /* it does not fit */
    bool request;   /* the request is made */
    size_t at, end; /* where it lies in .bytes */
    char bytes[LEG_FRONT + LEG_FIELD_MOST + 2];
};

static inline char *leg_text(struct leg *leg)
{
    return leg->bytes + LEG_FRONT;
}

/* Lets a block go whose dial will not be stepped any more. One that was made before a fork belongs to whoever
 * made it. */
void leg_drop(struct dial *dial);

#endif
