/* The page behind a refusal, for whoever reads the log with -vv. What is read lies in the block of a leg. */
#ifndef PTUNNEL_REFUSAL_H
#define PTUNNEL_REFUSAL_H

#include <ptunnel/dial.h>

/* Of a reply whose status line was read: whether what stands behind it will be shown. Not of one that wants a password,
 * which is plain enough. */
bool refusal_has_page(const struct dial *dial);

/* The head is whole, and there is a block: begins to read, and bounds the attempt. */
void refusal_begin(struct dial *dial);

/* Reads on. True: it is whole, or as much was read as is worth it; false: wait for more. */
bool refusal_read(struct dial *dial);

/* A line with what was read, if there is anything to say. */
void refusal_say(const struct dial *dial);

#endif
