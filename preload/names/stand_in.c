#include "stand_in.h"

#include "../process/environment.h"
#include "../process/guest.h"
#include "../process/kind.h"
#include "../process/own.h"
#include "../process/readable.h"
#include "../real.h"

#include <ptunnel/hash.h>
#include <ptunnel/log.h>
#include <ptunnel/names.h>
#include <ptunnel/private_file.h>

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <stdatomic.h>
#include <string.h>

static _Atomic(struct names *) opened;

/* NULL: no memory, or the configuration, which has the ranges, cannot be read just now. Two threads may open a
 * map at once; the first to publish wins. */
static struct names *names(void)
{
    struct names *map = atomic_load(&opened), *before = NULL;
    const struct config *config;
    struct own own;

    if (map)
        return map;
    config = guest_config();
    if (!config && guest_config_is_due())
        return NULL;
    own_begin(&own);
    map = names_open(real_net(), real()->fcntl, environment_variable("XDG_RUNTIME_DIR"),
                     config_stand_ins(config));
    own_end(&own);
    if (map && !atomic_compare_exchange_strong(&opened, &before, map))
        return before;
    return map;
}

void stand_in_before_fork(void)
{
    static atomic_bool decided;
    struct names *map;
    KEEP_ERRNO;

    if (atomic_load(&decided) || !guest_may_act())
        return;
    if (!private_file_is_writable(real_net(), environment_variable("XDG_RUNTIME_DIR"), "names")) {
        map = names();
        if (map)
            names_share(map);
    }
    atomic_store(&decided, true);
}

static bool is_stand_in(const struct endpoint *target)
{
    return names_ranges_have(config_stand_ins(guest_config()), target);
}

void stand_in_plain_name(const char *name, char *out)
{
    struct endpoint endpoint = { 0 };

    endpoint_set_host(&endpoint, name, strlen(name));
    strcpy(out, endpoint.host);
}

static void print_address(const struct in6_addr *address, char *text)
{
    if (IN6_IS_ADDR_V4MAPPED(address))
        inet_ntop(AF_INET, address->s6_addr + 12, text, STAND_IN_TEXT_SIZE);
    else
        inet_ntop(AF_INET6, address, text, STAND_IN_TEXT_SIZE);
}

bool stand_in_addresses(const char *name, struct in6_addr *v4, struct in6_addr *v6)
{
    struct names *map = names();
    char plain[ENDPOINT_HOST_MAX + 1];
    uint32_t offset;

    stand_in_plain_name(name, plain);
    if (!map || !plain[0] || names_stand_in(map, plain, &offset) < 0)
        return false;
    *v4 = names_address(map, offset, AF_INET);
    *v6 = names_address(map, offset, AF_INET6);
    return true;
}

bool stand_in_text(const char *name, int family, char *text)
{
    struct in6_addr v4, v6;

    if (!stand_in_addresses(name, &v4, &v6))
        return false;
    print_address(family == AF_INET6 ? &v6 : &v4, text);
    return true;
}

/* An answer that is reached directly whatever its name stays an address. */
static bool is_always_direct(const struct endpoint *answer)
{
    const struct config *config = guest_config();

    return endpoint_is_link_local(answer) ||
           (endpoint_is_loopback(answer) && !(config && config_setting(config, CONFIG_LOOPBACK)->value));
}

void stand_in_remember(const struct endpoint *answer, const char *name)
{
    char plain[ENDPOINT_HOST_MAX + 1];
    struct names *map;

    if (is_always_direct(answer))
        return;
    stand_in_plain_name(name, plain);
    map = names();
    if (map && plain[0])
        names_remember(map, answer, plain);
}

/* "198.18.0.7:443 " and the words. */
static void say(const struct endpoint *target, const char *words)
{
    char buffer[LOG_LINE_SIZE], authority[ENDPOINT_TEXT_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    endpoint_print(target, authority);
    text_print(&line, "%s%s", authority, words);
    log_failure(hash_bytes(authority, strlen(authority)), &line);
}

/* A process that made no look-up has no map, and needs none until it meets a stand-in. */
enum meaning stand_in_meaning(struct endpoint *target)
{
    struct names *map = atomic_load(&opened);

    if (!is_stand_in(target))
        return map && names_of_answer(map, target) ? MEANS_ANSWER : MEANS_ADDRESS;
    map = names();
    if (map && names_of_stand_in(map, target) == 0)
        return MEANS_NAME;
    say(target, ": no name is known that this stand-in address means; look the name up again");
    return MEANS_NOTHING;
}

bool stand_in_resolvers_refused(void)
{
    const struct config *config = guest_may_act() ? guest_config() : NULL;

    return config && config_setting(config, CONFIG_RESOLVERS)->value == RESOLVERS_REFUSE;
}

static bool address_taken(const struct sockaddr *address, socklen_t size, struct endpoint *out)
{
    return size >= (socklen_t)sizeof(struct sockaddr_in) &&
           size <= (socklen_t)sizeof(struct sockaddr_storage) && readable(address, size) &&
           endpoint_from_destination(out, address, size);
}

/* An address given with a TCP socket is connect()'s business, or nobody's. Where the kernel does not tell what the
 * socket is, as in a sandbox, nothing goes out. */
static bool goes_past_tcp(int fd, const struct sockaddr *address)
{
    enum kind kind = kind_is_closed_tcp(fd, address) ? KIND_TCP : kind_of(fd);

    return kind == KIND_OTHER || kind == KIND_UNKNOWN;
}

bool stand_in_unreachable(int fd, const struct sockaddr *address, socklen_t size)
{
    KEEP_ERRNO;
    struct endpoint target;
    struct names *map;
    bool stand_in, resolver;

    if (!guest_may_act() || !address_taken(address, size, &target))
        return false;
    resolver = target.port == NAMESERVER_PORT && stand_in_resolvers_refused();
    stand_in = is_stand_in(&target);
    if ((!stand_in && !resolver) || !goes_past_tcp(fd, address))
        return false;
    map = stand_in ? names() : NULL;
    if (map)
        names_of_stand_in(map, &target);
    say(&target,
        stand_in ? ": only TCP can be tunnelled" : ": 'resolvers refuse' lets nobody ask a resolver");
    return true;
}

/* Asking for the name of an address that is tunnelled would say here where the program goes. Those of this machine are
 * no secret, whatever rules say of connections to them. */
static enum back back_of_literal(const struct endpoint *target)
{
    const struct config *config = guest_config();

    if (!config || endpoint_is_loopback(target))
        return endpoint_is_loopback(target) ? BACK_REAL : BACK_NONE;
    if (config_setting(config, CONFIG_NAMES)->value == NAMES_LOCAL)
        return BACK_REAL;
    return config_decide(config, target).verdict == VERDICT_DIRECT ? BACK_REAL : BACK_NONE;
}

enum back stand_in_back(const struct sockaddr *address, socklen_t size, char *name)
{
    KEEP_ERRNO;
    struct endpoint target;
    enum back back = BACK_NONE;

    if (!guest_may_act() || !endpoint_from_sockaddr(&target, address, size))
        return BACK_REAL;
    switch (stand_in_meaning(&target)) {
    case MEANS_ADDRESS:
        back = back_of_literal(&target);
        break;
    case MEANS_NAME:
        strcpy(name, target.host);
        back = BACK_NAME;
        break;
    case MEANS_ANSWER: /* that name was looked up here, so its address may be */
        back = BACK_REAL;
        break;
    case MEANS_NOTHING:
        break;
    }
    return back;
}
