/* Files that ptunnel-run writes for the user: for their owner alone, whole or not at all, and never in another's place. */
#ifndef PTUNNEL_USER_FILE_H
#define PTUNNEL_USER_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Makes the folders of a file's path, mode 700; what cannot be made is told when the file is. */
void user_file_make_folders(const char *path);

/* Writes it with mode 600, making folders; one that is there gets the name `old` first (NULL: there must be
 * none; `path` itself: it is given up). False, with words on standard error; then what was there is there still. */
bool user_file_write(const char *path, const char *old, const char *text, size_t size);

#endif
