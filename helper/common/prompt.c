#include "prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
enum { ENDS = sizeof ends / sizeof *ends };

static volatile sig_atomic_t caught;

struct silence {
    int terminal;
    struct termios before;
    struct sigaction actions[ENDS];
    sigset_t mask;
};

static void on_signal(int number)
{
    caught = number;
}

/* The signals are let through only where they are waited for: none is lost between a look and a wait. */
static bool be_silent(struct silence *silence, int terminal)
{
    struct sigaction action = { .sa_handler = on_signal };
    struct termios silent;
    sigset_t held;

    silence->terminal = terminal;
    if (tcgetattr(terminal, &silence->before) < 0)
        return false;
    caught = 0;
    sigemptyset(&held);
    for (int i = 0; i < ENDS; i++)
        sigaddset(&held, ends[i]);
    sigprocmask(SIG_BLOCK, &held, &silence->mask);
    for (int i = 0; i < ENDS; i++) {
        sigaction(ends[i], NULL, &silence->actions[i]);
        if (silence->actions[i].sa_handler != SIG_IGN)
            sigaction(ends[i], &action, NULL);
    }
    silent = silence->before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(terminal, TCSAFLUSH, &silent);
    return true;
}

static void be_as_before(const struct silence *silence)
{
    tcsetattr(silence->terminal, TCSAFLUSH, &silence->before);
    for (int i = 0; i < ENDS; i++)
        sigaction(ends[i], &silence->actions[i], NULL);
    sigprocmask(SIG_SETMASK, &silence->mask, NULL);
}

static void put(int fd, const char *words)
{
    /* A prompt that cannot be shown is no reason to fail. */
    ssize_t ignored = write(fd, words, strlen(words));

    (void)ignored;
}

static bool wait_for_byte(const struct silence *silence)
{
    struct pollfd ready = { .fd = silence->terminal, .events = POLLIN };
    int result;

    do
        result = ppoll(&ready, 1, NULL, &silence->mask);
    while (result < 0 && errno == EINTR && !caught);
    return result == 1;
}

/* Byte by byte, so that nothing behind the line is taken from the command. */
static bool read_line(const struct silence *silence, char *out, size_t size)
{
    size_t used = 0;
    char byte = 0;
    bool more;

    while ((more = wait_for_byte(silence) && read(silence->terminal, &byte, 1) == 1) && byte != '\n')
        if (used < size - 1)
            out[used++] = byte;
    out[used] = '\0';
    return more;
}

static bool ask(const struct silence *silence, const char *question, char *out, size_t size)
{
    bool answered;

    put(silence->terminal, question);
    answered = read_line(silence, out, size);
    put(silence->terminal, "\n");
    return answered;
}

enum prompt prompt_secret(const char *question, char *out, size_t size)
{
    int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    enum prompt result = PROMPT_NO_TERMINAL;
    struct silence silence;

    while (terminal >= 0 && be_silent(&silence, terminal)) {
        result = ask(&silence, question, out, size) ? PROMPT_ANSWERED : PROMPT_NO_ANSWER;
        be_as_before(&silence);
        if (result == PROMPT_ANSWERED || !caught)
            break;
        raise(caught); /* now it does what it would have done */
        if (caught != SIGTSTP)
            break;
    }
    if (terminal >= 0)
        close(terminal);
    return result;
}
