#include "user.h"

#include <ptunnel/text.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* What a file in /proc says, as far as there is room; "" if there is none. */
static void read_file(const struct net *net, const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : net->read(fd, out, size - 1);

    if (fd >= 0)
        net->close(fd);
    out[got > 0 ? got : 0] = '\0';
}

/* Takes a number and the blanks in front of it; -1: there is none. */
static long take_number(const char **at)
{
    const char *digits = *at + strspn(*at, " \t\n");
    size_t size = strspn(digits, "0123456789");

    *at = digits + size;
    return text_to_number(digits, size, 0, UINT32_MAX);
}

/* Lines of three numbers: the first user inside, the same outside, and how many follow. */
uid_t user_number(const struct net *net)
{
    const uid_t inside = geteuid();
    char map[512];
    const char *at = map;
    long first, outside, count;

    read_file(net, "/proc/self/uid_map", map, sizeof map);
    do {
        first = take_number(&at);
        outside = take_number(&at);
        count = take_number(&at);
        if (count > 0 && first >= 0 && outside >= 0 && inside >= (uid_t)first &&
            inside - (uid_t)first < (uid_t)count)
            return (uid_t)outside + (inside - (uid_t)first);
    } while (count > 0);
    return inside;
}

static int digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

struct hash_key user_key(const struct net *net)
{
    struct hash_key key = { { 0, user_number(net) } };
    char id[64]; /* 128 bits as hexadecimal digits, with a dash here and there */
    int digit, count = 0;

    read_file(net, "/proc/sys/kernel/random/boot_id", id, sizeof id);
    for (const char *at = id; *at; at++)
        if ((digit = digit_of(*at)) >= 0) {
            key.words[count / 16 % 2] ^= (uint64_t)digit << count % 16 * 4;
            count++;
        }
    return key;
}
