/* A name has two stand-ins, one of each family, and programs try both: one after the other, or the second when the
 * first is slow ("happy eyeballs", RFC 8305). Behind a proxy they are one target, and nobody is to ask for that
 * twice. So what became of the last dial by IPv4 is remembered for a while, for the connect(2) by IPv6.
 *
 * Of this process alone. An array of atomics without lock, which a signal handler may use; two targets may have one
 * place, then the later one has it, and the worst that comes of it is a second CONNECT. */
#ifndef PTUNNEL_TWIN_H
#define PTUNNEL_TWIN_H

#include "entry.h"

/* Under the entry's lock, for a dial to a name that was asked for by its IPv4 stand-in. */
void twin_begin(struct entry *entry);

/* Under the lock, when a dial has ended: 0, or the positive errno. Nothing is done for one that did not begin as
 * above. */
void twin_end(struct entry *entry, int error);

/* What connect(2) by IPv6 says at once to this target: ENETUNREACH, as on a machine without IPv6, while the dial by
 * IPv4 is pending or was opened within the last two seconds; its error, if it failed within them; 0: dial. */
int twin_answer(const struct endpoint *target);

#endif
