#include "armed.h"

#include "../real.h"

#include <ptunnel/text.h>

#include <fcntl.h>
#include <string.h>

enum { PIECE = 1024, LINE_MOST = 256 };

static unsigned long number_at(const char *text, unsigned base)
{
    unsigned long number = 0;

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

/* "tfd:        5 events: 40000000 data:               5 ...", where events are in hexadecimal: only the flags
 * are left. */
static bool says_disarmed(const char *line, int fd)
{
    const char *descriptor = strncmp(line, "tfd:", 4) == 0 ? line + 4 : NULL;
    const char *events = descriptor ? strstr(line, "events:") : NULL;

    return events && number_at(descriptor, 10) == (unsigned long)fd &&
           (number_at(events + 7, 16) & ~(unsigned long)(EPOLLONESHOT | EPOLLET | EPOLLWAKEUP)) == 0;
}

static bool any_line_says_disarmed(int file, int fd)
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
            if (says_disarmed(line, fd))
                return true;
        }
    return false;
}

bool armed(int set, int fd)
{
    char path[64];
    struct text text = text_in(path, sizeof path);
    bool disarmed;
    int file;

    text_print(&text, "/proc/self/fdinfo/%u", (unsigned)set);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return true;
    disarmed = any_line_says_disarmed(file, fd);
    real()->close(file);
    return !disarmed;
}
