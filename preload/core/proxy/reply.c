#include <ptunnel/reply.h>
#include <ptunnel/challenge.h>
#include <ptunnel/errors.h>
#include <ptunnel/log.h>

#include <errno.h>
#include <string.h>

/* From status to errno; the first row that fits counts. No proxy can make connect() fail with an errno that
 * is not in these tables. */
static const struct {
    int first, last, error;
} refusals[] = {
    { 200, 299, 0 },
    { 401, 401, EACCES }, /* some proxies send it for 407 */
    { 403, 403, EACCES }, /* forbidden by the proxy's rules */
    { 407, 407, EACCES }, /* other credentials wanted */
    { 451, 451, EACCES },
    { 404, 404, EHOSTUNREACH }, /* the name is not known there */
    { 410, 410, EHOSTUNREACH },
    { 408, 408, ETIMEDOUT },
    { 504, 504, ETIMEDOUT }, /* the target did not answer the proxy */
    { 0, 999, ECONNREFUSED },
};

/* RFC 9209 2.3, as far as CONNECT can meet them. */
static const struct {
    const char *type;
    int error;
    bool proxy_ill;
} proxy_status_errors[] = {
    { "dns_timeout", EHOSTUNREACH, false },
    { "dns_error", EHOSTUNREACH, false },
    { "destination_not_found", EHOSTUNREACH, false },
    { "destination_unavailable", ECONNREFUSED, false },
    { "destination_ip_prohibited", EACCES, false },
    { "destination_ip_unroutable", ENETUNREACH, false },
    { "connection_refused", ECONNREFUSED, false },
    { "connection_terminated", ECONNRESET, false },
    { "connection_timeout", ETIMEDOUT, false },
    { "connection_read_timeout", ETIMEDOUT, false },
    { "connection_write_timeout", ETIMEDOUT, false },
    { "connection_limit_reached", ECONNREFUSED, false },
    { "http_request_denied", EACCES, false },
    { "proxy_internal_error", ECONNREFUSED, true },
    { "proxy_configuration_error", ECONNREFUSED, true },
    { "proxy_loop_detected", ECONNREFUSED, true },
};

/* Squid: `X-Squid-Error: NAME errno`, the errno of the proxy's own connect(2) where it made one. */
static const struct {
    const char *name;
    int error;
} squid_errors[] = {
    { "ERR_DNS_FAIL", EHOSTUNREACH },       { "ERR_ACCESS_DENIED", EACCES },
    { "ERR_CACHE_ACCESS_DENIED", EACCES },  { "ERR_READ_TIMEOUT", ETIMEDOUT },
    { "ERR_LIFETIME_EXP", ETIMEDOUT },      { "ERR_CONNECT_FAIL", ECONNREFUSED },
    { "ERR_CANNOT_FORWARD", EHOSTUNREACH }, /* Squid 5, with status 500, of a name that does not resolve */
};

/* Tor 0.4.9: `Tor-Request-Failed: c-tor/WORD`. */
static const struct {
    const char *word;
    int error;
} tor_errors[] = {
    { "RESOLVEFAILED", EHOSTUNREACH }, { "NOROUTE", EHOSTUNREACH },        { "CONNECTREFUSED", ECONNREFUSED },
    { "CONNRESET", ECONNRESET },       { "TIMEOUT", ETIMEDOUT },           { "EXITPOLICY", EACCES },
    { "PRIVATE_ADDR", EACCES },        { "NET_UNREACHABLE", ENETUNREACH },
};

/* What the reason phrase may say, of the status numbers that leave room for it; the first row that fits
 * counts. Seen of apt-cacher-ng, Traffic Server and Tor, see tests/unit/reply.c. */
static const struct {
    const char *words;
    int error;
} phrases[] = {
    { "not found", EHOSTUNREACH },
    { "cannot find server", EHOSTUNREACH },
    { "resolve", EHOSTUNREACH },
    { "no route", EHOSTUNREACH },
    { "timed out", ETIMEDOUT },
    { "timeout", ETIMEDOUT },
    { "host is unreachable", EHOSTUNREACH },
    { "host unreachable", EHOSTUNREACH },
    { "unreachable", ENETUNREACH },
    { "connection refused", ECONNREFUSED },
    { "connection reset", ECONNRESET },
};

static const int passable[] = { ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EACCES, ECONNRESET };

enum { PHRASE_MOST = 64 };

