#include "dial_words.h"

#include <ptunnel/slots.h>
#include <ptunnel/errors.h>
#include <ptunnel/hash.h>

#include <errno.h>
#include <string.h>

/* Adds "example.org:22 via proxy:3128: ". */
void dial_start_line(const struct dial *dial, struct text *out)
{
    char authority[ENDPOINT_TEXT_SIZE];

    text_add(out, dial->authority);
    if (dial->candidate >= 0) {
        endpoint_print(&dial_candidate(dial)->proxy.at, authority);
        text_print(out, " via %s", authority);
    }
    text_add(out, ": ");
}

void dial_describe(const struct dial *dial, struct text *out)
{
    dial_start_line(dial, out);
    if (dial->legs.words[0]) {
        text_add(out, dial->legs.words);
    } else if (dial_field_too_long(dial)) {
        text_add_number(out, (unsigned long)dial->handshake.reply.status);
        text_add(out, ": the proxy cannot take this Kerberos ticket (");
        text_add_number(out, dial->legs.field_size);
        text_add(out, " bytes: too many groups)");
    } else if (dial->handshake.state == HANDSHAKE_REFUSED) {
        reply_describe(&dial->handshake.reply, dial->target.port, out);
    } else if (dial->settled == DIAL_OPEN) {
        text_add(out, "open");
    } else if (dial->settled == DIAL_DIRECT) {
        text_add(out, "direct");
    } else if (dial->candidate < 0) {
        text_add(out, "cannot connect: ");
        errors_print(out, dial->error);
    } else if (dial->failed_in == DIAL_STATE_READ && dial->error == ECONNRESET) {
        text_add(out, "the proxy closed the connection before it had answered");
    } else if (dial->failed_in == DIAL_STATE_READ && dial->error == ETIMEDOUT) {
        text_add(out, "the proxy did not answer in time");
    } else if (dial->error == EHOSTUNREACH && dial->address == 0) {
        text_add(out, "the proxy's name does not resolve");
    } else if (dial->error == EAFNOSUPPORT) {
        text_add(out, "the proxy has IPv6 addresses only, and the program's socket is of IPv4: name an IPv4 "
                      "address of it");
    } else {
        text_add(out, "cannot connect to the proxy: ");
        errors_print(out, dial->error);
        if (dial->error == ENETUNREACH && dial->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&dial->reached))
            text_add(out, " from an IPv6 socket (one that is bound to an IPv6 address needs a proxy with "
                          "such an address)");
    }
}

void dial_note_line(const struct dial *dial, const char *what, const struct endpoint *where,
                    const struct reply *reply)
{
    char buffer[LOG_LINE_SIZE], authority[ENDPOINT_TEXT_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    dial_start_line(dial, &line);
    text_add(&line, what);
    if (where) {
        endpoint_print(where, authority);
        text_add(&line, authority);
    }
    if (reply)
        reply_describe(reply, dial->target.port, &line);
    log_line(LOG_HANDSHAKE, &line);
}

void dial_report_line(const struct dial *dial, enum log_level level)
{
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    dial_describe(dial, &line);
    if (dial->settled == DIAL_FAILED && dial->limits->fallback_direct && dial->was_asked &&
        dial->handshake.state < HANDSHAKE_OPEN)
        text_add(&line, " (a proxy was reached: no fallback)");
    if (level == LOG_FAILURE)
        log_failure(hash_bytes(dial->authority, strlen(dial->authority)), &line);
    else
        log_line(level, &line);
}

void dial_say_fallback(const struct dial *dial)
{
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    dial_start_line(dial, &line);
    text_add(&line, "no proxy could be reached, going direct as fallback says");
    log_line(LOG_FAILURE, &line);
}
