/* What a dial does for a proxy that wants several requests ("legs", see leg.h): has each leg's header field
 * made, keeps the challenges of a 407, and skips its body. */
#ifndef PTUNNEL_LEGS_H
#define PTUNNEL_LEGS_H

#include <ptunnel/dial.h>
#include <ptunnel/leg.h>

/* Whether there will be legs: the proxy has an account, and the dial has authenticate(). */
bool legs_wanted(const struct dial *dial);

/* Forgets all legs: what was said to one address does not hold for another. */
void legs_reset(struct dial *dial);

/* Whether the block is another process's: the dial was begun before a fork. */
bool legs_are_lost(const struct dial *dial);

enum legs_next {
    LEGS_READY,  /* the request is in the block, from .at to .end */
    LEGS_WRITE,  /* wait for POLLOUT: the connection is not made yet */
    LEGS_WAIT,   /* wait until .legs.again */
    LEGS_BROKEN, /* the connection is lost; dial->error says how */
    LEGS_REFUSED /* dial->error says how, .legs.words why */
};
enum legs_next legs_prepare(struct dial *dial);

/* As handshake_feed(), and keeps the Proxy-Authenticate fields of a 407 for the next leg. Of that reply, and of one whose page
 * is to be shown, the fields that speak of the body are given to .legs.body; there is a block then. */
size_t legs_feed(struct dial *dial, const char *bytes, size_t size);

/* Of a whole reply: whether there will be another leg, which begins when the body is skipped. */
bool legs_go_on(struct dial *dial);

/* Reads and drops the body. False: *want says what to wait for. At its end the connection can be used again
 * if .legs.body.state is BODY_DONE. */
bool legs_skip_body(struct dial *dial, enum dial_want *want);

/* A connection that has carried a leg was lost before a byte of the reply: whether the same leg may be tried
 * again on another one. Once only. */
bool legs_may_repeat(struct dial *dial);

/* Says that authenticate(), which had put its answer off, did not give it in time. */
void legs_say_silent(struct dial *dial);

/* Drops a request, which is of no use on another connection, sent in part or not. */
void legs_keep_only_challenges(struct dial *dial);

/* Tells authenticate() how the leg ended, if it asked for that by .legs.tell. */
void legs_tell(struct dial *dial);

#endif
