/* A Proxy-Authenticate value. What must hold: nothing outside it is read, each challenge lies behind the one before, and
 * reading ends; a value taken without its quotes is no longer than it was, and has no byte that a field cannot carry. */
#include <ptunnel/challenge.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool claim)
{
    if (!claim)
        abort();
}

static bool within(const char *bytes, size_t size, const char *start, const char *end)
{
    return size == 0 || (bytes >= start && bytes + size <= end);
}

static void read_parameters(const struct challenge *challenge)
{
    static const char *const names[] = { "realm", "nonce", "qop", "a" };
    char value[64];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!challenge_parameter(challenge, names[i], value, sizeof value))
            continue;
        require(strlen(value) < challenge->parameters_size);
        for (const char *c = value; *c; c++)
            require((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size ? size : 1);
    const char *at = copy, *end = copy + size, *before = copy;
    struct challenge found;

    memcpy(copy, data, size);
    while (challenge_next(&at, end, &found)) {
        require(found.scheme_size > 0 && found.scheme >= before);
        require(within(found.scheme, found.scheme_size, copy, end));
        require(within(found.token, found.token_size, copy, end));
        require(within(found.parameters, found.parameters_size, copy, end));
        require(found.token_size == 0 || found.parameters_size == 0);
        require(at > before && at <= end);
        before = at;
        read_parameters(&found);
    }
    free(copy);
    return 0;
}
