/* The calls that wait. Each says what came; if nothing did, whether in time. */
#ifndef READINESS_WAITS_H
#define READINESS_WAITS_H

#include "story.h"

extern const struct api apis[]; /* ends with one without a name */

/* What came goes to `out`; all return what the call did, with its errno. */
int wait_poll(struct story *story, int fd, int ms, char *out);
int wait_select(struct story *story, int fd, int ms, char *out);
int wait_set(struct story *story, int set, int ms, char *out);

#endif
