#include "digest.h"

#include <string.h>

static const struct {
    const char *name;
    enum hash hash;
    bool session;
    int strength;
} algorithms[] = {
    { "SHA-256-sess", HASH_SHA256, true, 4 },
    { "SHA-256", HASH_SHA256, false, 3 },
    { "MD5-sess", HASH_MD5, true, 2 },
    { "MD5", HASH_MD5, false, 1 },
};
enum { MD5 = 3, ALGORITHMS };

/* Without the parameter it is MD5 (RFC 7616 3.3). -1: it is none that is known. */
static int algorithm_of(const struct challenge *challenge)
{
    char name[32];

    if (!challenge_parameter(challenge, "algorithm", name, sizeof name))
        return MD5;
    for (int i = 0; i < ALGORITHMS; i++)
        if (text_same(name, algorithms[i].name))
            return i;
    return -1;
}

/* qop is a list; one without `auth` wants the body of a request hashed, which CONNECT has not. */
static bool has_auth(const char *list)
{
    while (*list) {
        size_t blanks = strspn(list, " \t,"), size = strcspn(list + blanks, " \t,");

        if (size == 4 && text_begins(list + blanks, "auth"))
            return true;
        list += blanks + size;
    }
    return false;
}

bool digest_can(const struct challenge *challenge)
{
    char value[DIGEST_VALUE_SIZE];

    if (!challenge_is(challenge, "Digest") || algorithm_of(challenge) < 0)
        return false;
    if (!challenge_parameter(challenge, "nonce", value, sizeof value) ||
        !challenge_parameter(challenge, "realm", value, sizeof value))
        return false;
    return !challenge_parameter(challenge, "qop", value, sizeof value) || has_auth(value);
}

int digest_strength(const struct challenge *challenge)
{
    int algorithm = algorithm_of(challenge);

    return algorithm < 0 ? 0 : algorithms[algorithm].strength;
}

struct answer {
    const struct digest *digest;
    int algorithm;
    bool qop, has_opaque, failed;
    char realm[DIGEST_VALUE_SIZE], nonce[DIGEST_VALUE_SIZE], opaque[DIGEST_VALUE_SIZE];
    char count[9];
    char room[4 * DIGEST_VALUE_SIZE];
    char response[HASH_HEX_SIZE];
};

/* H(a ":" b ":" ...) of RFC 7616 3.4; the list ends with NULL. */
static void hash(struct answer *answer, const char *const *parts, char *out)
{
    struct text text = text_in(answer->room, sizeof answer->room);

    for (size_t i = 0; parts[i]; i++)
        text_print(&text, "%s%s", i ? ":" : "", parts[i]);
    answer->failed |= text.cut || !answer->digest->hash(algorithms[answer->algorithm].hash, answer->room,
                                                        text_size(&text), out);
    explicit_bzero(answer->room, sizeof answer->room);
}

static void make_response(struct answer *answer)
{
    const struct digest *digest = answer->digest;
    const char *a1[] = { digest->user, answer->realm, digest->password, NULL };
    const char *a2[] = { "CONNECT", digest->uri, NULL };
    char first[HASH_HEX_SIZE] = "", second[HASH_HEX_SIZE] = "";
    const char *session[] = { first, answer->nonce, digest->cnonce, NULL };
    const char *all[] = { first, answer->nonce, answer->count, digest->cnonce, "auth", second, NULL };
    const char *old[] = { first, answer->nonce, second, NULL }; /* RFC 2069, where there is no qop */

    hash(answer, a1, first);
    if (algorithms[answer->algorithm].session)
        hash(answer, session, first);
    hash(answer, a2, second);
    hash(answer, answer->qop ? all : old, answer->response);
    explicit_bzero(first, sizeof first);
}

static void print_count(char *out, uint32_t count)
{
    for (int i = 7; i >= 0; i--, count >>= 4)
        out[i] = "0123456789abcdef"[count & 15];
    out[8] = '\0';
}

static void add_quoted(struct text *out, const char *name, const char *value)
{
    text_print(out, "%s=\"", name);
    for (; *value; value++)
        text_print(out, "%s%.*s", *value == '"' || *value == '\\' ? "\\" : "", 1, value);
    text_add(out, "\"");
}

/* The order of curl's, which proxies know. */
static void add_field(const struct answer *answer, struct text *out)
{
    const struct digest *digest = answer->digest;
    char algorithm[32];

    add_quoted(out, "Proxy-Authorization: Digest username", digest->user);
    add_quoted(out, ", realm", answer->realm);
    add_quoted(out, ", nonce", answer->nonce);
    add_quoted(out, ", uri", digest->uri);
    if (answer->qop)
        text_print(out, ", cnonce=\"%s\", nc=%s, qop=auth", digest->cnonce, answer->count);
    add_quoted(out, ", response", answer->response);
    if (answer->has_opaque)
        add_quoted(out, ", opaque", answer->opaque);
    if (challenge_parameter(digest->challenge, "algorithm", algorithm, sizeof algorithm))
        text_print(out, ", algorithm=%s", algorithms[answer->algorithm].name);
    text_add(out, "\r\n");
}

const char *digest_answer(const struct digest *digest, struct text *out)
{
    struct answer answer = { .digest = digest, .algorithm = algorithm_of(digest->challenge) };
    char qop[DIGEST_VALUE_SIZE];

    if (!digest_can(digest->challenge))
        return "the proxy wants a kind of Digest that is not known here";
    challenge_parameter(digest->challenge, "realm", answer.realm, sizeof answer.realm);
    challenge_parameter(digest->challenge, "nonce", answer.nonce, sizeof answer.nonce);
    answer.qop = challenge_parameter(digest->challenge, "qop", qop, sizeof qop);
    answer.has_opaque = challenge_parameter(digest->challenge, "opaque", answer.opaque, sizeof answer.opaque);
    print_count(answer.count, digest->count);
    make_response(&answer);
    if (answer.failed)
        return "MD5 is refused by this machine's libcrypto (FIPS): Digest with MD5 cannot be spoken here";
    add_field(&answer, out);
    return NULL;
}
