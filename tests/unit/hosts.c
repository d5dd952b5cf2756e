/* /etc/hosts: what it says of a name. */
#include "../../preload/core/names/hosts.c"
#include "support/folder.h"
#include "support/rows.h"

#include <stdio.h>
#include <stdlib.h>

static const struct net closes = { .close = close };

static const struct {
    const char *name, *file, *host;
    const char *addresses; /* a blank behind each */
} rows[] = {
    { "one line", "127.0.0.1 localhost\n", "localhost", "127.0.0.1 " },
    { "no such name", "127.0.0.1 localhost\n", "localhos", "" },
    { "nor a longer one", "127.0.0.1 localhost\n", "localhost4", "" },
    { "nor a part of one", "10.0.0.1 a.example.org\n", "example.org", "" },
    { "nor the beginning of one", "10.0.0.1 example.org.uk\n", "example.org", "" },
    { "nor with another byte behind", "10.0.0.1 a-b\n", "a", "" },
    { "an empty file", "", "a", "" },
    { "a file of one byte", "a", "a", "" },
    { "the file's last line has no end", "10.0.0.1 a", "a", "10.0.0.1 " },
    { "the file is cut off inside the name", "10.0.0.1 abc", "abcd", "" },
    { "an alias", "10.0.0.1 one two three\n", "two", "10.0.0.1 " },
    { "the last alias", "10.0.0.1 one two three\n10.0.0.2 four\n", "three", "10.0.0.1 " },
    { "capitals in the file", "10.0.0.1 One.Example.ORG\n", "one.example.org", "10.0.0.1 " },
    { "capitals in the question", "10.0.0.1 one.example.org\n", "ONE.example.Org", "10.0.0.1 " },
    { "no folding of other bytes", "10.0.0.1 a[b\n", "a{b", "" },
    { "tabs and many blanks", "10.0.0.1\t \t one  \t two \t\n", "two", "10.0.0.1 " },
    { "blanks in front", " \t10.0.0.1 one\n", "one", "10.0.0.1 " },
    { "CRLF", "10.0.0.1 one\r\n10.0.0.2 two\r\n", "one", "10.0.0.1 " },
    { "CRLF at the end of the file", "10.0.0.1 one\r", "one", "10.0.0.1 " },
    { "a comment", "#10.0.0.1 one\n10.0.0.2 one # 10.0.0.3 two\n", "one", "10.0.0.2 " },
    { "a name in a comment", "10.0.0.2 one # two\n", "two", "" },
    { "a comment at once behind the name", "10.0.0.2 one#two\n", "one", "10.0.0.2 " },
    { "a name at once behind a comment's mark", "10.0.0.2 one #two\n", "two", "" },
    { "a comment after blanks", "   # 10.0.0.2 one\n", "one", "" },
    { "an empty line, and a blank one", "\n \n10.0.0.1 one\n\n", "one", "10.0.0.1 " },
    { "a line with a name alone", "one\n10.0.0.1 two\n", "one", "" },
    { "an address alone", "10.0.0.1\n", "10.0.0.1", "" },
    { "an address that is none", "10.0.0.256 one\n10.0.0 one\n1 one\n", "one", "" },
    { "IPv6", "::1 localhost ip6-localhost\n", "ip6-localhost", "::1 " },
    { "IPv6 that is mapped", "::ffff:10.0.0.1 one\n", "one", "10.0.0.1 " },
    { "an address with a zone", "fe80::1%lo one\n", "one", "" },
    { "several lines, in their order", "10.0.0.2 one\n::2 two one\n10.0.0.1 one\n", "one", "10.0.0.2 ::2 10.0.0.1 " },
    { "each once", "10.0.0.2 one one\n10.0.0.2 one\n", "one", "10.0.0.2 " },
    { "no more than eight",
      "0.0.0.1 a\n0.0.0.2 a\n0.0.0.3 a\n0.0.0.4 a\n0.0.0.5 a\n0.0.0.6 a\n0.0.0.7 a\n0.0.0.8 a\n0.0.0.9 a\n", "a",
      "0.0.0.1 0.0.0.2 0.0.0.3 0.0.0.4 0.0.0.5 0.0.0.6 0.0.0.7 0.0.0.8 " },
    { "an empty name", "10.0.0.1 a\n", "", "" },
};

static void print(const struct addresses *found, char *out)
{
    char text[INET6_ADDRSTRLEN];

    *out = '\0';
    for (size_t i = 0; i < found->count; i++) {
        bool v4 = IN6_IS_ADDR_V4MAPPED(&found->at[i].address);

        inet_ntop(v4 ? AF_INET : AF_INET6, found->at[i].address.s6_addr + (v4 ? 12 : 0), text, sizeof text);
        out += sprintf(out, "%s ", text);
    }
}

