/* The state of reading a configuration. */
#ifndef PTUNNEL_PARSER_H
#define PTUNNEL_PARSER_H

#include "../rules/build.h"
#include "layer.h"
#include "line.h"

#include <ptunnel/config.h>
#include <ptunnel/scratch.h>

struct parser {
    config_variable *variable;
    const struct net *net;
    struct text *wrong;
    bool bad, no_memory;
    int passing; /* positive errno of a failure that may be over at the next try; 0: there was none */
    enum layer layer;
    /* In PTUNNEL_CONFIG options and file are one text: of a setting given twice the first counts. */
    bool first_counts;
    struct rules_builder rules;
    struct scratch routes; /* struct route_entry; number 0 is the default route */
    struct setting settings[CONFIG_SETTINGS];
    enum layer said_by[CONFIG_SETTINGS]; /* who gave the value */
    struct {
        enum layer by;
        struct place at;
    } said_last[CONFIG_SETTINGS]; /* a layer may say it once */
    struct names_ranges stand_ins;
    unsigned files;
    size_t file_rules;   /* how many rules files have */
    size_t file_default; /* how many `default` lines files have */
    bool option_tunnels; /* an option says `tunnel` */
    bool wants_default;  /* a rule needs the default route */
    const char *file;
    const char *agent;    /* the path of its socket; NULL: nobody named it */
    bool keeps_passwords; /* of accounts */
    struct config_text *texts, *last_text;
    size_t shared_rules;
    struct known *known; /* `address` lines, the last one first */
};

/* Memory that lives as long as the process. NULL, and no_memory is set, if there is none. */
void *parser_alloc(struct parser *parser, size_t size);

/* A copy that ends in NUL; "" if there is no memory. */
const char *parser_copy(struct parser *parser, const char *text, size_t size);

#endif
