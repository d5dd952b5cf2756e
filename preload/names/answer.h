/* What the library answers, in the place of a resolver, to a program that asks one itself (see dns.h). */
#ifndef PTUNNEL_ANSWER_H
#define PTUNNEL_ANSWER_H

#include <ptunnel/dns.h>

#include <stdbool.h>
#include <stddef.h>

/* True if the message asks about a name that a rule tunnels, or for the name of such an address: nobody else is to hear
 * of it. So is one that cannot be understood, which may ask about any. */
bool answer_is_ours(struct dns_query *query, const void *message, size_t size);

/* The answer to that, into DNS_ANSWER_SIZE bytes; its size. A and AAAA have the stand-ins, PTR the name, HTTPS and SVCB
 * no records; other types are refused: what is not known here is not denied. */
size_t answer_make(const struct dns_query *query, const void *message, void *out);

#endif
