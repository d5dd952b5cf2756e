/* Which rule text is read. */
#ifndef PTUNNEL_FILES_H
#define PTUNNEL_FILES_H

#include "parser.h"

/* PTUNNEL_CONFIG, the file that is asked for, or the first that is found. */
void files_read(struct parser *parser, const struct config_options *options);

#endif
