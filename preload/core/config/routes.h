/* The routes that are being defined, by number and by name; number 0 is the default route. */
#ifndef PTUNNEL_ROUTES_H
#define PTUNNEL_ROUTES_H

#include "parser.h"

struct route_entry {
    struct config_route made;
    const char *name; /* NULL: the default route */
    size_t name_size;
    enum layer layer;   /* who defined it; LAYER_NOBODY: nobody so far */
    enum layer said_by; /* a layer may speak of it once; where it did */
    struct place said_at;
    struct place wanted;          /* where a rule first named it */
    const struct route *replaced; /* the file's default route, if an option or a variable gives another one */
    enum layer auth_by, service_by; /* who said that, if .made has it */
    bool has_credentials;
    char user[PROXY_USER_MAX + 1], password[PROXY_USER_MAX + 1];
};

size_t routes_count(const struct parser *parser);

/* The pointer holds until the next route is made. */
struct route_entry *routes_entry(struct parser *parser, size_t number);

/* A letter, then letters, digits, '-' and '_', not in quotes. */
bool routes_is_name(const struct word *word);

/* The number of the route of this name, which it makes if there is none; 0, with a complaint or no_memory, if
 * it cannot. */
uint16_t routes_find_or_make(struct parser *parser, const struct word *name);

/* The same, for a rule that names a route: complains if the word is no name, and of a route that is never
 * defined. */
uint16_t routes_wanted(struct parser *parser, const struct word *name);

/* "[NAME] VALUE": the route's number, and the value. False, with a complaint, if it is not that. */
bool routes_named_value(struct parser *parser, struct line *line, const char *what, uint16_t *number,
                        struct word *value);

/* Tells each proxy its credentials and header fields. Complains of routes that nobody defined. */
void routes_finish(struct parser *parser);

#endif
