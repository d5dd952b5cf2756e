/* What a dial says of itself. Each line is put together in a function of its own, called only if it will
 * be written: connect() is called by signal handlers on stacks of 8 KiB, so the line's buffer must not be
 * a part of the frames of dial_step(). */
#ifndef PTUNNEL_DIAL_WORDS_H
#define PTUNNEL_DIAL_WORDS_H

#include <ptunnel/dial.h>
#include <ptunnel/log.h>

static inline struct candidate *dial_candidate(const struct dial *dial)
{
    return &dial->route->candidates[dial->candidate];
}

/* Adds "example.org:22 via proxy:3128: ". */
void dial_start_line(const struct dial *dial, struct text *out);
void dial_note_line(const struct dial *dial, const char *what, const struct endpoint *where,
                    const struct reply *reply);
void dial_report_line(const struct dial *dial, enum log_level level);
void dial_say_fallback(const struct dial *dial);

/* The proxy refused a field as too large. Proxies take 8 KiB, or 16, of all fields together. */
static inline bool dial_field_too_long(const struct dial *dial)
{
    int status = dial->handshake.reply.status;

    return dial->legs.field_size > 8000 && (status == 400 || status == 431);
}

/* A line of LOG_HANDSHAKE: what is tried, what is answered. No secret is in it. */
static inline void dial_note(const struct dial *dial, const char *what, const struct endpoint *where,
                             const struct reply *reply)
{
    if (log_wants(LOG_HANDSHAKE))
        dial_note_line(dial, what, where, reply);
}

/* The line that says how the dial, or one of its candidates, ended. */
static inline void dial_report(const struct dial *dial, enum log_level level)
{
    if (log_wants(level))
        dial_report_line(dial, level);
}

#endif
