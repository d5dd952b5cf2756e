/* Digest access authentication (RFC 7616), for CONNECT: the answer to a challenge. */
#ifndef PTUNNEL_DIGEST_H
#define PTUNNEL_DIGEST_H

#include "hashing.h"

#include <ptunnel/challenge.h>
#include <ptunnel/text.h>

#include <stdint.h>

enum { DIGEST_VALUE_SIZE = 1024 };

typedef bool digest_hash(enum hash hash, const char *bytes, size_t size, char out[HASH_HEX_SIZE]);

struct digest {
    const struct challenge *challenge;
    const char *user, *password;
    const char *uri;    /* the request's target: with CONNECT an authority */
    const char *cnonce; /* random, printable and without quotes */
    uint32_t count;     /* requests with this nonce, this one included */
    digest_hash *hash;
};

/* Adds "Proxy-Authorization: Digest ...\r\n". NULL, or what the challenge wants that cannot be done. */
const char *digest_answer(const struct digest *digest, struct text *out);

/* Whether it can be answered: an algorithm that is known and, if it says qop at all, qop=auth. */
bool digest_can(const struct challenge *challenge);

/* How good a challenge is: of several the one with the greatest number is to be answered (RFC 7616 3.7). */
int digest_strength(const struct challenge *challenge);

#endif
