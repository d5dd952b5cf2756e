/* An HTTP proxy: where it is, and the header fields for it. */
#ifndef PTUNNEL_PROXY_H
#define PTUNNEL_PROXY_H

#include <ptunnel/endpoint.h>
#include <ptunnel/text.h>

enum {
    PROXY_USER_MAX = 255, /* bytes of a user name, and of a password, decoded */
    ACCOUNT_WORDS_SIZE = ENDPOINT_TEXT_SIZE + 48 + ENDPOINT_HOST_MAX + 3 * PROXY_USER_MAX + 8,
    PROXY_FIELDS_SIZE = 2048, /* all header fields for this proxy, CRLF included, and NUL */
};

/* Who asks a proxy, and how: for ptunnel-agent, see agent.h. */
struct account {
    const char *words;    /* "PROXY SCHEMES SERVICE USER" */
    const char *socket;   /* the agent's */
    const char *password; /* secret; NULL: there is none, or it is not this process's to know */
};

struct proxy {
    struct endpoint at;
    bool has_credentials;
    /* NULL: .fields is all that the proxy is told. It lives as long as the proxy. */
    const struct account *account;
    char fields[PROXY_FIELDS_SIZE]; /* "Proxy-Authorization: Basic ...\r\n" and the like, secret */
};

/* `[http://][USER[:PASS]@]HOST[:PORT][/]`; percent-encoding (RFC 3986 2.1) in the userinfo only; without a
 * port 80 after `http://`, 3128 otherwise. Returns NULL, or what is wrong as a phrase that repeats no part
 * of the URL; *out is then undefined. */
const char *proxy_parse(struct proxy *out, const char *url, size_t size);

/* Adds the URL without secrets: "http://proxy.example.org:3128", with `userinfo` ("" or "***@") in its
 * place. */
void proxy_print(struct text *out, const struct proxy *proxy, const char *userinfo);

/* Puts Basic credentials (RFC 7617) in place of those of the URL. Result as above. */
const char *proxy_set_credentials(struct proxy *proxy, const char *user, const char *password);

/* Takes the same out again: decoded into PROXY_USER_MAX + 1 bytes each, and no header field any more. Of a
 * proxy that has credentials. */
void proxy_take_credentials(struct proxy *proxy, char *user, char *password);

/* Adds a header field, "Name: value". Result as above: bytes that RFC 9112 5 does not allow, no room, and so
 * on. */
const char *proxy_add_field(struct proxy *proxy, const char *field);

/* Adds a user name or password, percent-encoded as a URL's userinfo (RFC 3986 3.2.1). */
void proxy_add_encoded(struct text *out, const char *userinfo);

#endif
