/* What a dial does for a proxy that wants several requests: it has the field made, keeps the challenges, and
 * skips the body between them. */
#ifndef PTUNNEL_LEGS_H
#define PTUNNEL_LEGS_H

#include <ptunnel/dial.h>
#include <ptunnel/leg.h>

/* The proxy has an account, and there is somebody to ask. */
bool legs_wanted(const struct dial *dial);

/* Nothing that was said to one address holds for another. */
void legs_reset(struct dial *dial);

/* The block is another process's: the dial was begun before a fork. */
bool legs_are_lost(const struct dial *dial);

enum legs_next {
    LEGS_READY,  /* the request is in the block, from .at to .end */
    LEGS_WRITE,  /* the connection is not made yet */
    LEGS_WAIT,   /* until .legs.again */
    LEGS_BROKEN, /* the connection is lost; dial->error says how */
    LEGS_REFUSED /* dial->error, and words */
};
enum legs_next legs_prepare(struct dial *dial);

/* handshake_feed(), which keeps what a further leg needs of a 407. */
size_t legs_feed(struct dial *dial, const char *bytes, size_t size);

/* The reply is whole: there will be another leg. */
bool legs_go_on(struct dial *dial);

/* Reads the body. False: it goes on, *want says what to wait for. At its end the connection can
 * be used again if .legs.body.state is then BODY_DONE. */
bool legs_skip_body(struct dial *dial, enum dial_want *want);

/* A connection that had been used is lost before there was a word of a reply: whether the same leg may be
 * tried again on another. */
bool legs_may_repeat(struct dial *dial);

/* The time is up, and authenticate() had put it off. */
void legs_say_silent(struct dial *dial);

/* A request that was made, and not or only in part sent, is of no use on another connection. */
void leg_keep_only_challenges(struct dial *dial);

/* If it wants to know: how the leg ended. */
void legs_tell(struct dial *dial);

#endif
