/* Text put together in a buffer of fixed size, without stdio: the library must not drag stdio's locks and
 * allocations into somebody else's process. What does not fit is cut; the text always ends in NUL. */
#ifndef PTUNNEL_TEXT_H
#define PTUNNEL_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct text {
    char *start, *at, *end; /* end is where the NUL may stand at the latest */
    bool cut;               /* something did not fit */
};

struct text text_in(char *buffer, size_t size); /* size >= 1 */
void text_add(struct text *out, const char *words);
void text_add_bytes(struct text *out, const char *bytes, size_t size);
void text_add_number(struct text *out, unsigned long number);

/* As printf(3), for %s, %.*s (the size not negative), %u and %lu alone. */
__attribute__((format(printf, 2, 3))) void text_print(struct text *out, const char *format, ...);
__attribute__((format(printf, 2, 0))) void text_print_list(struct text *out, const char *format,
                                                           va_list *values);

/* A peer's words are data: bytes outside 0x20..0x7e are written as \xHH, and at
 * most `most` bytes are taken. */
void text_add_foreign(struct text *out, const char *bytes, size_t size, size_t most);
size_t text_size(const struct text *out);

/* As tolower(3) in the C locale; in a Turkish one that has another idea of I. */
static inline unsigned char text_lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* Without regard to case, ASCII's and nobody else's: in a Turkish locale
 * strcasecmp(3) has another idea of I. */
bool text_same(const char *a, const char *b);
bool text_begins(const char *text, const char *start); /* text has at least as many bytes, or ends in NUL */

/* A whole decimal number from least to most, or -1: no sign, no blanks, nothing behind it. */
long text_to_number(const char *digits, size_t size, long least, long most);

#endif
