/* The texts that are read: opened, and judged whether they can be trusted. */
#ifndef PTUNNEL_SOURCE_H
#define PTUNNEL_SOURCE_H

#include <ptunnel/place.h>

#include <stdbool.h>
#include <sys/types.h>

struct parser;
struct word;

/* The absolute path of the file of a `credentials` line. */
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
    bool secret; /* it has a secret: it must not be copied into the environment */
};

/* A text that is read: a file, a variable or an option. */
struct source {
    const char *name;
    const char *at, *end;
    const char *path;           /* of a file, else NULL */
    struct config_text *kept;   /* of a rule file, else NULL */
    const struct source *asker; /* the file whose `include` named this one */
    dev_t device;
    ino_t inode;
    mode_t mode;
    bool has_lines; /* places in it have a line and a column */
    bool blamed;    /* it was said that others can read a password here */
};

/* Complains of a file, at `asker` or, if that is NULL, at the file itself; error 0: the words say it all.
 * False. */
bool source_refuse(struct parser *parser, const char *path, const struct place *asker, const char *words,
                   int error);

/* Reads a whole file into *out; the path is kept. False, with a complaint, if it cannot be read or trusted.
 * `place` is who asks for it; `secret`: nobody else may be able to read it. */
bool source_open(struct parser *parser, struct source *out, const char *path, const struct place *place,
                 bool secret);

/* The same for the file at base + rest, which nobody has asked for. SOURCE_WRONG: with a complaint. */
enum source_found { SOURCE_ABSENT, SOURCE_WRONG, SOURCE_READ };
enum source_found source_search(struct parser *parser, struct source *out, const char *base,
                                const char *rest);

/* A path of a directive, made absolute: from the directory of the file that it stands in, or for "~/" from
 * $HOME. NULL, with a complaint, if it cannot be. */
const char *source_path(struct parser *parser, const struct source *source, const struct word *path);

/* Notes that the source has a secret: it is not copied, and there is a complaint if others can read it. */
void source_has_secret(struct parser *parser, struct source *source, const struct place *place);

#endif
