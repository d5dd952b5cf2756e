/* What a proxy has said to the last request, word for word: a struct net that keeps it. One connection at a
 * time. */
#ifndef PTUNNEL_SEEN_H
#define PTUNNEL_SEEN_H

#include <ptunnel/net.h>
#include <ptunnel/text.h>

/* libc's functions; what is received is kept, from the last byte that was sent on. */
extern const struct net seen_net;

/* Forgets. */
void seen_start(void);

/* Of a refusal: reads on, until its body is whole, or 4 KiB of it have come, or a second is over. */
void seen_rest(int fd);

/* Adds the value of the reply's first header field of that name ("Server"), as foreign bytes. False: it has
 * none. */
bool seen_field(const char *name, struct text *out);

/* Adds the schemes of its Proxy-Authenticate lines, parted by commas. False: it has none. */
bool seen_offers(struct text *out);

/* Adds what a reader would see of the body, see page.h. False: there is nothing. */
bool seen_page(struct text *out);

#endif
