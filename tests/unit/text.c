/* Text in a buffer of fixed size: what fits, what is cut, what is escaped, and what counts as a number. */
#include "support/rows.h"
#include "support/wall.h"

#include <ptunnel/text.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* "abc" and "def" are added to a buffer of so many bytes. */
static const struct {
    const char *name;
    size_t room;
    const char *text;
    bool cut;
} additions[] = {
    { "nothing fits", 1, "", true },
    { "one byte fits", 2, "a", true },
    { "the first word fits", 4, "abc", true },
    { "all but one byte fits", 6, "abcde", true },
    { "all fits exactly", 7, "abcdef", false },
    { "there is room left", 100, "abcdef", false },
};

static void adding(void **state)
{
    const typeof(*additions) *row = *state;
    char *buffer = against_wall(0, "", 0) - row->room;
    struct text text = text_in(buffer, row->room);

    text_add(&text, "abc");
    text_add(&text, "def");
    assert_string_equal(buffer, row->text);
    assert_int_equal(text_size(&text), strlen(row->text));
    assert_int_equal(text.cut, row->cut);
}

/* What text_print() is given, and what snprintf(3) makes of it. */
static void printing(void **state)
{
    char ours[64], libcs[64];
    struct text text = text_in(ours, sizeof ours);

    (void)state;
#define SAME(...)                                       \
    text = text_in(ours, sizeof ours);                  \
    text_print(&text, __VA_ARGS__);                     \
    snprintf(libcs, sizeof libcs, __VA_ARGS__);         \
    assert_string_equal(ours, libcs)
    SAME("plain");
    SAME("%s", "");
    SAME("%s:%u", "host", 65535u);
    SAME("[%s]%lu and %u", "a", ULONG_MAX, 0u);
    SAME("%.*s|%.*s|%.*s", 3, "abcdef", 9, "abc", 0, "abc");
    SAME("%s%.*s%lu", "%u", 2, "%s", 7ul);
#undef SAME
    text = text_in(ours, 6);
    text_print(&text, "%s-%s", "abc", "def");
    assert_string_equal(ours, "abc-d");
    assert_true(text.cut);
}

static void new_text_is_empty(void **state)
{
    char buffer[4] = "xyz";
    struct text text = text_in(buffer, sizeof buffer);

    (void)state;
    assert_string_equal(buffer, "");
    assert_int_equal(text_size(&text), 0);
    assert_false(text.cut);
}

static const struct {
    const char *name;
    unsigned long number;
    const char *text;
} printed[] = {
    { "zero", 0, "0" },
    { "one digit", 9, "9" },
    { "two digits", 10, "10" },
    { "a port", 65535, "65535" },
    { "the largest", ULONG_MAX, "18446744073709551615" },
};

static void printing_a_number(void **state)
{
    const typeof(*printed) *row = *state;
    char buffer[32];
    struct text text = text_in(buffer, sizeof buffer);

    text_add_number(&text, row->number);
    assert_string_equal(buffer, row->text);
}

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
    const char *name, *bytes;
    size_t size, most;
    const char *text;
} foreign[] = {
    { "plain words", BYTES("Forbidden here"), 64, "Forbidden here" },
    { "nothing", BYTES(""), 64, "" },
    { "the ends of what is plain", BYTES(" ~"), 64, " ~" },
    { "a terminal's escape", BYTES("\033[2Jx"), 64, "\\x1b[2Jx" },
    { "CR and LF", BYTES("a\r\nb"), 64, "a\\x0d\\x0ab" },
    { "a NUL in the middle", BYTES("a\0b"), 64, "a\\x00b" },
    { "DEL and UTF-8", BYTES("\177\303\274\377"), 64, "\\x7f\\xc3\\xbc\\xff" },
    { "just as many as are taken", BYTES("abcd"), 4, "abcd" },
    { "one more than is taken", BYTES("abcde"), 4, "abcd..." },
    { "none is taken", BYTES("a"), 0, "..." },
};

static void foreign_words(void **state)
{
    const typeof(*foreign) *row = *state;
    char buffer[128];
    struct text text = text_in(buffer, sizeof buffer);

    text_add_foreign(&text, against_wall(0, row->bytes, row->size), row->size, row->most);
    assert_string_equal(buffer, row->text);
    assert_false(text.cut);
}

static const struct {
    const char *name, *digits;
    size_t size;
    long least, most, number;
} numbers[] = {
    { "the least port", BYTES("1"), 1, 65535, 1 },
    { "the last port", BYTES("65535"), 1, 65535, 65535 },
    { "leading zeros", BYTES("00080"), 1, 65535, 80 },
    { "zero where it is allowed", BYTES("0"), 0, 9, 0 },
    { "ten digits", BYTES("9999999999"), 0, 9999999999, 9999999999 },
    { "below the least", BYTES("0"), 1, 65535, -1 },
    { "above the most", BYTES("65536"), 1, 65535, -1 },
    { "eleven digits", BYTES("00000000001"), 0, 9999999999, -1 },
    { "what would wrap to 80", BYTES("18446744073709551696"), 1, 65535, -1 },
    { "nothing", BYTES(""), 0, 9, -1 },
    { "a plus sign", BYTES("+80"), 1, 65535, -1 },
    { "a minus sign", BYTES("-1"), -5, 65535, -1 },
    { "a blank in front", BYTES(" 80"), 1, 65535, -1 },
    { "a blank behind", BYTES("80 "), 1, 65535, -1 },
    { "a line end behind", BYTES("80\n"), 1, 65535, -1 },
    { "hexadecimal", BYTES("0x50"), 1, 65535, -1 },
    { "a NUL inside",
      BYTES("8\0"
            "0"),
      1, 65535, -1 },
    { "the bytes next to the digits", BYTES("/:"), 0, 65535, -1 },
};

static void reading_a_number(void **state)
{
    const typeof(*numbers) *row = *state;

    assert_true(text_to_number(against_wall(0, row->digits, row->size), row->size, row->least, row->most) ==
                row->number);
}

int main(void)
{
    ROWS(additions, adding);
    STORY(new_text_is_empty);
    STORY(printing);
    ROWS(printed, printing_a_number);
    ROWS(foreign, foreign_words);
    ROWS(numbers, reading_a_number);
    return rows_run("text");
}
