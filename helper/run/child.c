#include "child.h"

#include "../common/libc_net.h"
#include "../common/usage.h"
#include "../supervise/supervise.h"

#include <ptunnel/hash.h>
#include <ptunnel/reach.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_WORD = 2, FILE_WORD, NAME_WORD, EXIT_OURS = 125, EXIT_NOT_RUNNABLE = 126, EXIT_NOT_FOUND = 127 };

const char *child_own_path(void)
{
    static char path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);

    return size > 0 ? path : NULL;
}

bool child_is(int argc, char **argv)
{
    return argc > NAME_WORD && strcmp(argv[1], "--child") == 0;
}

static const char *variable(const char *name)
{
    return getenv(name);
}

static const struct config *load_or_exit(const char *name)
{
    static char words[8192];
    struct text wrong = text_in(words, sizeof words);
    const struct config *config;

    if (config_load(&config, NULL, variable, &libc_net, &wrong) == 0)
        return config;
    usage_complain("%s: %s", name, words[0] ? words : "no proxy is known");
    exit(EXIT_OURS);
}

static enum log_level level(void)
{
    const char *verbose = getenv("PTUNNEL_VERBOSE");

    return verbose && strcmp(verbose, "-1") == 0 ? LOG_QUIET
           : verbose                             ? (enum log_level)atoi(verbose)
                                                 : LOG_FAILURE;
}

static struct reach_look look;

/* NULL: it can be supervised as far as its file tells. A library of the other class may have sent it. */
static const char *look_at(char **argv)
{
    struct reach_command command = { .file = argv[FILE_WORD],
                                     .argv = argv + NAME_WORD,
                                     .path = argv[PATH_WORD],
                                     .search = argv[PATH_WORD][0] != '\0' };

    return reach_look(&look, &command, &libc_net) == REACH_MACHINE
               ? "there is no supervisor for programs of 32 bits"
               : NULL;
}

/* As the library would have said it, which has left it to us. */
static void say_unsupervised(const char *wrong)
{
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    text_add_foreign(&line, look.file, strlen(look.file), 200);
    text_print(
        &line,
        " %s, and cannot be supervised (%s): its own connections do not go through the proxy, those of "
        "what it starts do",
        reach_reason(look.reach), wrong);
    log_failure(hash_bytes(look.file, strlen(look.file)), &line);
}

static _Noreturn void fail(const char *file)
{
    int error = errno;

    usage_complain("%s: %s", file,
                   error == ENOENT && !strchr(file, '/') ? "command not found" : strerror(error));
    exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE);
}

_Noreturn void child_execute(const char *file, char *const *argv, char *const *envp)
{
    execvpe(file, argv, envp);
    fail(file);
}

static void put_preload_back(char **environment)
{
    static const char aside[] = "PTUNNEL_", whole[] = "PTUNNEL_LD_PRELOAD=";

    for (; *environment; environment++)
        if (strncmp(*environment, whole, sizeof whole - 1) == 0)
            *environment += sizeof aside - 1;
}

/* The search is the starter's, the environment that is handed on the child's. */
_Noreturn void child_run(char **argv)
{
    const char *log = getenv("PTUNNEL_LOG"), *format = getenv("PTUNNEL_LOG_FORMAT"), *wrong;
    struct supervised how = { .config = load_or_exit(argv[NAME_WORD]),
                              .level = level(),
                              .log = log && log[0] == '/' ? log : NULL,
                              .is_child = true };
    char **given = environ;

    if (format)
        log_set_format(format);
    log_own_stderr();
    log_open(&libc_net, how.level, how.log, false);
    wrong = look_at(argv);
    if (!wrong)
        wrong = supervise_begin(&how);
    if (wrong)
        say_unsupervised(wrong);
    put_preload_back(given);
    if (argv[PATH_WORD][0]) {
        environ = NULL;
        setenv("PATH", argv[PATH_WORD], 1);
        child_execute(argv[FILE_WORD], argv + NAME_WORD, given);
    }
    execve(argv[FILE_WORD], argv + NAME_WORD, given);
    fail(argv[FILE_WORD]);
}
