/* A folder of the test's own. */
#ifndef UNIT_FOLDER_H
#define UNIT_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

extern char folder[64]; /* its path, at most 60 bytes */

bool folder_make(void);
void folder_remove(void); /* with all that is in it */

/* The path of a file in it; static, four at a time. */
char *folder_path(const char *name);

/* Writes a file; both return its path. That of text has mode 0600. */
char *folder_file(const char *name, const void *bytes, size_t size, mode_t mode);
char *folder_text(const char *name, const char *text);

#endif
