/* Whether the loader will preload the library into a command, told before it is run: from the files that the
 * kernel and the loader will look at, through #! lines, env(1) and symbolic links. Nothing is run and
 * nothing is allocated. */
#ifndef PTUNNEL_REACH_H
#define PTUNNEL_REACH_H

#include <ptunnel/net.h>

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum reach {
    REACH_PRELOADED, /* the loader puts the library in front of it */
    REACH_NOTHING,   /* no such file, or no permission: execve(2) will say why */
    REACH_STATIC,    /* no loader */
    REACH_GO,        /* Go makes its system calls itself, linked dynamically or not */
    REACH_PASCAL,    /* so does Free Pascal, */
    REACH_BUN,       /* and Bun, */
    REACH_URING,     /* and what uses liburing */
    REACH_SETID,     /* set-user-ID or set-group-ID: the loader preloads nothing, see ld.so(8) */
    REACH_CAPABLE,   /* file capabilities: the same */
    REACH_CALLER,    /* this process's own real and effective IDs differ: the same, for whatever it runs */
    REACH_MACHINE,   /* of another class, byte order or processor than the libraries that are there */
    REACH_LIBC,      /* of the other C library, and this one serves but that it was built with */
    REACH_HIDDEN,    /* it may be run but not read */
    REACH_UNCLEAR,   /* what it runs cannot be told beforehand */
    REACHES,
};

/* A command as execvp(3) takes it, or as execve(2) does. */
struct reach_command {
    const char *file;
    char *const *argv;
    const char *path; /* PATH; NULL: there is none */
    bool search;      /* execvp(3): along PATH, and a file of no known format is the shell's */
    /* This build's own library; that for the other class of this machine is looked for below or above its folder. NULL:
     * programs of this build's class alone can be preloaded. */
    const char *library;
};

enum { REACH_WORDS = 64, REACH_TEXT_SIZE = 4096, REACH_RUNTIME = 64 };

/* What was found, and the search's room: the caller decides where so much lies. */
struct reach_look {
    enum reach reach;
    char file[PATH_MAX]; /* the file that decided */
    /* For what is loaded first: its library (this build's own where it cannot be preloaded), and the runtime that it needs in
     * front of that (AddressSanitizer's), or "". */
    char library[PATH_MAX], runtime[REACH_RUNTIME];
    const char *words[REACH_WORDS];
    char text[REACH_TEXT_SIZE];
};

/* What the command is, also in look->reach. errno is left alone. */
enum reach reach_look(struct reach_look *look, const struct reach_command *command, const struct net *net);

/* Whether such a command runs, or may run, without the library. */
bool reach_misses(enum reach reach);

/* Whether a supervisor does for such a program what the library cannot: it is built for this machine's own calls, and
 * run with the rights that the caller has (those of one that gains others would be taken from it). */
bool reach_can_be_supervised(enum reach reach);

/* Whether what such a program starts is preloaded nevertheless: it hands on the environment that it is given. */
bool reach_hands_on(enum reach reach);

/* Phrases: the reason, to stand behind the file's name ("is statically linked, ..."), and what to do
 * instead. */
const char *reach_reason(enum reach reach);
const char *reach_remedy(enum reach reach);

/* NULL if the loader would take this file for the library, or what is wrong: "is no shared object". */
const char *reach_library_wrong(const char *path, const struct net *net);

#endif
