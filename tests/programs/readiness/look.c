#include "look.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Noreturn void fail(const char *what)
{
    perror(what);
    exit(2);
}

int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000) + time.tv_nsec / 1000000;
}

void say(const char *format, ...)
{
    char line[512];
    va_list list;
    int size;

    va_start(list, format);
    size = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    if (syscall(SYS_write, 1, line, (size_t)size) != size)
        exit(2);
}

const char *error_name(int error)
{
    const char *name = strerrorname_np(error);

    return error == 0 ? "0" : name ? name : "?";
}

const char *result_name(long result)
{
    static __thread char number[24];

    if (result < 0)
        return error_name(errno);
    snprintf(number, sizeof number, "%ld", result);
    return number;
}

static long sleeps_so_far(void)
{
    struct rusage use;

    getrusage(RUSAGE_THREAD, &use);
    return use.ru_nvcsw;
}

struct moment moment(void)
{
    struct moment out = { .time = now() };
    char text[64] = "";
    unsigned long long kept = 0;
    int file = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);

    if (file >= 0 && read(file, text, sizeof text - 1) > 0)
        sscanf(text, "%*u %llu", &kept);
    close(file);
    out.kept = (int64_t)(kept / 1000000);
    out.sleeps = sleeps_so_far();
    return out;
}

const char *kept_time(const struct moment *since, int ms)
{
    static __thread char odd[64];
    struct moment end = moment();
    int64_t took = end.time - since->time, kept = end.kept - since->kept;

    if (took >= ms - EARLY && took - kept < ms + LATE)
        return "on time";
    snprintf(odd, sizeof odd, "after %lld ms, %lld of them kept from running", (long long)took,
             (long long)kept);
    return odd;
}

const char *how(const struct story *story, const struct moment *since, bool ran_out)
{
    if (ran_out && story->patience)
        return kept_time(since, story->patience);
    return sleeps_so_far() == since->sleeps ? "at once" : "waited";
}

bool sleeps(pid_t process, pid_t thread)
{
    char path[64], text[128] = "";
    const char *state;
    int file;

    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", process, thread);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || read(file, text, sizeof text - 1) < 0)
        text[0] = 0;
    close(file);
    state = strrchr(text, ')');
    return state && state[1] == ' ' && state[2] == 'S';
}

void nap(int ms)
{
    struct timespec time = { 0, ms * 1000000 };

    nanosleep(&time, NULL);
}

const char *bits_name(uint32_t bits)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = { { POLLIN, "IN" },   { POLLPRI, "PRI" },   { POLLOUT, "OUT" },    { POLLERR, "ERR" },
                  { POLLHUP, "HUP" }, { POLLNVAL, "NVAL" }, { POLLRDHUP, "RDHUP" } };
    static __thread char text[64];

    text[0] = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (bits & names[i].bit)
            sprintf(text + strlen(text), "%s%s", text[0] ? "|" : "", names[i].name);
    return text[0] ? text : "nothing";
}