/* What the name has in a file of these bytes, behind a line of so many. */
static void expect(const char *file, size_t filler, const char *host, const char *addresses)
{
    size_t size = strlen(file), front = filler ? filler + 1 : 0;
    char *bytes = malloc(front + size + 1), said[256];
    struct addresses found;

    memset(bytes, 'x', front);
    if (front)
        bytes[front - 1] = '\n';
    memcpy(bytes + front, file, size);
    assert_int_equal(hosts_find(&found, host, folder_file("hosts", bytes, front + size, 0644), &closes), *addresses != 0);
    free(bytes);
    print(&found, said);
    assert_string_equal(said, addresses);
}

static void what_the_file_says(void **state)
{
    const typeof(*rows) *row = *state;

    expect(row->file, 0, row->host, row->addresses);
}

/* The end of a piece falls on each byte of the line. */
static void wherever_a_piece_ends(void **state)
{
    (void)state;
    for (size_t filler = PIECE - 40; filler < PIECE + 4; filler++) {
        expect("10.0.0.1 one two # three\n", filler, "two", "10.0.0.1 ");
        expect("10.0.0.1 one two # three\n", filler, "three", "");
        expect("10.0.0.1 one two", filler, "two", "10.0.0.1 ");
        expect("10.0.0.1 one two\n10.0.0.2 two\n", 2 * filler, "two", "10.0.0.1 10.0.0.2 ");
    }
}

static void lines_longer_than_any_piece(void **state)
{
    static char line[4 * PIECE];

    (void)state;
    strcpy(line, "10.0.0.1");
    for (size_t i = strlen(line); i < sizeof line - 16; i += 4)
        memcpy(line + i, " abc", 4);
    strcpy(line + strlen(line), " last");
    expect(line, 0, "last", "10.0.0.1 ");
    expect(line, 3 * PIECE, "abc", "10.0.0.1 ");
    line[9] = '#';
    expect(line, 0, "last", "");
}

static void names_of_every_length(void **state)
{
    char line[300] = "10.0.0.1 ";

    (void)state;
    for (size_t size = 1; size <= ENDPOINT_HOST_MAX; size++) {
        line[8 + size] = (char)('a' + size % 26);
        line[9 + size] = '\0';
        expect(line, 0, line + 9, "10.0.0.1 ");
    }
    strcat(line, "a");
    expect(line, 0, line + 9, "");
}

static void what_is_no_file_is_not_read(void **state)
{
    struct addresses found = { .count = 1 };

    (void)state;
    mkfifo(folder_path("fifo"), 0600);
    assert_false(hosts_find(&found, "a", folder_path("fifo"), &closes));
    assert_false(hosts_find(&found, "a", folder_path("none"), &closes));
    assert_false(hosts_find(&found, "a", "/", &closes));
    assert_int_equal(found.count, 0);
}

static const struct {
    const char *name; /* the addresses */
    bool here;
    const char *v4, *v6;
} meanings[] = {
    { "127.0.0.1", true, "127.0.0.1", "127.0.0.1" },     { "127.9.9.9", true, "127.9.9.9", "127.9.9.9" },
    { "0.0.0.0", true, "0.0.0.0", "0.0.0.0" },           { "::1", true, "::1", "::1" },
    { "::", true, "::", "::" },                          { "10.0.0.1", false, "10.0.0.1", "10.0.0.1" },
    { "2001:db8::1", false, "2001:db8::1", "2001:db8::1" }, { "10.0.0.1 ::1", true, "10.0.0.1", "::1" },
    { "2001:db8::1 10.0.0.1", false, "10.0.0.1", "2001:db8::1" },
};

static void which_address_is_meant(void **state)
{
    const typeof(*meanings) *row = *state;
    char file[256] = "", words[64], host[ENDPOINT_TEXT_SIZE];
    struct addresses found;

    strcpy(words, row->name);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
        sprintf(file + strlen(file), "%s a\n", word);
    assert_true(hosts_find(&found, "a", folder_text("hosts", file), &closes));
    assert_int_equal(hosts_mean_this_machine(&found), row->here);
    for (int family = AF_INET; family; family = family == AF_INET ? AF_INET6 : 0) {
        struct endpoint target = { .port = 22, .host = "a" };

        hosts_take(&found, family, &target);
        assert_true(target.literal && target.port == 22);
        endpoint_print_host(&target, host);
        assert_string_equal(host, family == AF_INET ? row->v4 : row->v6);
    }
}

int main(void)
{
    int failed;

    if (!folder_make())
        return 1;
    ROWS(rows, what_the_file_says);
    ROWS(meanings, which_address_is_meant);
    STORY(wherever_a_piece_ends);
    STORY(lines_longer_than_any_piece);
    STORY(names_of_every_length);
    STORY(what_is_no_file_is_not_read);
    failed = rows_run("hosts");
    folder_remove();
    return failed;
}
