#include "configs.h"
#include "../common/libc_net.h"

#include <ptunnel/hash.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ENVIRONMENT_MOST = 256 * 1024, KEY_SIZE = 64 };

/* An environment as /proc shows it: "NAME=value", NUL, and so on. */
static struct environment {
    const char *words;
    size_t size;
} current;

static const char *value_in(const struct environment *environment, const char *name)
{
    size_t size = strlen(name);
    const char *end = environment->words + environment->size;

    for (const char *at = environment->words; at < end; at += strlen(at) + 1)
        if (strncmp(at, name, size) == 0 && at[size] == '=')
            return at + size + 1;
    return NULL;
}

static const char *variable(const char *name)
{
    return value_in(&current, name);
}

/* Of what ptunnel-run hands over. */
static uint64_t key_of(config_variable *value_of)
{
    static const char *const names[] = { "PTUNNEL_CONFIG", "PTUNNEL_PROXY", "PTUNNEL_RULES",
                                         "PTUNNEL_LOOPBACK" };
    uint64_t key = 0;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = value_of(names[i]);

        key = key * 31 + hash_bytes(value ? value : "", value ? strlen(value) : 0);
    }
    return key;
}

static const char *own_variable(const char *name)
{
    return getenv(name);
}

void configs_start(struct configs *configs, const struct config *own)
{
    configs->own = own;
    configs->own_key = key_of(own_variable);
}

static bool read_environment(pid_t thread)
{
    static char words[ENVIRONMENT_MOST];
    char path[KEY_SIZE];
    ssize_t got = 0;
    size_t size = 0;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/environ", (int)thread);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && size < sizeof words - 1 && (got = read(fd, words + size, sizeof words - 1 - size)) > 0)
        size += (size_t)got;
    if (fd >= 0)
        close(fd);
    words[size] = '\0';
    current = (struct environment){ words, size };
    return fd >= 0 && got >= 0;
}

/* What is loaded points into the environment, so that a copy of that stays. */
static int load(struct configs *configs, uint64_t key)
{
    static char ignored[256];
    struct text wrong = text_in(ignored, sizeof ignored);
    const struct config *config = NULL;
    char *kept = configs->count < CONFIGS_MOST ? malloc(current.size + 1) : NULL;

    if (!kept)
        return -1;
    memcpy(kept, current.words, current.size + 1);
    current.words = kept;
    if (config_load(&config, NULL, variable, &libc_net, &wrong) < 0)
        config = NULL;
    configs->others[configs->count].key = key;
    configs->others[configs->count].config = config;
    configs->count++;
    return config ? (int)configs->count : -1;
}

int configs_number(struct configs *configs, pid_t thread)
{
    const char *handed;
    uint64_t key;

    if (!configs->wanted)
        return 0;
    if (!read_environment(thread))
        return -1;
    handed = variable("PTUNNEL_CONFIG");
    key = key_of(variable);
    if (!handed || !handed[0] || key == configs->own_key)
        return 0;
    for (unsigned i = 0; i < configs->count; i++)
        if (configs->others[i].key == key)
            return configs->others[i].config ? (int)i + 1 : -1;
    return load(configs, key);
}

const struct config *configs_at(const struct configs *configs, int number)
{
    return number > 0 ? configs->others[number - 1].config : configs->own;
}

int configs_find(const struct configs *configs, const struct config *config)
{
    unsigned number = 0;

    while (number < configs->count && configs_at(configs, (int)number) != config)
        number++;
    return configs_at(configs, (int)number) == config ? (int)number : 0;
}
