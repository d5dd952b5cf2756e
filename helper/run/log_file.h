/* Where the command's log is written, as its environment says it. */
#ifndef PTUNNEL_LOG_FILE_H
#define PTUNNEL_LOG_FILE_H

#include "../common/shared_options.h"

/* Opens nothing, but tries whether the log can be written; a log that has grown over 1 MiB is moved to NAME.1 first, in place
 * of an older one. The absolute path of --log, or of PTUNNEL_LOG; NULL if there is none. False, with words on standard error,
 * if it cannot be written. `variable`: what the user's PTUNNEL_LOG says, or NULL. */
bool log_file_find(const struct shared_options *options, const char *variable, const char **path);

#endif
