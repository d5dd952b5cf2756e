#include "guest.h"

#include "../real.h"
#include "own.h"
#include "environment.h"
#include "identity.h"

#include <ptunnel/errors.h>
#include <ptunnel/log.h>
#include <ptunnel/scratch.h>

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>

enum { WRONG_SIZE = 4096 };

enum standing { UNKNOWN, GUEST, STRANGER };

static _Atomic int standing = UNKNOWN;
static struct config const *const none = (const struct config *)&none; /* "looked for, and not usable" */
static _Atomic(const struct config *) loaded;

static enum log_level level_asked(void)
{
    const char *verbose = environment_variable("PTUNNEL_VERBOSE");

    if (verbose && strcmp(verbose, "-1") == 0)
        return LOG_QUIET;
    if (verbose && verbose[0] >= '1' && verbose[0] <= '3' && !verbose[1])
        return (enum log_level)(verbose[0] - '0');
    return LOG_FAILURE;
}

static const char *log_path(void)
{
    const char *path = environment_variable("PTUNNEL_LOG");

    return path && path[0] == '/' ? path : NULL;
}

static void choose_format(void)
{
    const char *format = environment_variable("PTUNNEL_LOG_FORMAT");

    if (format)
        log_set_format(format);
}

/* Two threads may begin at once, or a signal handler while its thread does: they find the same, and set the
 * same. */
static enum standing begin(void)
{
    KEEP_ERRNO;
    enum standing found = getauxval(AT_SECURE) == 0 ? GUEST : STRANGER;

    if (found == GUEST) {
        identity_begin();
        environment_keep();
        log_guard_stderr();
        choose_format();
        log_open(real_net(), level_asked(), log_path(), true);
    }
    atomic_store(&standing, found);
    return found;
}

bool guest_may_act(void)
{
    int now = atomic_load_explicit(&standing, memory_order_acquire);

    return now == UNKNOWN ? begin() == GUEST : now == GUEST;
}

static struct {
    int result;
    char words[WRONG_SIZE];
    atomic_bool known, said;
} why;

static void say_line(const char *words, size_t size)
{
    log_print(LOG_FAILURE, "%.*s; nothing is let out until this is mended", (int)size, words);
}

void guest_say_why(void)
{
    if (!atomic_load(&why.known) || atomic_exchange(&why.said, true))
        return;
    if (why.result == -ENOENT)
        log_print(LOG_FAILURE,
                  "no proxy is known, so nothing is let out: set PTUNNEL_PROXY or https_proxy, or name one "
                  "in a rule file (a line 'proxy http://HOST:PORT')");
    for (const char *line = why.words; *line;
         line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n'))
        say_line(line, strcspn(line, "\n"));
}

/* Errors that may be gone at the next try (no descriptor, no memory): each use tries again, and a line says
 * so at most every ten seconds. */
static bool is_passing(int result)
{
    return result < 0 && result != -EINVAL && result != -ENOENT;
}

static void say_passing(int result, const char *words)
{
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    if (*words)
        text_add_bytes(&line, words, strcspn(words, "\n"));
    else
        errors_print(&line, -result);
    text_add(&line, "; nothing is let out until the configuration can be read");
    log_failure((uint64_t)-result, &line);
}

static atomic_bool was_short;

/* A try takes memory that is never given back. So there is none as long as no descriptor can be opened. */
static bool is_still_short(void)
{
    int fd = open("/", O_PATH | O_CLOEXEC);

    if (fd < 0)
        return errno == EMFILE || errno == ENFILE;
    real()->close(fd);
    return false;
}

static const struct config *load_with(char *buffer)
{
    struct text wrong = text_in(buffer, WRONG_SIZE);
    const struct config *fresh = none, *before = NULL;
    int result = config_load(&fresh, NULL, environment_variable, real_net(), &wrong);

    if (is_passing(result)) {
        atomic_store(&was_short, result == -EMFILE || result == -ENFILE);
        say_passing(result, buffer);
        return none;
    }
    /* Two threads may load at once: the first to publish wins. */
    if (!atomic_compare_exchange_strong(&loaded, &before, result == 0 ? fresh : none))
        return before;
    if (result == 0)
        return fresh;
    why.result = result;
    memcpy(why.words, buffer, WRONG_SIZE);
    atomic_store(&why.known, true);
    return none;
}

/* The words are not on the stack: the first connect() of a program may be made by a signal handler that has 8
 * KiB. */
static const struct config *load(void)
{
    struct scratch room = { 0 };
    const struct config *config = none;
    char *words;

    if (atomic_load(&was_short) && is_still_short())
        return none;
    words = scratch_add(&room, WRONG_SIZE);
    if (words)
        config = load_with(words);
    else
        say_passing(-ENOMEM, "");
    scratch_free(&room);
    return config;
}

const struct config *guest_config(void)
{
    const struct config *config = atomic_load(&loaded);

    if (!config) {
        KEEP_ERRNO;
        int before = cancel_hold();

        config = load();
        cancel_release(before);
    }
    return config == none ? NULL : config;
}

bool guest_config_is_due(void)
{
    return !atomic_load(&loaded);
}

bool guest_refuses_children(void)
{
    const struct config *config = guest_config();
    const char *handed = environment_variable("PTUNNEL_CONFIG");

    if (config)
        return config_setting(config, CONFIG_CHILDREN)->value != 0;
    return handed && handed[0];
}

void guest_look_up_proxies(void)
{
    KEEP_ERRNO;
    const struct config *config = atomic_load(&loaded);
    const struct config_route *route;

    for (size_t i = 0; config && config != none && (route = config_route(config, i)); i++)
        for (size_t k = 0; k < route->route.count; k++)
            if (candidate_wants_look_up(&route->route.candidates[k]))
                candidate_addresses(&route->route.candidates[k], real_net());
}