/* Anywhere in those bytes, without regard to the case of ASCII letters. */
static bool contains(const char *bytes, size_t size, const char *words)
{
    size_t length = strlen(words);

    for (size_t i = 0; i + length <= size; i++)
        if (text_begins(bytes + i, words))
            return true;
    return false;
}

/* Not of 401, 407 and 451, which are plain, nor of a number that is not about the target. */
static int phrase_error(int status, const char *phrase, size_t size)
{
    if (status != 403 && status != 404 && (status < 500 || status > 599))
        return 0;
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (contains(phrase, size, phrases[i].words))
            return phrases[i].error;
    return 0;
}

bool reply_status_line(struct reply *reply, const char *line, size_t size)
{
    struct text reason = text_in(reply->reason, sizeof reply->reason);
    long status;

    /* "HTTP/1." DIGIT SP 3DIGIT [ SP reason ] */
    if (size < 12 || memcmp(line, "HTTP/1.", 7) != 0 || line[7] < '0' || line[7] > '9' || line[8] != ' ')
        return false;
    status = text_to_number(line + 9, 3, 100, 999);
    if (status < 0 || (size > 12 && line[12] != ' '))
        return false;
    reply->status = (int)status;
    reply->old = line[7] == '0';
    if (size > 13) {
        text_add_foreign(&reason, line + 13, size - 13, PHRASE_MOST);
        reply->said = phrase_error(reply->status, line + 13, size - 13);
    }
    return true;
}

static bool separator(char c)
{
    return c == ' ' || c == '\t' || c == ',' || c == ';' || c == '=' || c == '"';
}

static const char *behind_quotes(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\' && at + 1 < end)
            at++;
    return at < end ? at + 1 : end;
}

/* Finds the next word, passing over separators and quoted strings. Returns its size, 0 at the end; *at is
 * behind it. *before is the last separator in front of it other than a blank, 0 if there is none. */
static size_t next_word(const char **at, const char *end, char *before)
{
    const char *word;

    *before = 0;
    while (*at < end && separator(**at)) {
        if (**at != ' ' && **at != '\t')
            *before = **at;
        *at = **at == '"' ? behind_quotes(*at, end) : *at + 1;
    }
    word = *at;
    while (*at < end && !separator(**at))
        ++*at;
    return (size_t)(*at - word);
}

static bool word_is(const char *word, size_t size, const char *what)
{
    return strlen(what) == size && text_begins(word, what);
}

static void proxy_status(struct reply *reply, const char *value, size_t size)
{
    const char *at = value, *end = value + size;
    bool after_error = false;
    size_t length;
    char before;

    while ((length = next_word(&at, end, &before)) > 0) {
        const char *word = at - length;

        for (size_t i = 0;
             after_error && before == '=' && i < sizeof proxy_status_errors / sizeof *proxy_status_errors;
             i++)
            if (word_is(word, length, proxy_status_errors[i].type)) {
                reply->cause = proxy_status_errors[i].error;
                reply->proxy_ill = proxy_status_errors[i].proxy_ill;
            }
        after_error = before == ';' && word_is(word, length, "error");
    }
}

static void squid_error(struct reply *reply, const char *value, size_t size)
{
    const char *at = value, *end = value + size;
    char before;
    size_t length = next_word(&at, end, &before);
    long number;

    for (size_t i = 0; i < sizeof squid_errors / sizeof *squid_errors; i++)
        if (word_is(at - length, length, squid_errors[i].name))
            reply->cause = squid_errors[i].error;
    length = next_word(&at, end, &before);
    number = text_to_number(at - length, length, 1, 4095);
    for (size_t i = 0; i < sizeof passable / sizeof *passable; i++)
        if (number == passable[i])
            reply->cause = passable[i];
}

/* The word behind the name of who says it. Below Squid and Proxy-Status, which may be of a proxy further on. */
static void tor_failed(struct reply *reply, const char *value, size_t size)
{
    const char *slash = memchr(value, '/', size), *word = slash ? slash + 1 : value;
    size_t length = (size_t)(value + size - word);

    while (length > 0 && (word[length - 1] == ' ' || word[length - 1] == '\t'))
        length--;
    for (size_t i = 0; i < sizeof tor_errors / sizeof *tor_errors; i++)
        if (!reply->cause && word_is(word, length, tor_errors[i].word))
            reply->cause = tor_errors[i].error;
}

