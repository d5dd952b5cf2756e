/* What the files of the configuration share: the parser's state and the struct that it fills. */
#ifndef PTUNNEL_PARSER_H
#define PTUNNEL_PARSER_H

#include "../rules/index.h"

#include <ptunnel/config.h>

#include <sys/types.h>

/* Who says something: the first of these that speaks of a setting or of the default route counts. */
enum layer { LAYER_OPTIONS, LAYER_VARIABLE, LAYER_FILE, LAYER_ENVIRONMENT, LAYER_NOBODY };

/* Where a `credentials` line's file is. */
struct config_path {
    const struct config_path *next;
    const char *path;
    uint32_t line;
};

/* A rule file that was read. They are kept in the order in which they were asked for. */
struct config_text {
    struct config_text *next;
    const char *path, *start, *end;
    const struct config_path *paths;
    bool secret; /* it holds one: it must not be copied to where others may see it */
};

/* A text that is read: a file, a variable or an option. */
struct source {
    const char *name;
    const char *at, *end;
    const char *path;           /* of a file, else NULL */
    struct config_text *kept;   /* of a rule file, else NULL */
    const struct source *asker; /* whose include this is */
    dev_t device;
    ino_t inode;
    mode_t mode;
    bool has_lines; /* places in it have a line and a column */
    bool blamed;    /* that others may read a password here was said */
};

struct word {
    const char *text;
    size_t size;
    struct place at;
    bool quoted;
};

struct line {
    struct source *source;
    const char *start, *at, *end;
    uint32_t number;
    const char *expected;  /* a quoted word does not end as it should: what was expected */
    const char *broken;    /* and where */
    struct word directive; /* the first word, of a line that parse_source() read */
};

/* The next word; false at the end of the line, before a comment, and where quotes are wrong. */
bool line_word(struct line *line, struct word *out);
bool word_is(const struct word *word, const char *what);

struct route_entry {
    struct config_route made;
    const char *name; /* NULL: the default route */
    size_t name_size;
    enum layer layer;   /* who defined it; LAYER_NOBODY: nobody so far */
    enum layer said_by; /* who spoke of it last, and where: nobody may do so twice */
    struct place said_at;
    struct place wanted;          /* by a rule, before it was defined */
    const struct route *replaced; /* what the file says of a default route that is given elsewhere */
    bool has_credentials;
    char user[PROXY_USER_MAX + 1], password[PROXY_USER_MAX + 1];
};

enum { ROUTES_MOST = 256, FILES_MOST = 256, INCLUDES_DEEP = 16, FILE_MOST = 64 * 1024 * 1024 };

struct parser {
    config_variable *variable;
    const struct net *net;
    struct text *wrong;
    bool bad, no_memory;
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
    } said_last[CONFIG_SETTINGS]; /* nobody may say it twice */
    struct stand_ins stand_ins[2];
    unsigned files;
    size_t file_rules;   /* rules of files */
    size_t file_default; /* `default` lines of files */
    bool option_tunnels; /* an option says `tunnel` */
    bool wants_default;  /* a rule needs the default route */
    const char *file;
    struct config_text *texts, *last_text;
    size_t shared_rules;
};

/* One line of words: starts with the place; complaint_end() takes it back if it did not fit. */
struct text *complaint(struct parser *parser, const struct place *place);
void complaint_end(struct parser *parser);
void complain(struct parser *parser, const struct place *place, const char *words);
/* "expected WHAT, not 'WORD'"; word NULL: "not the end of the line" */
void complain_expected(struct parser *parser, const struct place *place, const char *what,
                       const struct word *instead);
/* Complains of words that nobody took. */
void line_finish(struct parser *parser, struct line *line);
struct place place_behind(const struct line *line);

/* Memory that lives as long as the process; NULL sets no_memory. */
void *parser_alloc(struct parser *parser, size_t size);
const char *parser_copy(struct parser *parser, const char *text, size_t size);

void parse_source(struct parser *parser, struct source *source); /* all its lines */
/* The next line of a text; false at its end. Start with all zero but the source. */
bool source_line(struct line *line);
void parse_rule(struct parser *parser, struct line *line, enum verdict verdict);
void parse_setting(struct parser *parser, struct line *line, enum config_setting setting);
void settings_start(struct parser *parser);

struct route_entry *route_entry(struct parser *parser, size_t number);
size_t route_entries(const struct parser *parser);
/* The route that a rule goes `via`; its number. */
uint16_t route_wanted(struct parser *parser, const struct word *name);
void parse_proxy(struct parser *parser, struct line *line);
void parse_credentials(struct parser *parser, struct line *line);
void parse_header(struct parser *parser, struct line *line);
/* The default route from a variable, whose value is a list of URLs. */
void parse_default_route(struct parser *parser, struct line *line, const struct place *place);
void routes_finish(struct parser *parser);

/* Reads a whole file into *out; the path is kept. False, with a complaint, if it cannot be read or trusted.
 * `place` is who asks for it; NULL: nobody but the search. */
bool source_open(struct parser *parser, struct source *out, const char *path, const struct place *place,
                 bool secret);
/* A path of a directive, made absolute. NULL, with a complaint, if it cannot be. */
const char *source_path(struct parser *parser, const struct source *source, const struct word *path);
void source_has_secret(struct parser *parser, struct source *source, const struct place *place);
void parse_include(struct parser *parser, struct line *line);
/* PTUNNEL_CONFIG, the file that is asked for, or the first that is found. */
void parse_files(struct parser *parser, const struct config_options *options);

void parse_no_proxy(struct parser *parser, const char *name, const char *list);

struct proxy_port {
    const struct route *route;
    uint16_t port;
};

struct config {
    struct dial_limits limits;
    const struct rules *rules;
    struct setting settings[CONFIG_SETTINGS];
    struct stand_ins stand_ins[2];
    size_t route_count, port_count;
    struct config_route *routes;
    struct proxy_port *ports; /* of all proxies */
    const char *file;
    const struct config_text *texts; /* the first is that of `file` */
    enum layer route_layer;          /* whose the default route is */
    bool default_said;
    size_t shared_rules; /* number of the first rule that $no_proxy gave */
};

#endif
