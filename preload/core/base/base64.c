#include <ptunnel/base64.h>

#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(struct text *out, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < size; i += 3) {
        size_t have = size - i < 3 ? size - i : 3;
        unsigned long group = (unsigned long)at[i] << 16;
        char four[4] = "====";

        if (have > 1)
            group |= (unsigned long)at[i + 1] << 8;
        if (have > 2)
            group |= at[i + 2];
        for (size_t k = 0; k <= have; k++)
            four[k] = letters[group >> (18 - 6 * k) & 63];
        text_add_bytes(out, four, sizeof four);
    }
}

static int value_of(char c)
{
    const char *letter = c ? strchr(letters, c) : NULL;

    return letter ? (int)(letter - letters) : -1;
}

/* Four letters to at most three bytes; how many, or -1. Bits that stand for nothing have to be 0. */
static int decode_four(unsigned char *out, const char *four, bool last)
{
    size_t letters_used = 4;
    unsigned long group = 0;

    while (last && letters_used > 2 && four[letters_used - 1] == '=')
        letters_used--;
    for (size_t k = 0; k < 4; k++) {
        int value = k < letters_used ? value_of(four[k]) : 0;

        if (value < 0)
            return -1;
        group = group << 6 | (unsigned long)value;
    }
    for (size_t k = 0; k < 3; k++)
        out[k] = (unsigned char)(group >> (16 - 8 * k));
    if (group & ((1ul << (8 * (4 - letters_used))) - 1))
        return -1;
    return (int)letters_used - 1;
}

ssize_t base64_decode(void *out, size_t room, const char *text, size_t size)
{
    unsigned char three[3];
    size_t used = 0;

    if (size % 4 != 0)
        return -1;
    for (size_t i = 0; i < size; i += 4) {
        int have = decode_four(three, text + i, i + 4 == size);

        if (have < 0 || (size_t)have > room - used)
            return -1;
        memcpy((char *)out + used, three, (size_t)have);
        used += (size_t)have;
    }
    return (ssize_t)used;
}
