/* What a configuration is made of: load.c fills it, decide.c and write.c read it. */
#ifndef PTUNNEL_INSIDE_H
#define PTUNNEL_INSIDE_H

#include "layer.h"
#include "source.h"

#include <ptunnel/config.h>

struct proxy_port {
    const struct route *route;
    uint16_t port;
};

struct config {
    struct dial_limits limits;
    const struct rules *rules;
    struct setting settings[CONFIG_SETTINGS];
    struct names_ranges stand_ins;
    size_t route_count, port_count;
    struct config_route *routes;
    /* those of all proxies, so that most targets are told from a proxy by their port */
    struct proxy_port *ports;
    const char *file;
    const char *agent; /* the path of its socket; NULL: no route has accounts, nor is it named */
    const struct config_text *texts; /* in the order of reading; the first is that of .file */
    enum layer route_layer;          /* who defined the default route */
    bool default_said;
    size_t shared_rules; /* number of the first rule that $no_proxy gave */
};

#endif
