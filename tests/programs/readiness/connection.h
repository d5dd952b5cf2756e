/* Steps that connect, ask about the connection, or wait for what the kernel has of it. */
#ifndef READINESS_CONNECTION_H
#define READINESS_CONNECTION_H

#include "story.h"

/* The target may answer. */
void do_open(struct story *story, const char *arguments);

#endif
