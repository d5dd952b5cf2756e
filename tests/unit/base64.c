/* Base64: the vectors of RFC 4648 10, and what is refused. */
#include "support/rows.h"
#include "support/wall.h"

#include <ptunnel/base64.h>

#include <string.h>

static const struct {
    const char *name, *bytes, *text;
} pairs[] = {
    { "nothing", "", "" },           { "one byte", "f", "Zg==" },        { "two", "fo", "Zm8=" },
    { "three", "foo", "Zm9v" },      { "four", "foob", "Zm9vYg==" },     { "five", "fooba", "Zm9vYmE=" },
    { "six", "foobar", "Zm9vYmFy" }, { "all ones", "\xff\xff", "//8=" }, { "both signs", "\xfb\xef\xbe", "++++" },
};

static void encodes_and_decodes(void **state)
{
    const typeof(*pairs) *row = *state;
    char text[32], bytes[32];
    struct text out = text_in(text, sizeof text);
    size_t size = strlen(row->text);

    base64_add(&out, row->bytes, strlen(row->bytes));
    assert_string_equal(text, row->text);
    assert_int_equal(base64_decode(bytes, sizeof bytes, against_wall(0, row->text, size), size), strlen(row->bytes));
    assert_memory_equal(bytes, row->bytes, strlen(row->bytes));
}

static const struct {
    const char *name, *text;
} wrong[] = {
    { "three letters", "Zm9" },         { "a blank", "Zm 9" },          { "padding first", "=m9v" },
    { "padding within", "Zg==Zm9v" },   { "too much padding", "Z===" }, { "padding alone", "====" },
    { "bits behind one byte", "Zh==" }, { "bits behind two", "Zm9=" },  { "of the other alphabet", "__--" },
    { "a byte of 8 bits", "Zm9\xff" },
};

static void is_refused(void **state)
{
    const typeof(*wrong) *row = *state;
    char bytes[32];

    assert_int_equal(base64_decode(bytes, sizeof bytes, row->text, strlen(row->text)), -1);
}

static void needs_its_room(void **state)
{
    char bytes[6];

    (void)state;
    assert_int_equal(base64_decode(bytes, 6, "Zm9vYmFy", 8), 6);
    assert_int_equal(base64_decode(bytes, 5, "Zm9vYmFy", 8), -1);
    assert_int_equal(base64_decode(bytes, 0, "Zg==", 4), -1);
}

static void decodes_in_place(void **state)
{
    char text[] = "Zm9vYmFy";

    (void)state;
    assert_int_equal(base64_decode(text, sizeof text, text, 8), 6);
    assert_memory_equal(text, "foobar", 6);
}

int main(void)
{
    ROWS(pairs, encodes_and_decodes);
    ROWS(wrong, is_refused);
    STORY(needs_its_room);
    STORY(decodes_in_place);
    return rows_run("base64");
}
