/* The place of the rule file that --setup writes. */
#ifndef PTUNNEL_RULE_FILE_H
#define PTUNNEL_RULE_FILE_H

#include <stdbool.h>

/* Where it is to be: `given` (NULL: $XDG_CONFIG_HOME/ptunnel/rules, ~/.config/ptunnel/rules), PATH_MAX bytes.
 * False, with words on standard error: nobody knows. */
bool rule_file_path(const char *given, char *out);

/* Another name that is free, for the file that is there: PATH.old, PATH.old.2, ... */
bool rule_file_old_path(const char *path, char *out);

#endif
