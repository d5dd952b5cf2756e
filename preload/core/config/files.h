/* Which rule files are read. */
#ifndef PTUNNEL_FILES_H
#define PTUNNEL_FILES_H

#include "parser.h"

/* Reads PTUNNEL_CONFIG; else the file of -r or PTUNNEL_RULES; else the first that is found. */
void files_read(struct parser *parser, const struct config_options *options);

#endif
