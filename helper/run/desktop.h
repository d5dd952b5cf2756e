/* What the desktop says of a proxy: GNOME by gsettings(1), KDE by its file kioslaverc. */
#ifndef PTUNNEL_DESKTOP_H
#define PTUNNEL_DESKTOP_H

#include <stdbool.h>

enum { DESKTOP_VALUE_SIZE = 1024 };

struct desktop {
    bool is_manual, is_script;       /* a proxy is named; a PAC script is */
    char https[DESKTOP_VALUE_SIZE];  /* "HOST:PORT" or a URL; "": none */
    char http[DESKTOP_VALUE_SIZE];   /* the same */
    char script[DESKTOP_VALUE_SIZE]; /* the script's URL; "": the network is asked for it (WPAD) */
};

/* Runs `gsettings`, of the absolute directories of $PATH, for two seconds at most. */
void desktop_gnome(struct desktop *out);

/* `path` is that of kioslaverc. */
void desktop_kde(struct desktop *out, const char *path);

#endif
