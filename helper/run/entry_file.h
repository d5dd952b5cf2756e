/* The file of a menu entry: found, read, and written again so that it starts through the proxy. */
#ifndef PTUNNEL_ENTRY_FILE_H
#define PTUNNEL_ENTRY_FILE_H

#include <stdbool.h>
#include <stdio.h>

/* The entry of a program: a path, or the name of an entry (with or without .desktop) or of the command that one starts, in
 * $XDG_DATA_HOME and $XDG_DATA_DIRS. Entries that we have made are none. False: there is none. PATH_MAX bytes. */
bool entry_file_find(const char *program, char *path);

/* $XDG_DATA_HOME or ~/.local/share, /applications/ptunnel-ID.desktop; PATH_MAX bytes. False: nobody knows where. */
bool entry_file_place(const char *id, char *path);

bool entry_file_is_ours(const char *path);

/* Copies the entry to `out`: each Exec= with `prefix` in front, the name with " (proxy)" behind it in every language, and
 * marked as ours. NULL, or what is wrong with it. */
const char *entry_file_copy(const char *path, const char *prefix, FILE *out);

/* A word of Exec=, quoted as the specification wants it, twice: for a string, and for a command line. False: it cannot be one
 * (a line end). */
bool entry_file_quote(const char *word, FILE *out);

#endif
