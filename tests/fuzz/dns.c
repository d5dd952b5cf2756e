/* DNS over UDP: the data is a message, and the answer is read back by a second reader. Over TCP: the same data,
 * cut into frames.
 *
 *   clang -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude tests/fuzz/dns.c CORE
 *
 * with the files of preload/core for CORE.
 *
 * What must hold: nothing behind the message is read and nothing behind DNS_ANSWER_SIZE is written; an answer
 * has the query's identifier and question, says that it is one, counts its records rightly and ends where the
 * last one does; what is read from a query is text. */
#include <ptunnel/dns.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool claim)
{
    if (!claim)
        abort();
}

/* Behind a name, which may end in a pointer. */
static size_t skip_name(const uint8_t *answer, size_t at, size_t size)
{
    for (;;) {
        require(at < size);
        if (answer[at] >= 0xc0)
            return at + 2;
        if (answer[at] == 0)
            return at + 1;
        at += 1u + answer[at];
    }
}

static unsigned number(const uint8_t *at)
{
    return (unsigned)(at[0] << 8 | at[1]);
}

static void check_answer(const struct dns_query *query, const uint8_t *message, const uint8_t *answer,
                         size_t size)
{
    unsigned questions = number(answer + 4), records = number(answer + 6) + number(answer + 10);
    size_t at = 12;

    require(size <= DNS_ANSWER_SIZE && size >= 12);
    require(memcmp(answer, message, 2) == 0 && answer[2] & 0x80);
    require(number(answer + 8) == 0 && questions <= 1 && records <= 2);
    require(query->size == 12 || memcmp(answer + 12, message + 12, query->size - 12) == 0);
    if (questions)
        at = skip_name(answer, at, size) + 4;
    require(at == query->size);
    for (unsigned i = 0; i < records; i++) {
        at = skip_name(answer, at, size) + 10;
        require(at <= size);
        at += number(answer + at - 2);
    }
    require(at == size);
}

static void check_text(const char *name)
{
    require(strlen(name) <= DNS_NAME_MOST);
    for (const char *c = name; *c; c++)
        require(*c > 0x20 && *c < 0x7f);
}

static void ask(const uint8_t *message, size_t size)
{
    static const struct in6_addr v4 = { .s6_addr = { [10] = 255, 255, 198, 18, 0, 7 } };
    struct dns_known known = { .v4 = &v4, .name = "host.example", .seconds = 60 };
    struct dns_query query;
    struct in6_addr address;
    uint8_t *copy = malloc(size ? size : 1), *answer = malloc(DNS_ANSWER_SIZE);
    enum dns_kind kind;

    memcpy(copy, message, size);
    kind = dns_read(&query, copy, size);
    if (kind != DNS_NOT_A_QUERY) {
        require(query.size <= size);
        check_text(query.name);
        check_answer(&query, copy, answer, dns_fail(&query, copy, query.wrong, answer));
    }
    if (kind == DNS_QUERY) {
        check_answer(&query, copy, answer, dns_answer(&query, copy, &known, answer));
        known.name = query.name; /* as it came, even if it could not be written */
        query.type = DNS_TYPE_PTR;
        check_answer(&query, copy, answer, dns_answer(&query, copy, &known, answer));
        dns_reverse(&query, &address);
    }
    free(answer);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ask(data, size);
    return 0;
}
