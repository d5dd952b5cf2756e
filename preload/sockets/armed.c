#include "armed.h"

#include "../real.h"

#include <ptunnel/text.h>

#include <fcntl.h>
#include <string.h>

enum { PIECE = 1024, LINE_MOST = 256 };

static uint64_t number_at(const char *text, unsigned base)
{
    uint64_t number = 0;

    for (text += strspn(text, " \t"); *text; text++) {
        unsigned digit = *text >= '0' && *text <= '9'   ? (unsigned)(*text - '0')
                         : *text >= 'a' && *text <= 'f' ? (unsigned)(*text - 'a') + 10
                                                        : base;

        if (digit >= base)
            break;
        number = number * base + digit;
    }
    return number;
}

/* "tfd:        5 events: 40000000 data:               5 ...", where events and data are in hexadecimal: of a disarmed one
 * only the flags are left. */
static void look_at(const char *line, int fd, uint32_t upper, struct armed *out)
{
    const char *descriptor = strncmp(line, "tfd:", 4) == 0 ? line + 4 : NULL;
    const char *events = descriptor ? strstr(line, "events:") : NULL;
    const char *data = events ? strstr(events, "data:") : NULL;

    if (!data || number_at(descriptor, 10) != (uint64_t)fd)
        return;
    out->fired |= (number_at(events + 7, 16) & ~(uint64_t)(EPOLLONESHOT | EPOLLET | EPOLLWAKEUP)) == 0;
    out->ours |= number_at(data + 5, 16) >> 32 == upper;
}

static void look_through(int file, int fd, uint32_t upper, struct armed *out)
{
    char piece[PIECE], line[LINE_MOST];
    size_t length = 0;
    ssize_t got;

    while ((got = real()->read(file, piece, sizeof piece)) > 0)
        for (ssize_t i = 0; i < got; i++) {
            if (piece[i] != '\n') {
                line[length] = piece[i];
                length += length < sizeof line - 1; /* the rest of a longer one is of no interest */
                continue;
            }
            line[length] = '\0';
            length = 0;
            look_at(line, fd, upper, out);
        }
}

struct armed armed_look(int set, int fd, uint32_t upper)
{
    char path[64];
    struct text text = text_in(path, sizeof path);
    struct armed seen = { 0 };
    int file;

    text_print(&text, "/proc/self/fdinfo/%u", (unsigned)set);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return seen;
    seen.known = true;
    look_through(file, fd, upper, &seen);
    real()->close(file);
    return seen;
}
