#include "way.h"

#include "../real.h"
#include "../process/environment.h"
#include "../process/guest.h"
#include "../process/readable.h"

#include <ptunnel/log.h>
#include <ptunnel/names.h>

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum { HOST_NAME_SIZE = 256 };

static struct names_ranges ranges_of(const struct config *config)
{
    const struct stand_ins *v4, *v6;

    if (!config)
        return names_usual_ranges;
    v4 = config_stand_ins(config, AF_INET);
    v6 = config_stand_ins(config, AF_INET6);
    return (struct names_ranges){
        .v4 = v4->first, .v4_bits = v4->bits - 96, .v6 = v6->first, .v6_bits = v6->bits
    };
}

static _Atomic(struct names *) opened;

/* NULL: no memory. Two threads may open a map at once; the first to publish wins. */
static struct names *names(void)
{
    struct names *map = atomic_load(&opened), *before = NULL;
    struct names_ranges ranges;

    if (map)
        return map;
    ranges = ranges_of(guest_config());
    map = names_open(&real_net, real()->fcntl, environment_variable("XDG_RUNTIME_DIR"), &ranges);
    if (map && !atomic_compare_exchange_strong(&opened, &before, map))
        return before;
    return map;
}

static bool is_stand_in(const struct endpoint *target)
{
    struct names_ranges ranges = ranges_of(guest_config());

    return names_ranges_have(&ranges, target);
}

/* Asked for once: a machine that is renamed keeps its old name here. */
static bool is_own_name(const char *name)
{
    enum { UNKNOWN, BEING_KEPT, KEPT };
    static char kept[HOST_NAME_SIZE];
    static atomic_int state;
    char fresh[HOST_NAME_SIZE] = "";
    int unknown = UNKNOWN;

    if (atomic_load(&state) == KEPT)
        return strcasecmp(name, kept) == 0;
    if (gethostname(fresh, sizeof fresh - 1) == 0 &&
        atomic_compare_exchange_strong(&state, &unknown, BEING_KEPT)) {
        memcpy(kept, fresh, sizeof kept);
        atomic_store(&state, KEPT);
    }
    return strcasecmp(name, fresh) == 0;
}

static bool ends_in(const char *name, const char *suffix)
{
    size_t size = strlen(name), tail = strlen(suffix);

    return size > tail && strcasecmp(name + size - tail, suffix) == 0;
}

/* Addresses in all the notations of inet_aton(3), with scopes, and names that mean this machine. */
static bool is_of_this_place(const char *name)
{
    struct in_addr address;

    return strchr(name, ':') || inet_aton(name, &address) || strcasecmp(name, "localhost") == 0 ||
           strcasecmp(name, "localhost.") == 0 || ends_in(name, ".localhost") ||
           ends_in(name, ".localhost.") || is_own_name(name);
}

/* The name of a machine next to this one (RFC 6762), which no proxy could look up; but many a company's names
 * end so, and then a rule says it. */
static bool is_next_to_us(const struct config *config, const char *name)
{
    return (ends_in(name, ".local") || ends_in(name, ".local.")) &&
           !(config && config_rules_name(config, name));
}

/* RFC 1035 2.3.4; no resolver asks for longer ones, nor can a proxy. */
static bool has_long_label(const char *name)
{
    for (size_t size; *name; name += size + (name[size] == '.')) {
        size = strcspn(name, ".");
        if (size > 63)
            return true;
    }
    return false;
}

static enum lookup_way way_of_fate(const struct config *config, enum name_fate fate)
{
    switch (fate) {
    case NAME_DIRECT:
        return LOOKUP_REMEMBER;
    case NAME_DEPENDS:
        return config_setting(config, CONFIG_NAMES)->value == NAMES_LOCAL ? LOOKUP_REMEMBER : LOOKUP_STAND_IN;
    case NAME_NOT_ONE:
        break;
    }
    return config_setting(config, CONFIG_DEFAULT)->value == VERDICT_DIRECT ? LOOKUP_REAL : LOOKUP_NO_NAME;
}

enum lookup_way lookup_way(const char *name, uint16_t port)
{
    const struct config *config;
    int saved = errno;
    enum lookup_way way = LOOKUP_REAL;

    if (guest_may_act() && name && *name && !is_of_this_place(name)) {
        config = guest_config();
        /* Without one connect() lets nothing out, and says so; a look-up would. */
        if (!is_next_to_us(config, name))
            way = config ? way_of_fate(config, config_name_fate(config, name, port)) : LOOKUP_STAND_IN;
        if (way == LOOKUP_STAND_IN && has_long_label(name))
            way = LOOKUP_NO_NAME;
    }
    errno = saved;
    return way;
}

/* AI_PASSIVE is no exception: beside a name it means nothing, and programs that connect say it, too (socat,
 * lftp, whose names nobody here may know, or hear of). */
enum lookup_way lookup_way_hinted(const char *name, const char *service, const struct addrinfo *hints)
{
    return hints && hints->ai_flags & AI_NUMERICHOST ? LOOKUP_REAL : lookup_way(name, lookup_port(service));
}

uint16_t lookup_port(const char *service)
{
    long port = service ? text_to_number(service, strlen(service), 1, 65535) : -1;

    return port < 0 ? 0 : (uint16_t)port;
}

void lookup_plain_name(const char *name, char *out)
{
    struct endpoint endpoint = { 0 };

    endpoint_set_host(&endpoint, name, strlen(name));
    strcpy(out, endpoint.host);
}

