/* The command that is looked at, on its way to the file that the loader will be asked for. */
#ifndef PTUNNEL_WALK_H
#define PTUNNEL_WALK_H

#include <ptunnel/reach.h>
#include <ptunnel/text.h>

enum { REACH_HEAD_SIZE = 256 }; /* BINPRM_BUF_SIZE: what the kernel reads to tell what a file is */

/* The command as it stands after the steps so far. Its words live in `text` or are the caller's. */
struct reach_walk {
    const struct net *net;
    struct reach_look *out;
    const char **words; /* its argv, at most REACH_WORDS of it */
    size_t count;
    bool more;             /* there were more */
    const char *file;      /* what is to be run: a path, or with `search` a name */
    const char *path;      /* PATH */
    const char *directory; /* of env -C; NULL: where we are */
    bool search;
    bool by_loader; /* the file is an argument of the loader's */
    bool is_loaded; /* out->library and out->runtime are those of the first program that is loaded */
    const char *library;
    struct text text;
};

/* A copy in the walk's text, NULL if there is no room. */
const char *reach_keep(struct reach_walk *walk, const char *bytes, size_t size);

/* Puts `size` words in place of the first `drop`. False if there is no room for one of these. */
bool reach_replace_words(struct reach_walk *walk, size_t drop, const char *const *words, size_t size);

/* Takes away the first words, all if there are fewer than `count`. */
void reach_drop_words(struct reach_walk *walk, size_t count);

#endif
