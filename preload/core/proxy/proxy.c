#include <ptunnel/proxy.h>
#include <ptunnel/base64.h>

#include <string.h>

enum { PORT_OF_HTTP = 80, PORT_OF_PROXIES = 3128 };

static const struct {
    const char *scheme, *wrong;
} other_schemes[] = {
    { "https",
      "a proxy spoken to over TLS (https://) is not supported; put stunnel or a like program in front of it "
      "and give its local address" },
    { "socks",
      "SOCKS proxies are not supported, only HTTP proxies with CONNECT; put an HTTP proxy in front of it, "
      "such as privoxy" },
    { "", "is not an http:// URL" },
};

static const char *refuse_scheme(const char *url)
{
    size_t i = 0;

    while (!text_begins(url, other_schemes[i].scheme))
        i++;
    return other_schemes[i].wrong;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decodes into out, of PROXY_USER_MAX + 1 bytes. */
static const char *decode(char *out, const char *text, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < size; i++) {
        int byte = (unsigned char)text[i];

        if (text[i] == '%') {
            int high = i + 2 < size ? hex_digit(text[i + 1]) : -1;
            int low = high < 0 ? -1 : hex_digit(text[i + 2]);

            if (low < 0)
                return "'%' in user name or password must be followed by two hexadecimal digits ('%' itself "
                       "is %25)";
            byte = high << 4 | low;
            i += 2;
        }
        if (used == PROXY_USER_MAX)
            return "user name or password is longer than 255 bytes";
        out[used++] = (char)byte;
        if (byte == 0)
            return "user name or password has a NUL byte";
    }
    out[used] = '\0';
    return NULL;
}

static const char *parse_userinfo(struct proxy *out, const char *userinfo, size_t size)
{
    char user[PROXY_USER_MAX + 1], password[PROXY_USER_MAX + 1];
    const char *colon = memchr(userinfo, ':', size);
    size_t user_size = colon ? (size_t)(colon - userinfo) : size;
    const char *wrong = decode(user, userinfo, user_size);

    if (!wrong)
        wrong = colon ? decode(password, colon + 1, size - user_size - 1) : decode(password, "", 0);
    if (!wrong)
        wrong = proxy_set_credentials(out, user, password);
    explicit_bzero(password, sizeof password);
    return wrong;
}

static const char *find_last(const char *text, size_t size, char byte)
{
    while (size-- > 0)
        if (text[size] == byte)
            return text + size;
    return NULL;
}

static const char *find_scheme_end(const char *url, size_t size)
{
    const char *colon = memchr(url, ':', size);

    if (colon && size - (size_t)(colon - url) >= 3 && memcmp(colon, "://", 3) == 0)
        return colon + 3;
    return NULL;
}

const char *proxy_parse(struct proxy *out, const char *url, size_t size)
{
    const char *rest = find_scheme_end(url, size);
    bool http = rest && rest - url == 7 && text_begins(url, "http");
    const char *end, *slash, *at, *wrong;

    *out = (struct proxy){ 0 };
    if (rest && !http)
        return refuse_scheme(url);
    if (!rest)
        rest = url;
    end = url + size;
    slash = memchr(rest, '/', (size_t)(end - rest));
    at = find_last(rest, (size_t)(end - rest), '@');
    if (at && slash && slash < at)
        return "a '/' in user name or password must be written as %2F";
    if (slash && slash + 1 != end)
        return "nothing may follow the port but one '/'";
    if (at) {
        wrong = parse_userinfo(out, rest, (size_t)(at - rest));
        if (wrong)
            return wrong;
        rest = at + 1;
    }
    if (slash)
        end = slash;
    return endpoint_parse(&out->at, rest, (size_t)(end - rest), http ? PORT_OF_HTTP : PORT_OF_PROXIES);
}

void proxy_print(struct text *out, const struct proxy *proxy, const char *userinfo)
{
    char authority[ENDPOINT_TEXT_SIZE];

    endpoint_print(&proxy->at, authority);
    text_print(out, "http://%s%s", userinfo, authority);
}

const char *proxy_set_credentials(struct proxy *proxy, const char *user, const char *password)
{
    char both[2 * PROXY_USER_MAX + 2];
    struct text pair = text_in(both, sizeof both);
    struct text fields = text_in(proxy->fields, sizeof proxy->fields);

    if (strchr(user, ':'))
        return "user name has a ':', which Basic authentication cannot carry";
    if (strlen(user) > PROXY_USER_MAX || strlen(password) > PROXY_USER_MAX)
        return "user name or password is longer than 255 bytes";
    text_print(&pair, "%s:%s", user, password);
    for (const char *c = both; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return "user name or password has a control character, which Basic authentication cannot carry";
    text_add(&fields, "Proxy-Authorization: Basic ");
    base64_add(&fields, both, text_size(&pair));
    text_add(&fields, "\r\n");
    explicit_bzero(both, sizeof both);
    proxy->has_credentials = true;
    return NULL;
}

void proxy_take_credentials(struct proxy *proxy, char *user, char *password)
{
    static const char start[] = "Proxy-Authorization: Basic "; /* see proxy_set_credentials() */
    char *text = proxy->fields + sizeof start - 1, *end = strstr(text, "\r\n"), *colon;
    char both[2 * PROXY_USER_MAX + 2];
    size_t rest;
    ssize_t size = base64_decode(both, sizeof both - 1, text, (size_t)(end - text));

    both[size] = '\0';
    colon = strchr(both, ':');
    *colon = '\0';
    strcpy(user, both);
    strcpy(password, colon + 1);
    explicit_bzero(both, sizeof both);
    rest = strlen(end + 2) + 1;
    memmove(proxy->fields, end + 2, rest);
    explicit_bzero(proxy->fields + rest, sizeof proxy->fields - rest);
    proxy->has_credentials = false;
}

static bool token_byte(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

const char *proxy_add_field(struct proxy *proxy, const char *field)
{
    size_t used = strlen(proxy->fields);
    struct text fields = text_in(proxy->fields + used, sizeof proxy->fields - used);
    size_t name = 0;

    while (token_byte(field[name]))
        name++;
    if (name == 0 || field[name] != ':')
        return "is not a header field: 'Name: value'";
    for (const char *c = field; *c; c++)
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
            return "has a control character";
    if (strlen(field) + 2 > sizeof proxy->fields - used - 1)
        return "makes the request to this proxy too long";
    text_print(&fields, "%s\r\n", field);
    return NULL;
}

void proxy_add_encoded(struct text *out, const char *userinfo)
{
    static const char hex[] = "0123456789ABCDEF";

    for (; *userinfo; userinfo++) {
        unsigned char byte = (unsigned char)*userinfo;
        char escaped[3] = { '%', hex[byte >> 4], hex[byte & 15] };
        bool plain = (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') ||
                     (byte && strchr("-._~", byte));

        text_add_bytes(out, plain ? userinfo : escaped, plain ? 1 : 3);
    }
}
