/* DNS messages (RFC 1035, RFC 6891), as much as is needed to answer a program that asks a resolver itself.
 * Without I/O: a query is read from bytes, an answer is written to bytes; where they come from and go to is the
 * caller's business.
 *
 * Whoever may be asked about a name calls, in this order: dns_read(); dns_reverse() for a PTR query; then
 * dns_answer() with what is known, or dns_fail(), or hands the query on as it came. */
#ifndef PTUNNEL_DNS_H
#define PTUNNEL_DNS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DNS_NAME_MOST = 253,   /* bytes of a name as text, without the last dot */
    DNS_ANSWER_SIZE = 549, /* no answer written here is larger */
    DNS_MESSAGE_MOST = 65535,
};

/* RCODE: RFC 1035 4.1.1, RFC 6891 9. */
enum dns_code {
    DNS_OK = 0,
    DNS_FORMAT_ERROR = 1,
    DNS_SERVER_FAILURE = 2,
    DNS_NO_SUCH_NAME = 3,
    DNS_NOT_IMPLEMENTED = 4,
    DNS_REFUSED = 5,
    DNS_BAD_VERSION = 16, /* of EDNS */
};

/* TYPE: RFC 1035 3.2.2, RFC 3596, RFC 9460. */
enum dns_type {
    DNS_TYPE_A = 1,
    DNS_TYPE_PTR = 12,
    DNS_TYPE_AAAA = 28,
    DNS_TYPE_SVCB = 64,
    DNS_TYPE_HTTPS = 65,
};

enum dns_kind {
    DNS_NOT_A_QUERY, /* too short, or itself an answer: nothing is said to it */
    DNS_WRONG_QUERY, /* to be answered by dns_fail() with .wrong */
    DNS_QUERY,
};

struct dns_query {
    enum dns_code wrong; /* of DNS_WRONG_QUERY */
    uint16_t type, class;
    bool edns;   /* the asker speaks EDNS, so the answer has to */
    size_t size; /* of the head and the question, which an answer repeats; of a wrong query 12 */
    /* Letters as they were asked; '?' for a byte that no host name has, and for a dot inside a label. "" is
     * the root. */
    char name[DNS_NAME_MOST + 1];
};

/* *out is set unless it is not a query. */
enum dns_kind dns_read(struct dns_query *out, const void *message, size_t size);

/* The address whose name is asked for, IPv4 mapped; false if it is no PTR query for a whole address. */
bool dns_reverse(const struct dns_query *query, struct in6_addr *address);

/* What is known about a name that is not to be looked up here. */
struct dns_known {
    const struct in6_addr *v4; /* the answer to A: mapped; NULL: it has none */
    const struct in6_addr *v6; /* to AAAA; NULL: it has none */
    const char *name;          /* to PTR: letters, digits, '-', '_', '.', at most 253; NULL: no such name */
    uint32_t seconds;          /* how long the answer may be kept */
};

/* Writes the answer; `message` is what dns_read() was given, `out` has DNS_ANSWER_SIZE bytes. Returns its
 * size. HTTPS and SVCB have no records, so programs go on with A and AAAA; of other types, and of classes
 * other than IN, nothing is known and nothing is denied: REFUSED. */
size_t dns_answer(const struct dns_query *query, const void *message, const struct dns_known *known,
                  void *out);

/* An answer without records. */
size_t dns_fail(const struct dns_query *query, const void *message, enum dns_code code, void *out);

#endif
