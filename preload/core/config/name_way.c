#include <ptunnel/name_way.h>

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { HOST_NAME_SIZE = 256 };

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

static enum way way_of_fate(const struct config *config, enum name_fate fate)
{
    switch (fate) {
    case NAME_DIRECT:
        return WAY_REMEMBER;
    case NAME_DEPENDS:
        return config_setting(config, CONFIG_NAMES)->value == NAMES_LOCAL ? WAY_REMEMBER : WAY_STAND_IN;
    case NAME_NOT_ONE:
        break;
    }
    return config_setting(config, CONFIG_DEFAULT)->value == VERDICT_DIRECT ? WAY_REAL : WAY_NO_NAME;
}

enum way name_way(const struct config *config, const char *name, uint16_t port)
{
    enum way way = WAY_REAL;

    if (!*name || is_of_this_place(name))
        return WAY_REAL;
    /* Without a configuration connect() lets nothing out, and says so; a look-up would. */
    if (!is_next_to_us(config, name))
        way = config ? way_of_fate(config, config_name_fate(config, name, port)) : WAY_STAND_IN;
    return way == WAY_STAND_IN && has_long_label(name) ? WAY_NO_NAME : way;
}
