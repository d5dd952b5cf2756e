/* Text put together in a buffer of fixed size, without stdio: the library must not bring stdio's locks and
 * allocations into the program. What does not fit is cut; the text always ends in NUL. All of this is
 * async-signal-safe and leaves errno alone. */
#ifndef PTUNNEL_TEXT_H
#define PTUNNEL_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct text {
    char *start, *at, *end; /* end is where the NUL may stand at the latest */
    bool cut;               /* something did not fit */
};

struct text text_in(char *buffer, size_t size); /* empties the buffer, of `size` bytes, at least 1 */
void text_add(struct text *out, const char *words);
void text_add_bytes(struct text *out, const char *bytes, size_t size);
void text_add_number(struct text *out, unsigned long number);

/* As printf(3), for %s, %.*s (the size not negative), %u and %lu alone. */
__attribute__((format(printf, 2, 3))) void text_print(struct text *out, const char *format, ...);
__attribute__((format(printf, 2, 0))) void text_print_list(struct text *out, const char *format,
                                                           va_list *values);

/* Adds bytes that a peer or a user chose: those outside 0x20..0x7e as \xHH. Of more than `most` bytes the
 * first `most`, and "...". */
void text_add_foreign(struct text *out, const char *bytes, size_t size, size_t most);
size_t text_size(const struct text *out);

/* tolower(3) of the C locale, whatever the program's is. */
static inline unsigned char text_lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* Compare without regard to the case of ASCII letters. Not strcasecmp(3), which follows the locale: in a
 * Turkish one 'i' and 'I' are two letters. */
bool text_same(const char *a, const char *b);
/* `text` ends in NUL, or has as many bytes as `start` */
bool text_begins(const char *text, const char *start);

/* The decimal number that these bytes are, from least to most; -1 if they are anything else: a sign, blanks,
 * no digit. */
long text_to_number(const char *digits, size_t size, long least, long most);

#endif
