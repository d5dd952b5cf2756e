/* What the files of reach share: the command that is looked at, and what a single file is. */
#ifndef PTUNNEL_WALK_H
#define PTUNNEL_WALK_H

#include <ptunnel/reach.h>
#include <ptunnel/text.h>

enum { REACH_HEAD_SIZE = 256 }; /* as much as the kernel looks at to know what a file is */

/* The command as it stands after the steps so far. Its words live in `text` or are the caller's. */
struct reach_walk {
    const struct net *net;
    struct reach_look *out;
    const char **words; /* its argv, the first of them */
    size_t count;
    bool more;             /* there are words that had no room */
    const char *file;      /* what is to be run: a path, or with `search` a name */
    const char *path;      /* PATH */
    const char *directory; /* of env -C; NULL: where we are */
    bool search;
    struct text text;
};

/* A copy in the walk's text, NULL if there is no room. */
const char *reach_keep(struct reach_walk *walk, const char *bytes, size_t size);

/* Puts `size` words in place of the first `drop`. False if there is no room for one of these. */
bool reach_replace_words(struct reach_walk *walk, size_t drop, const char *const *words, size_t size);

enum reach_env { ENV_RUNS, ENV_PRINTS, ENV_UNCLEAR };

/* The words are those of env(1): makes them those of the command that it runs. */
enum reach_env reach_through_env(struct reach_walk *walk);

/* What its IDs and capabilities will do to the loader: REACH_SETID, REACH_CAPABLE, REACH_CALLER or
 * REACH_PRELOADED. */
enum reach reach_privileges(const char *path);

/* What an ELF file is, the first bytes of which are here. */
enum reach reach_elf(int fd, const char *head, size_t size);
bool reach_is_elf(const char *head, size_t size);

#endif