static void print_address(const struct in6_addr *address, char *text)
{
    if (IN6_IS_ADDR_V4MAPPED(address))
        inet_ntop(AF_INET, address->s6_addr + 12, text, LOOKUP_TEXT_SIZE);
    else
        inet_ntop(AF_INET6, address, text, LOOKUP_TEXT_SIZE);
}

bool lookup_stand_in(const char *name, int family, char *text)
{
    struct names *map = names();
    struct in6_addr address;
    char plain[ENDPOINT_HOST_MAX + 1];
    uint32_t offset;

    lookup_plain_name(name, plain);
    if (!map || !plain[0] || names_stand_in(map, plain, &offset) < 0)
        return false;
    address = names_address(map, offset, family == AF_INET6 ? AF_INET6 : AF_INET);
    print_address(&address, text);
    return true;
}

/* An answer that is reached directly whatever its name stays an address. */
static bool is_always_direct(const struct endpoint *answer)
{
    const struct config *config = guest_config();

    return endpoint_is_link_local(answer) ||
           (endpoint_is_loopback(answer) && !(config && config_setting(config, CONFIG_LOOPBACK)->value));
}

void lookup_remember(const struct endpoint *answer, const char *name)
{
    char plain[ENDPOINT_HOST_MAX + 1];
    struct names *map;

    if (is_always_direct(answer))
        return;
    lookup_plain_name(name, plain);
    map = names();
    if (map && plain[0])
        names_remember(map, answer, plain);
}

/* "198.18.0.7:443 " and the words. */
static void say(const struct endpoint *target, const char *words)
{
    char buffer[LOG_LINE_SIZE], authority[ENDPOINT_TEXT_SIZE];
    struct text line = text_in(buffer, sizeof buffer);
    uint64_t subject = 0;

    endpoint_print(target, authority);
    for (const char *c = authority; *c; c++)
        subject = subject * 31 + (unsigned char)*c;
    text_add(&line, authority);
    text_add(&line, words);
    log_failure(subject, &line);
}

/* A process that made no look-up has no map, and needs none until it meets a stand-in. */
enum lookup_meaning lookup_meaning(struct endpoint *target)
{
    struct names *map = atomic_load(&opened);

    if (!is_stand_in(target))
        return map && names_of_answer(map, target) ? LOOKUP_ANSWER : LOOKUP_ADDRESS;
    map = names();
    if (map && names_of_stand_in(map, target) == 0)
        return LOOKUP_NAME;
    say(target, ": no name is known that this stand-in address means; look the name up again");
    return LOOKUP_NOTHING;
}

bool lookup_resolvers_refused(void)
{
    const struct config *config = guest_may_act() ? guest_config() : NULL;

    return config && config_setting(config, CONFIG_RESOLVERS)->value;
}

static bool address_taken(const struct sockaddr *address, socklen_t size, struct endpoint *out)
{
    return size >= (socklen_t)sizeof(struct sockaddr_in) &&
           size <= (socklen_t)sizeof(struct sockaddr_storage) && memory_readable(address, size) &&
           endpoint_from_sockaddr(out, address, size);
}

/* An address given with a TCP socket is connect()'s business, or nobody's. */
static bool goes_past_tcp(int fd)
{
    int domain = 0, protocol = 0;
    socklen_t size = sizeof domain;

    return real()->getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
           (domain == AF_INET || domain == AF_INET6) &&
           real()->getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
           protocol != IPPROTO_TCP && protocol != IPPROTO_MPTCP;
}

bool lookup_unreachable(int fd, const struct sockaddr *address, socklen_t size)
{
    struct endpoint target;
    struct names *map;
    int saved = errno;
    bool stand_in, resolver;

    if (!guest_may_act() || !address_taken(address, size, &target))
        return false;
    resolver = target.port == NAMESERVER_PORT && lookup_resolvers_refused();
    stand_in = is_stand_in(&target);
    if ((!stand_in && !resolver) || !goes_past_tcp(fd)) {
        errno = saved;
        return false;
    }
    map = stand_in ? names() : NULL;
    if (map)
        names_of_stand_in(map, &target);
    say(&target,
        stand_in ? ": only TCP can be tunnelled" : ": 'resolvers refuse' lets nobody ask a resolver");
    errno = saved;
    return true;
}

/* Asking for the name of an address that is tunnelled would say here where the program goes. */
static enum lookup_back back_of_literal(const struct endpoint *target)
{
    const struct config *config = guest_config();

    if (!config)
        return endpoint_is_loopback(target) ? LOOKUP_BACK_REAL : LOOKUP_BACK_NONE;
    if (config_setting(config, CONFIG_NAMES)->value == NAMES_LOCAL)
        return LOOKUP_BACK_REAL;
    return config_decide(config, target).verdict == VERDICT_DIRECT ? LOOKUP_BACK_REAL : LOOKUP_BACK_NONE;
}

enum lookup_back lookup_back(const struct sockaddr *address, socklen_t size, char *name)
{
    struct endpoint target;
    enum lookup_back back = LOOKUP_BACK_NONE;
    int saved = errno;

    if (!guest_may_act() || !endpoint_from_sockaddr(&target, address, size))
        return LOOKUP_BACK_REAL;
    switch (lookup_meaning(&target)) {
    case LOOKUP_ADDRESS:
        back = back_of_literal(&target);
        break;
    case LOOKUP_NAME:
        strcpy(name, target.host);
        back = LOOKUP_BACK_NAME;
        break;
    case LOOKUP_ANSWER: /* that name was looked up here, so its address may be */
        back = LOOKUP_BACK_REAL;
        break;
    case LOOKUP_NOTHING:
        break;
    }
    errno = saved;
    return back;
}
