/* The challenges of a Proxy-Authenticate field (RFC 9110 11.2, 11.6.1, 11.7.1): a list in which commas part
 * challenges as well as the parameters of one. */
#ifndef PTUNNEL_CHALLENGE_H
#define PTUNNEL_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>

/* Points into the field's value. */
struct challenge {
    const char *scheme;
    size_t scheme_size;
    const char *token; /* token68, as Negotiate and NTLM have it; size 0: none */
    size_t token_size;
    const char *parameters; /* from the first name to behind the last value; size 0: none */
    size_t parameters_size;
};

/* Takes the next challenge from *at on. False at the end, and where a proxy wrote what is no challenge: what
 * stands behind that cannot be told apart. */
bool challenge_next(const char **at, const char *end, struct challenge *out);

bool challenge_is(const struct challenge *challenge, const char *scheme); /* without regard to case */

/* The value of a parameter, without its quotes, in out. False if there is none of that name, or its value
 * does not fit or has a byte that no header field can carry. Of two of a name the first counts. */
bool challenge_parameter(const struct challenge *challenge, const char *name, char *out, size_t size);

#endif
