/* The rule file that --setup writes: for its owner alone, whole or not at all, and never in another's place. */
#ifndef PTUNNEL_RULE_FILE_H
#define PTUNNEL_RULE_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Where it is to be: `given` (NULL: $XDG_CONFIG_HOME/ptunnel/rules, ~/.config/ptunnel/rules), PATH_MAX bytes.
 * False, with words on standard error: nobody knows. */
bool rule_file_path(const char *given, char *out);

/* Another name that is free, for the file that is there: PATH.old, PATH.old.2, ... */
bool rule_file_old_path(const char *path, char *out);

/* Writes it with mode 600, making folders; one that is there gets the name `old` first (NULL: there must be
 * none). False, with words on standard error; then what was there is there still. */
bool rule_file_write(const char *path, const char *old, const char *text, size_t size);

#endif
