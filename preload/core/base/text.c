#include <ptunnel/text.h>

#include <stdarg.h>
#include <string.h>

struct text text_in(char *buffer, size_t size)
{
    buffer[0] = '\0';
    return (struct text){ .start = buffer, .at = buffer, .end = buffer + size - 1 };
}

void text_add_bytes(struct text *out, const char *bytes, size_t size)
{
    size_t room = (size_t)(out->end - out->at);

    if (size > room) {
        size = room;
        out->cut = true;
    }
    memcpy(out->at, bytes, size);
    out->at += size;
    *out->at = '\0';
}

void text_add(struct text *out, const char *words)
{
    text_add_bytes(out, words, strlen(words));
}

void text_add_number(struct text *out, unsigned long number)
{
    char digits[24];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    text_add_bytes(out, digits + at, sizeof digits - at);
}

/* One conversion. Returns what stands behind it. */
static const char *print_value(struct text *out, const char *at, va_list *values)
{
    const char *bytes;
    size_t most;

    switch (at[1]) {
    case 's':
        text_add(out, va_arg(*values, const char *));
        return at + 2;
    case 'u':
        text_add_number(out, va_arg(*values, unsigned));
        return at + 2;
    case 'l': /* %lu */
        text_add_number(out, va_arg(*values, unsigned long));
        return at + 3;
    default: /* %.*s */
        most = (size_t)va_arg(*values, int);
        bytes = va_arg(*values, const char *);
        text_add_bytes(out, bytes, strnlen(bytes, most));
        return at + 4;
    }
}

void text_print_list(struct text *out, const char *format, va_list *values)
{
    for (size_t plain = strcspn(format, "%"); format[plain]; plain = strcspn(format, "%")) {
        text_add_bytes(out, format, plain);
        format = print_value(out, format + plain, values);
    }
    text_add(out, format);
}

void text_print(struct text *out, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    text_print_list(out, format, &values);
    va_end(values);
}

void text_add_foreign(struct text *out, const char *bytes, size_t size, size_t most)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < size && i < most; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        char escaped[4] = { '\\', 'x', hex[byte >> 4], hex[byte & 15] };

        if (byte >= 0x20 && byte <= 0x7e)
            text_add_bytes(out, bytes + i, 1);
        else
            text_add_bytes(out, escaped, sizeof escaped);
    }
    if (size > most)
        text_add(out, "...");
}

size_t text_size(const struct text *out)
{
    return (size_t)(out->at - out->start);
}

long text_to_number(const char *digits, size_t size, long least, long most)
{
    long number = 0;

    if (size == 0 || size > 10)
        return -1;
    for (size_t i = 0; i < size; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return -1;
        number = number * 10 + (digits[i] - '0');
    }
    return number >= least && number <= most ? number : -1;
}

bool text_begins(const char *text, const char *start)
{
    while (*start && text_lower(*text) == text_lower(*start)) {
        text++;
        start++;
    }
    return !*start;
}

bool text_same(const char *a, const char *b)
{
    return text_begins(a, b) && strlen(a) == strlen(b);
}