static void offered_schemes(struct reply *reply, const char *value, size_t size)
{
    const char *at = value, *end = value + size;
    size_t used = strlen(reply->schemes);
    struct text schemes = text_in(reply->schemes + used, sizeof reply->schemes - used);
    struct challenge challenge;

    while (challenge_next(&at, end, &challenge)) {
        text_add(&schemes, used || schemes.at != schemes.start ? ", " : "");
        text_add_foreign(&schemes, challenge.scheme, challenge.scheme_size, 20);
    }
}

/* The first that is known counts: of Via the proxy itself may not be the only one. */
static void said_of_itself(struct reply *reply, const char *value, size_t size)
{
    if (!reply->brand)
        reply->brand = brand_of(value, size);
}

void reply_field(struct reply *reply, const char *line, size_t size)
{
    static const struct {
        const char *name;
        void (*take)(struct reply *reply, const char *value, size_t size);
    } fields[] = {
        { "Proxy-Status", proxy_status },     { "X-Squid-Error", squid_error },
        { "Tor-Request-Failed", tor_failed }, { "Proxy-Authenticate", offered_schemes },
        { "Server", said_of_itself },         { "Via", said_of_itself },
        { "Proxy-agent", said_of_itself },
    };
    const char *colon = memchr(line, ':', size);
    const char *value;

    if (!colon)
        return;
    for (value = colon + 1; value < line + size && (*value == ' ' || *value == '\t'); value++)
        ;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (word_is(line, (size_t)(colon - line), fields[i].name))
            fields[i].take(reply, value, (size_t)(line + size - value));
}

static int status_error(int status)
{
    size_t row = 0;

    while (status < refusals[row].first || status > refusals[row].last)
        row++;
    return refusals[row].error;
}

int reply_error(const struct reply *reply)
{
    int error = status_error(reply->status);

    if (error != 0 && reply->cause != 0)
        return reply->cause;
    return error != 0 && reply->said != 0 ? reply->said : error;
}

/* What a user can do about a proxy that offers these: the first row that fits counts. If credentials were sent,
 * they were not the right ones. */
static const struct {
    const char *scheme, *remedy;
} remedies[] = {
    { "Basic", ": give -U and -P, or other ones" }, { "Negotiate", "; add --auth negotiate" },
    { "NTLM", "; add --auth ntlm, -U and -P" },     { "Digest", "; add --auth digest, -U and -P" },
    { "", "; none of them is spoken here" },
};

static void describe_schemes(const struct reply *reply, struct text *out)
{
    size_t row = 0;

    while (!strcasestr(reply->schemes, remedies[row].scheme))
        row++;
    text_print(out, " (offers %s%s", reply->schemes[0] ? reply->schemes : "no scheme",
               reply->schemes[0] ? remedies[row].remedy : ": give -U and -P, or other ones");
    if (row == 1 && strcasestr(reply->schemes, "NTLM"))
        text_add(out, ", or --auth ntlm with -U and -P");
    text_add(out, ")");
}

/* Whether the cause is worth adding: "403 Forbidden: permission denied" would say it twice. */
static bool says_more(const struct reply *reply)
{
    return reply->cause && reply->status != 407 && reply_error(reply) == reply->cause &&
           !(reply->cause == EACCES && status_error(reply->status) == EACCES);
}

/* The phrases of proxies that say no more than the number: Squid and RFC 9110, Apache, Traffic Server. */
bool reply_hides_why(const struct reply *reply)
{
    static const char *const stock[] = { "", "Forbidden", "Proxy Error", "Tunnel Forbidden" };

    for (size_t i = 0; i < sizeof stock / sizeof *stock; i++)
        if (reply->status == 403 && text_same(reply->reason, stock[i]))
            return true;
    return false;
}

void reply_describe(const struct reply *reply, uint16_t port, struct text *out)
{
    if (reply->status == 0) {
        text_add(out, "the reply is not HTTP: is this an HTTP proxy?");
        return;
    }
    text_print(out, "%u%s%s", (unsigned)reply->status, reply->reason[0] ? " " : "", reply->reason);
    if (port != 443 && reply_hides_why(reply))
        text_add(out, " (many proxies allow CONNECT only to port 443)");
    if (reply->status == 407)
        describe_schemes(reply, out);
    if (!says_more(reply))
        return;
    text_add(out, ", the proxy names the cause: ");
    if (reply->cause == EHOSTUNREACH)
        text_add(out, "it knows no such name, or no way there");
    else
        errors_print(out, reply->cause);
}
