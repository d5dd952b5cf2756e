/* What the user decided, read once and never changed (but for what is learnt of each proxy, see
 * candidate.h). It lives in the arena and is never freed. */
#ifndef PTUNNEL_CONFIG_H
#define PTUNNEL_CONFIG_H

#include <ptunnel/dial.h>
#include <ptunnel/endpoint.h>
#include <ptunnel/names.h>
#include <ptunnel/net.h>
#include <ptunnel/route.h>
#include <ptunnel/rules.h>

#include <stdbool.h>

enum reason {
    REASON_PROXY,   /* the target is one of the proxies, address and port */
    REASON_RULE,    /* .rule says so */
    REASON_LOCAL,   /* the target is this machine, or link-local, and no rule speaks of it */
    REASON_DEFAULT, /* no rule matches: the setting CONFIG_DEFAULT */
};

struct decision {
    enum verdict verdict;
    struct route *route; /* of VERDICT_TUNNEL */
    enum reason reason;
    const struct rule *rule; /* of REASON_RULE */
};

struct config;

/* Where a variable's value comes from: getenv(3), or what the library kept of the environment at its start.
 * Asked for: PTUNNEL_CONFIG, PTUNNEL_PROXY, PTUNNEL_RULES, PTUNNEL_LOOPBACK, XDG_CONFIG_HOME,
 * XDG_RUNTIME_DIR, HOME, and https_proxy, all_proxy and no_proxy in both cases, http_proxy in lower case. */
typedef const char *config_variable(const char *name);

/* A directive of the command line: { "-t", "tunnel", "example.org:22" }. */
struct config_option {
    const char *origin, *directive, *value;
};

/* What ptunnel-run's command line says; it comes before variables and files, and PTUNNEL_CONFIG is not looked
 * at. */
struct config_options {
    const struct config_option *rows;
    size_t count;
    const char *rules; /* the rule file; "": none is read; NULL: look for one */
};

/* The configuration of the options (NULL: none), of those variables and of the rule file, in the arena.
 * Returns 0; -ENOENT if all is well but no proxy is known; -EINVAL if something is wrong; -EMFILE,
 * -ENFILE, -ENOMEM, -EINTR or -EAGAIN if a file could not be read just now (EAGAIN: it was changed
 * meanwhile): that may be over at the next try. What is wrong is added to `wrong`, a line for each thing,
 * no secret in it. *out is set only on 0. */
int config_load(const struct config **out, const struct config_options *options, config_variable *variable,
                const struct net *net, struct text *wrong);

/* Costs no system call and no look-up. The target's port may be 0, for which no rule with ports speaks. */
struct decision config_decide(const struct config *config, const struct endpoint *target);

/* The same for an address that was looked up here for a name (`names local`): the first rule that matches
 * either of them counts. */
struct decision config_decide_both(const struct config *config, const struct endpoint *name,
                                   const struct endpoint *address);

/* The next port above the target's at which its host may be decided otherwise; PORTS_END if there is none. */
uint32_t config_next_port(const struct config *config, const struct endpoint *target);

enum name_fate {
    NAME_DIRECT,  /* DIRECT at this port or, if none is given, at every port: look it up */
    NAME_DEPENDS, /* not DIRECT at this port or, if none is given, at some port: do not look it up */
    NAME_NOT_ONE, /* it has bytes that CONNECT cannot carry, or is an address, perhaps with a dot behind it */
};

/* What a look-up of the name should do, before it is known what is connected to; port 0: no port is given.
 * Proxies and names of loopback are direct. */
enum name_fate config_name_fate(const struct config *config, const char *host, uint16_t port_or_0);

/* Whether a rule other than one for everything matches the name at some port. */
bool config_rules_name(const struct config *config, const char *host);
bool config_rules_target(const struct config *config, const struct endpoint *target); /* at its port */

const struct dial_limits *config_limits(const struct config *config);

