/* Proxy URLs, and the request that is made of them. The data is the URL; what stands behind its first LF is
 * added as a header field.
 *
 *   clang -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude tests/fuzz/proxy.c CORE
 *
 * with the files of preload/core for CORE.
 *
 * What must hold: the result is a proxy or a phrase of one line; a proxy's address prints as text that parses
 * to the same address; a request is made of as many lines as it has fields, and nothing can add one. */
#include <ptunnel/handshake.h>
#include <ptunnel/proxy.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool claim)
{
    if (!claim)
        abort();
}

static void check_phrase(const char *wrong)
{
    require(wrong[0] != '\0');
    for (const char *c = wrong; *c; c++)
        require(*c >= 0x20 && *c <= 0x7e);
}

static void check_endpoint(const struct endpoint *at)
{
    char printed[ENDPOINT_TEXT_SIZE];
    struct endpoint again;

    require(at->port != 0);
    endpoint_print(at, printed);
    require(endpoint_parse(&again, printed, strlen(printed), 0) == NULL);
    require(endpoint_equal(at, &again) && at->literal == again.literal);
}

/* CRLF ends each line; no other CR, LF or NUL is in it; the last one is empty. Returns how many there are. */
static size_t lines_of(const char *request, size_t size)
{
    size_t lines = 0;

    require(size > 4 && strlen(request) == size && memcmp(request + size - 4, "\r\n\r\n", 4) == 0);
    for (size_t i = 0; i < size; i++) {
        require((request[i] == '\n') == (i > 0 && request[i - 1] == '\r'));
        require(request[i] != '\r' || request[i + 1] == '\n');
        lines += request[i] == '\n';
    }
    return lines;
}

static void check_request(const struct proxy *proxy, const struct endpoint *target, size_t fields)
{
    char request[HANDSHAKE_REQUEST_SIZE], authority[ENDPOINT_TEXT_SIZE];
    size_t size;

    endpoint_print(target, authority);
    size = handshake_request(request, authority, proxy);
    require(size < sizeof request - 1);
    require(memcmp(request, "CONNECT ", 8) == 0 &&
            strncmp(strchr(request + 8, ' '), " HTTP/1.1\r\n", 11) == 0);
    require(lines_of(request, size) == 3 + fields);
}

static void check_field(struct proxy *proxy, const uint8_t *data, size_t size)
{
    char *field = malloc(size + 1);
    const char *wrong;

    memcpy(field, data, size);
    field[size] = '\0';
    wrong = proxy_add_field(proxy, field);
    if (wrong)
        check_phrase(wrong);
    free(field);
    check_request(proxy, &proxy->at, (size_t)proxy->has_credentials + !wrong);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line_end = size ? memchr(data, '\n', size) : NULL;
    size_t url_size = line_end ? (size_t)(line_end - data) : size;
    char *url = malloc(url_size ? url_size : 1);
    struct proxy proxy;
    const char *wrong;

    memcpy(url, data, url_size);
    wrong = proxy_parse(&proxy, url, url_size);
    free(url);
    if (wrong) {
        check_phrase(wrong);
        return 0;
    }
    check_endpoint(&proxy.at);
    check_request(&proxy, &proxy.at, proxy.has_credentials);
    if (line_end)
        check_field(&proxy, line_end + 1, size - url_size - 1);
    return 0;
}
