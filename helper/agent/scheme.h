/* The schemes that the agent speaks, and the words for them. */
#ifndef PTUNNEL_SCHEME_H
#define PTUNNEL_SCHEME_H

#include <stdbool.h>
#include <stddef.h>

enum scheme { SCHEME_NONE, SCHEME_NTLM, SCHEME_NEGOTIATE, SCHEME_DIGEST, SCHEME_BASIC, SCHEMES };

const char *scheme_name(enum scheme scheme); /* "Negotiate" */

/* Without regard to case; SCHEME_NONE: it is none of them. */
enum scheme scheme_of(const char *name, size_t size);

struct schemes {
    enum scheme at[SCHEMES]; /* in order of preference */
    size_t count;
    bool any; /* it was `auto`: what the proxy offers is waited for */
};

/* "negotiate,digest" in the user's order. `auto`: without a password Negotiate alone, by the ticket; with one,
 * what does not send it comes first, and Basic last. False: a word is none of them. */
bool scheme_list(struct schemes *out, const char *words, bool has_password);

bool scheme_is_in(const struct schemes *schemes, enum scheme scheme);

#endif