enum config_setting {
    CONFIG_DEFAULT,   /* enum verdict */
    CONFIG_FALLBACK,  /* 1: direct */
    CONFIG_NAMES,     /* enum config_names */
    CONFIG_RESOLVERS, /* enum config_resolvers */
    CONFIG_LOOPBACK,  /* 1: tunnel */
    CONFIG_TIMEOUT,   /* seconds */
    CONFIG_ATTEMPT,   /* seconds */
    CONFIG_CHILDREN,  /* 1: refuse those that preloading cannot reach */
    CONFIG_STAND_INS, /* 0; the ranges are config_stand_ins() */
    CONFIG_SETTINGS
};

enum config_names { NAMES_PROXY, NAMES_LOCAL };
enum config_resolvers { RESOLVERS_ALLOW, RESOLVERS_REFUSE, RESOLVERS_ANSWER };

/* What holds if nobody says anything, in seconds. */
enum { CONFIG_TIMEOUT_USUAL = 65, CONFIG_ATTEMPT_USUAL = 10 };

struct setting {
    long value;
    uint16_t route;  /* of CONFIG_DEFAULT, if it is VERDICT_TUNNEL */
    struct place at; /* .source is NULL: nobody said so */
};

const struct setting *config_setting(const struct config *config, enum config_setting setting);
const char *config_setting_name(enum config_setting setting);
/* The word of a value; NULL: the setting has none, it is a number or ranges. */
const char *config_setting_word(enum config_setting setting, long value);
const char *config_verdict_word(enum verdict verdict);

/* The addresses that stand for names. config NULL: those that hold if nobody says anything. */
const struct names_ranges *config_stand_ins(const struct config *config);

/* A header field for the proxies of a route. */
struct config_field {
    const struct config_field *next;
    const char *field; /* secret */
    struct place at;
};

/* A route, and where each part of it was said. */
struct config_route {
    struct route route; /* .count is 0 only for a default route that nothing needs */
    struct place at;
    const char *urls;         /* as they were written, a blank between: secret */
    bool has_secret;          /* one of the URLs has a password */
    struct place credentials; /* .source NULL: none */
    const struct config_field *fields;
    const char *auth; /* "negotiate,ntlm", "auto", "none"; NULL: nobody said so */
    struct place auth_at;
    const char *service; /* Kerberos's; NULL: it goes by the proxy's name */
    struct place service_at;
};

/* All routes; number 0 is the default route. NULL: there are no more. */
const struct config_route *config_route(const struct config *config, size_t number);

const struct rules *config_rules(const struct config *config);

/* What PTUNNEL_CONFIG begins with. The ptunnel-run that wrote it may be of another version than the
 * library that reads it, where one was installed while programs ran; if their numbers differ,
 * config_load() is -EINVAL. Change the number when a text that one of them writes would mean something
 * else to the other. */
#ifndef CONFIG_FORMAT
#define CONFIG_FORMAT 1
#endif
#define CONFIG_TEXT_OF(number)   #number
#define CONFIG_HEADER_OF(number) "#ptunnel " CONFIG_TEXT_OF(number) "\n"
#define CONFIG_HEADER            CONFIG_HEADER_OF(CONFIG_FORMAT)

enum config_written {
    WRITTEN,
    WRITTEN_TOO_LONG, /* the options alone do not fit into the text */
    WRITTEN_NO_PATH,  /* a path has a line end, which no rule text can hold */
};

/* Whether a proxy, of whatever route, listens on a port of this number. */
bool config_is_proxy_port(const struct config *config, uint16_t port);

/* The same configuration as rule text for PTUNNEL_CONFIG: the options, then the file, whole if it fits
 * into 64 KiB and holds no secret, else as an include. Without what PTUNNEL_PROXY and PTUNNEL_LOOPBACK
 * hand over. */
enum config_written config_write(const struct config *config, const struct config_options *options,
                                 struct text *out);

/* The default route's URLs for PTUNNEL_PROXY. */
void config_write_proxies(const struct config *config, struct text *out);

/* Whether the default route must be handed over in PTUNNEL_PROXY: it came from there or from an option, or
 * it has a secret that no file holds. */
bool config_proxy_is_handed(const struct config *config);

#endif
