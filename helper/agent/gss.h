/* Tokens of GSS-API (RFC 2743, 2744) for a proxy: Negotiate (RFC 4559) with Kerberos or NTLM inside, and NTLM
 * itself. MIT's library is loaded with the first of them; no header of it is needed. Calls take as long as
 * Kerberos servers take: only a worker makes them. */
#ifndef PTUNNEL_GSS_H
#define PTUNNEL_GSS_H

#include "failure.h"

#include <stdint.h>

struct gss_step {
    uint64_t id;                 /* of the context: the first step makes it */
    bool ntlm;                   /* the scheme NTLM, not Negotiate */
    const char *service;         /* "HTTP@HOST", or a principal "HTTP/host@REALM" */
    const char *user, *password; /* "": the ticket of the cache */
    const void *token;           /* of the proxy; size 0: none yet */
    size_t size;
};

/* Adds the token, in Base64. *goes_on: the proxy will have another one for us; otherwise the context is gone. False, with words, if there is
 * none. */
bool gss_make_token(const struct gss_step *step, struct text *out, bool *goes_on, struct failure *failure);

/* Adds the name that the ticket cache, or a password, stands for; nothing if there is none. Returns how many
 * seconds the ticket is still good for; 0: nobody knows. */
uint32_t gss_who(const struct gss_step *step, struct text *out);

/* Adds the name of the ticket cache as $KRB5CCNAME would have it; nothing: nobody knows. */
void gss_cache_name(struct text *out);

void gss_forget(uint64_t id);

#endif
