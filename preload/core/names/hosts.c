#include <ptunnel/hosts.h>
#include <ptunnel/text.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 2048, LINE_PIECE = 256 };

/* A file of five megabytes (lists of advertisers) is looked through in a few milliseconds: by Horspool's method, which
 * goes on by as many bytes as the one under the name's end allows. */
struct search {
    int fd;
    const char *name;
    size_t size;
    uint8_t skip[256]; /* 0: the byte is the name's last one */
    struct addresses *out;
};

static void prepare(struct search *search)
{
    memset(search->skip, (int)search->size, sizeof search->skip);
    for (size_t i = 0; i < search->size; i++) {
        unsigned char lower = text_lower(search->name[i]);

        search->skip[lower] = (uint8_t)(search->size - 1 - i);
        if (lower >= 'a' && lower <= 'z')
            search->skip[lower - 'a' + 'A'] = search->skip[lower];
    }
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_name(const struct search *search, const char *at)
{
    for (size_t i = 0; i < search->size; i++)
        if (text_lower(at[i]) != text_lower(search->name[i]))
            return false;
    return true;
}

/* Where the line begins that has this byte; -1: in front of the byte is a comment, or the file was cut off. */
static off_t line_start(const struct search *search, off_t at)
{
    char bytes[LINE_PIECE];

    while (at > 0) {
        size_t size = at < LINE_PIECE ? (size_t)at : LINE_PIECE;

        if (pread(search->fd, bytes, size, at - (off_t)size) != (ssize_t)size)
            return -1;
        for (; size > 0; size--, at--) {
            if (bytes[size - 1] == '\n')
                return at;
            if (bytes[size - 1] == '#')
                return -1;
        }
    }
    return 0;
}

static bool parse_address(const char *text, struct in6_addr *out)
{
    struct in6_addr mapped = { .s6_addr = { [10] = 0xff, 0xff } };

    if (inet_pton(AF_INET, text, mapped.s6_addr + 12) == 1) {
        *out = mapped;
        return true;
    }
    return inet_pton(AF_INET6, text, out) == 1;
}

static void add_address(struct addresses *out, const struct in6_addr *address)
{
    for (size_t i = 0; i < out->count; i++)
        if (memcmp(&out->at[i].address, address, sizeof *address) == 0)
            return;
    if (out->count < ADDRESSES_MOST)
        out->at[out->count++].address = *address;
}

/* A line's first word is its address; a name is one of the others. */
static void take_line(struct search *search, off_t name_at)
{
    off_t start = line_start(search, name_at);
    char bytes[LINE_PIECE];
    struct in6_addr address;
    ssize_t size = start < 0 ? 0 : pread(search->fd, bytes, sizeof bytes - 1, start), first = 0, end;

    while (first < size && is_blank(bytes[first]))
        first++;
    for (end = first; end < size && !is_blank(bytes[end]); end++)
        ;
    if (size <= 0 || end == size || start + end >= name_at)
        return;
    bytes[end] = '\0';
    if (parse_address(bytes + first, &address))
        add_address(search->out, &address);
}

/* Of a piece with the byte in front of a name and the one behind it; at the file's end there is none behind. */
static void look_through(struct search *search, const char *piece, size_t size, bool last, off_t offset)
{
    size_t at = 1, end;

    while ((end = at + search->size) <= size) {
        size_t skip = search->skip[(unsigned char)piece[end - 1]];

        if (skip == 0 && is_blank(piece[at - 1]) &&
            (end < size ? is_blank(piece[end]) || piece[end] == '#' : last) && is_name(search, piece + at))
            take_line(search, offset + (off_t)at);
        at += skip ? skip : 1;
    }
}

static void look_through_file(struct search *search)
{
    char piece[PIECE];
    off_t offset = 0;
    ssize_t size;

    prepare(search);
    while ((size = pread(search->fd, piece, sizeof piece, offset)) > (ssize_t)search->size) {
        look_through(search, piece, (size_t)size, size < PIECE, offset);
        if (size < PIECE)
            return;
        offset += size - (ssize_t)search->size - 1;
    }
}

bool hosts_find(struct addresses *out, const char *name, const char *path, const struct net *net)
{
    struct search search = { .name = name, .size = strlen(name), .out = out };
    struct stat file;

    *out = (struct addresses){ 0 };
    if (search.size == 0 || search.size > ENDPOINT_HOST_MAX)
        return false;
    search.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (search.fd < 0)
        return false;
    if (fstat(search.fd, &file) == 0 && S_ISREG(file.st_mode))
        look_through_file(&search);
    net->close(search.fd);
    return out->count > 0;
}

static bool is_of_this_machine(const struct in6_addr *address)
{
    static const struct in6_addr any_v4 = { .s6_addr = { [10] = 0xff, 0xff } };
    struct endpoint endpoint = { .literal = true, .address = *address };

    return endpoint_is_loopback(&endpoint) || IN6_IS_ADDR_UNSPECIFIED(address) ||
           memcmp(address, &any_v4, sizeof any_v4) == 0;
}

bool hosts_mean_this_machine(const struct addresses *found)
{
    for (size_t i = 0; i < found->count; i++)
        if (is_of_this_machine(&found->at[i].address))
            return true;
    return false;
}

void hosts_take(const struct addresses *found, int family, struct endpoint *target)
{
    size_t i = 0;

    while (i < found->count && IN6_IS_ADDR_V4MAPPED(&found->at[i].address) != (family == AF_INET))
        i++;
    if (i == found->count)
        i = 0;
    *target = (struct endpoint){ .literal = true, .port = target->port, .address = found->at[i].address };
}
