/* What ptunnel's operands say. */
#include "../../helper/listener/specification.c"
#include "support/rows.h"

static const struct {
    const char *name; /* the operand */
    enum listen_kind kind;
    const char *where;
    int port;
    const char *target;
} good[] = {
    { "9993:imap.example.org:993", LISTEN_DEFAULT, "", 9993, "imap.example.org:993" },
    { "0:a:1", LISTEN_DEFAULT, "", 0, "a:1" },
    { "65535:a:65535", LISTEN_DEFAULT, "", 65535, "a:65535" },
    { "1:10.0.0.1:2", LISTEN_DEFAULT, "", 1, "10.0.0.1:2" },
    { "1:[2001:db8::1]:2", LISTEN_DEFAULT, "", 1, "[2001:db8::1]:2" },
    { "127.0.0.2:1:a:2", LISTEN_HOST, "127.0.0.2", 1, "a:2" },
    { "[::1]:1:a:2", LISTEN_HOST, "::1", 1, "a:2" },
    { "[::1]:1:[::2]:2", LISTEN_HOST, "::1", 1, "[::2]:2" },
    { "::1:1:a:2", LISTEN_HOST, "::1", 1, "a:2" },
    { "localhost:1:a:2", LISTEN_HOST, "localhost", 1, "a:2" },
    { "*:1:a:2", LISTEN_ALL, "", 1, "a:2" },
    { ":1:a:2", LISTEN_ALL, "", 1, "a:2" },
    { "/run/a.sock:a:2", LISTEN_PATH, "/run/a.sock", 0, "a:2" },
    { "/run/a:b.sock:[::1]:2", LISTEN_PATH, "/run/a:b.sock", 0, "[::1]:2" },
    { "/:a:2", LISTEN_PATH, "/", 0, "a:2" },
};

static void a_good_operand_is_taken_apart(void **state)
{
    const typeof(*good) *row = *state;
    char target[ENDPOINT_TEXT_SIZE];
    struct specification got = { 0 };

    assert_null(specification_parse(&got, row->name));
    assert_int_equal(got.kind, row->kind);
    if (row->kind == LISTEN_PATH)
        assert_string_equal(got.path, row->where);
    else
        assert_int_equal(got.port, row->port);
    if (row->kind == LISTEN_HOST)
        assert_string_equal(got.host, row->where);
    endpoint_print(&got.target, target);
    assert_string_equal(target, row->target);
}

static const struct {
    const char *name;
    const char *wrong; /* how it begins */
} bad[] = {
    { "", "expected [ADDRESS:]PORT:HOST:PORT" },
    { "1", "expected [ADDRESS:]PORT:HOST:PORT" },
    { "a:1", "expected [ADDRESS:]PORT:HOST:PORT" },
    { "[::1]:1", "expected [ADDRESS:]PORT:HOST:PORT" },
    { "1::2", "host is missing" },
    { "1:a:", "port is missing" },
    { "1:a:0", "port is not between 1 and 65535" },
    { "1:a:65536", "port is not between 1 and 65535" },
    { "1:a b:2", "host has a character that no host name has" },
    { "1:[a]:2", "there is no IPv6 address between" },
    { "65536:a:1", "the port to listen on is not between" },
    { "x:a:1", "the port to listen on is not between" },
    { "-1:a:1", "the port to listen on is not between" },
    { ":a:1", "the port to listen on is not between" },
    { "::a:1", "the port to listen on is not between" },
    { "a b:1:a:1", "expected an address to listen on" },
    { "[::g]:1:a:1", "expected an address to listen on" },
};

static void a_bad_operand_is_refused_for_its_reason(void **state)
{
    const typeof(*bad) *row = *state;
    struct specification got;
    const char *wrong = specification_parse(&got, row->name);

    assert_non_null(wrong);
    assert_memory_equal(wrong, row->wrong, strlen(row->wrong));
}

static void a_path_has_107_bytes_at_most(void **state)
{
    char operand[128] = "/";
    struct specification got;

    (void)state;
    memset(operand + 1, 'a', 106);
    strcpy(operand + 107, ":a:1");
    assert_null(specification_parse(&got, operand));
    assert_int_equal(strlen(got.path), 107);
    strcpy(operand + 107, "a:a:1");
    assert_string_equal(specification_parse(&got, operand), "the path is longer than 107 bytes");
}

int main(void)
{
    ROWS(good, a_good_operand_is_taken_apart);
    ROWS(bad, a_bad_operand_is_refused_for_its_reason);
    STORY(a_path_has_107_bytes_at_most);
    return rows_run("specification");
}
