#include "log_form.h"

#include <ptunnel/clock.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void add_digits(struct text *out, unsigned value, int digits)
{
    char number[10];

    for (int i = digits; i-- > 0; value /= 10)
        number[i] = (char)('0' + value % 10);
    text_add_bytes(out, number, (size_t)digits);
}

/* The date of a day after 1970-01-01, by the Gregorian calendar. The year is counted from March, so that a leap day is
 * its last one, and in eras of 400 years, which have all the same number of days. */
static void add_date(struct text *out, unsigned days)
{
    unsigned shifted = days + 719468; /* since 0000-03-01 */
    unsigned era = shifted / 146097, day = shifted % 146097;
    unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    unsigned month;

    day -= 365 * year + year / 4 - year / 100;
    month = (5 * day + 2) / 153; /* 0 is March */
    add_digits(out, era * 400 + year + (month >= 10), 4);
    text_add(out, "-");
    add_digits(out, month < 10 ? month + 3 : month - 9, 2);
    text_add(out, "-");
    add_digits(out, day - (153 * month + 2) / 5 + 1, 2);
}

/* UTC, as RFC 3339 writes it. Not by localtime(3) or gmtime(3): they take a lock, which the program may hold where a signal
 * has interrupted it. */
static void add_time(struct text *out)
{
    int64_t now = clock_now(CLOCK_REALTIME) / 1000000;
    unsigned days = (unsigned)(now / 86400000), rest = (unsigned)(now % 86400000);

    add_date(out, days);
    text_add(out, "T");
    add_digits(out, rest / 3600000, 2);
    text_add(out, ":");
    add_digits(out, rest / 60000 % 60, 2);
    text_add(out, ":");
    add_digits(out, rest / 1000 % 60, 2);
    text_add(out, ".");
    add_digits(out, rest % 1000, 3);
    text_add(out, "Z");
}

static void add_program(struct text *out)
{
    text_add_foreign(out, program_invocation_short_name, strlen(program_invocation_short_name), 40);
}

static void text_line(const struct log_form *form, const struct text *words, struct text *out)
{
    if (form->timed) {
        add_time(out);
        text_add(out, " ");
    }
    text_add(out, "ptunnel: ");
    if (form->name_program) {
        add_program(out);
        text_print(out, "[%u]: ", (unsigned)getpid());
    }
    text_add_bytes(out, words->start, text_size(words));
}

/* RFC 8259, section 7. The log's own words are ASCII, and bytes from elsewhere are escaped in them; a byte that is neither
 * is shown as U+FFFD. What does not fit whole is left out, so that the string can always be closed. */
static void add_string(struct text *out, const struct text *words, size_t kept)
{
    for (const char *at = words->start; at < words->at; at++) {
        char buffer[8];
        struct text one = text_in(buffer, sizeof buffer);

        if (*at == '"' || *at == '\\')
            text_add(&one, "\\");
        if (*at >= ' ' && *at <= '~')
            text_add_bytes(&one, at, 1);
        else
            text_add(&one, "\\ufffd");
        if ((size_t)(out->end - out->at) < text_size(&one) + kept) {
            out->cut = true;
            return;
        }
        text_add(out, buffer);
    }
}

static void json_line(enum log_level level, const struct text *words, struct text *out)
{
    static const char *const levels[] = { "failure", "connection", "handshake", "detail" };
    static const char end[] = "\"}";
    char buffer[41];
    struct text name = text_in(buffer, sizeof buffer);

    add_program(&name);
    text_add(out, "{\"time\":\"");
    add_time(out);
    text_add(out, "\",\"program\":\"");
    add_string(out, &name, 0);
    text_print(out, "\",\"pid\":%u,\"level\":\"%s\",\"message\":\"", (unsigned)getpid(), levels[level]);
    add_string(out, words, sizeof end);
    text_add(out, end);
}

void log_form_line(const struct log_form *form, enum log_level level, const struct text *words,
                   struct text *out)
{
    if (form->format == LOG_JSON)
        json_line(level, words, out);
    else
        text_line(form, words, out);
}
