/* Stand-ins: addresses that mean names. A look-up gives the program a stand-in, connect() turns it back
 * into the name, and the proxy is sent that.
 *
 * A stand-in is an offset in a range of IPv4 addresses, and the same offset in one of IPv6 addresses. The
 * lower three quarters of the offsets are the numbers of slots in a file that all processes of the user
 * share (see slots.h). The last quarter is for names that could not be written there: only this process
 * and those forked from it know those. Since they are apart, no address means one name here and another in
 * the file.
 *
 * All calls may be made by any number of threads. Those that take an address may be made by a signal
 * handler. A call repeated within the hour makes no system call. */
#ifndef PTUNNEL_NAMES_H
#define PTUNNEL_NAMES_H

#include <ptunnel/endpoint.h>
#include <ptunnel/net.h>

#include <stdbool.h>
#include <stdint.h>

/* Each begins at the first address of its prefix and has at least 256; of more than 2^20 the first 2^20 are
 * used. */
struct names_ranges {
    struct in6_addr v4, v6;    /* the first addresses; the IPv4 one is held as ::ffff:a.b.c.d */
    unsigned v4_bits, v6_bits; /* the prefixes' lengths, of 32 and of 128 */
};

/* 198.18.0.0/15, fd70:7475:6e6e:656c::/96 */
extern const struct names_ranges names_usual_ranges;

/* Whether it lies in the ranges, whether or not it means a name. Needs no map. */
bool names_ranges_have(const struct names_ranges *ranges, const struct endpoint *endpoint);

struct names;

/* A map in the arena; NULL: no memory. What the arguments point to must outlive it. `fcntl` is fcntl(2),
 * `directory` $XDG_RUNTIME_DIR or NULL. */
struct names *names_open(const struct net *net, int (*fcntl)(int fd, int command, ...), const char *directory,
                         const struct names_ranges *ranges);

/* Gives the name a stand-in. 0, or -EAGAIN if all are in use. The name is endpoint.host of one that is not
 * literal. What goes wrong with the file is logged. */
int names_stand_in(struct names *map, const char *name, uint32_t *offset);

/* Before fork(2), where the file cannot be written: from here on names of the last quarter are known to this process and all that
 * are forked from it, whoever of them gave the stand-in. Without memory nothing changes. */
void names_share(struct names *map);

/* AF_INET: as ::ffff:a.b.c.d */
struct in6_addr names_address(const struct names *map, uint32_t offset, int family);

/* Makes a stand-in the name that it means; the port stays. 0; -ENOENT if it means none: then nobody may
 * connect to it, it is no address of the network. */
int names_of_stand_in(struct names *map, struct endpoint *endpoint);

/* For names that are looked up here (`names local`): remembers which name an answer belongs to, the last one
 * where there are several. Only this process and its forked children know. */
void names_remember(struct names *map, const struct endpoint *answer, const char *name);

/* Makes an answer the name that it was for; the port stays. False if it is no remembered answer. */
bool names_of_answer(const struct names *map, struct endpoint *endpoint);

#endif
