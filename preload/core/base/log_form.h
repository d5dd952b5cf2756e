/* How a line of the log looks.
 *
 *   as text     2026-12-01T08:15:30.042Z ptunnel: ssh[4711]: example.org:22 via proxy:3128: open
 *   as JSON     {"time":"2026-12-01T08:15:30.042Z","program":"ssh","pid":4711,"level":"connection","message":"..."} */
#ifndef PTUNNEL_LOG_FORM_H
#define PTUNNEL_LOG_FORM_H

#include <ptunnel/log.h>

/* What is added to the words; with the names of the program and the process that JSON always has. */
enum { LOG_FORM_MOST = 256 };

struct log_form {
    enum log_format format;
    bool timed;        /* of text: the time stands in front */
    bool name_program; /* of text: "ssh[4711]: " does */
};

/* The whole line without its end. out->cut if not all the words fit; an object is closed even then. */
void log_form_line(const struct log_form *form, enum log_level level, const struct text *words,
                   struct text *out);

#endif
