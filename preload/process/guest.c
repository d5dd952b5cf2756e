#include "guest.h"

#include "../real.h"
#include "own.h"
#include "environment.h"

#include <ptunnel/log.h>
#include <ptunnel/scratch.h>

#include <stdatomic.h>
#include <string.h>

enum { WRONG_SIZE = 4096 };

static bool may_act;
static struct config const *const none = (const struct config *)&none; /* "looked for, and not usable" */
static _Atomic(const struct config *) loaded;

bool guest_may_act(void)
{
    return may_act;
}

void guest_allow(void)
{
    may_act = true;
}

static struct {
    int result;
    char words[WRONG_SIZE];
    atomic_bool known, said;
} why;

static void say_line(const char *words, size_t size)
{
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    text_add_bytes(&line, words, size);
    text_add(&line, "; nothing is let out until this is mended");
    log_line(LOG_FAILURE, &line);
}

void guest_say_why(void)
{
    if (!atomic_load(&why.known) || atomic_exchange(&why.said, true))
        return;
    if (why.result == -ENOENT)
        log_words(LOG_FAILURE,
                  "no proxy is known, so nothing is let out: set PTUNNEL_PROXY or https_proxy, or name one "
                  "in a rule file (a line 'proxy http://HOST:PORT')");
    else if (why.result == -ENOMEM)
        log_words(LOG_FAILURE, "no memory for the configuration, so nothing is let out");
    for (const char *line = why.words; *line;
         line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n'))
        say_line(line, strcspn(line, "\n"));
}

static const struct config *load_with(char *buffer)
{
    struct text wrong = text_in(buffer, WRONG_SIZE);
    const struct config *fresh = none, *before = NULL;
    int result = config_load(&fresh, environment_variable, &real_net, &wrong);

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

/* The first connect() of a program may be made by a signal handler whose stack has 8 KiB. */
static const struct config *load(void)
{
    struct scratch room = { 0 };
    char *words = scratch_add(&room, WRONG_SIZE);
    const struct config *config = words ? load_with(words) : none;

    scratch_free(&room);
    return config;
}

const struct config *guest_config(void)
{
    const struct config *config = atomic_load(&loaded);

    if (!config) {
        int before = cancel_hold();

        config = load();
        cancel_release(before);
    }
    return config == none ? NULL : config;
}

bool guest_refuses_children(void)
{
    const struct config *config = guest_config();
    const char *handed = environment_variable("PTUNNEL_CONFIG");

    if (config)
        return config_setting(config, CONFIG_CHILDREN)->value != 0;
    return handed && handed[0];
}
