#include "terminal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum { AUTO, ALWAYS, NEVER } when;
static bool waiting;

bool terminal_choose(const char *word)
{
    static const char *const words[] = { [AUTO] = "auto", [ALWAYS] = "always", [NEVER] = "never" };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i]) == 0) {
            when = (unsigned)i;
            return true;
        }
    return false;
}

static bool is_terminal(void)
{
    const char *kind = getenv("TERM");

    return kind && strcmp(kind, "dumb") != 0 && isatty(STDOUT_FILENO);
}

static bool is_colored(void)
{
    const char *no = getenv("NO_COLOR");

    return when == AUTO ? !(no && no[0]) && is_terminal() : when == ALWAYS;
}

const char *terminal_tint(enum tint tint)
{
    static const char *const sequences[] = {
        [TINT_GOOD] = "\033[32m", [TINT_BAD] = "\033[31m",  [TINT_OTHER] = "\033[33m",
        [TINT_TITLE] = "\033[1m", [TINT_ASIDE] = "\033[2m",
    };

    return is_colored() ? sequences[tint] : "";
}

const char *terminal_plain(void)
{
    return is_colored() ? "\033[0m" : "";
}

void terminal_waiting(const char *words, ...)
{
    va_list values;

    if (!is_terminal())
        return;
    terminal_waited();
    va_start(values, words);
    vprintf(words, values);
    va_end(values);
    fflush(stdout);
    waiting = true;
}

/* Erases the line (ECMA-48, EL). */
void terminal_waited(void)
{
    if (waiting)
        fputs("\r\033[K", stdout);
    waiting = false;
}
