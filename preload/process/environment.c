#include "environment.h"

#include "../real.h"

#include <ptunnel/arena.h>
#include <ptunnel/text.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Handed on: what a child's library must find again. The rest only says where files lie. */
static struct {
    const char *name;
    bool handed_on;
    char *whole; /* "NAME=value" */
} kept[] = {
    { "PTUNNEL_CONFIG", true, NULL },   { "PTUNNEL_PROXY", true, NULL },   { "PTUNNEL_RULES", true, NULL },
    { "PTUNNEL_LOOPBACK", true, NULL }, { "PTUNNEL_VERBOSE", true, NULL }, { "PTUNNEL_LOG", true, NULL },
    { "https_proxy", true, NULL },      { "HTTPS_PROXY", true, NULL },     { "all_proxy", true, NULL },
    { "ALL_PROXY", true, NULL },        { "http_proxy", true, NULL },      { "no_proxy", true, NULL },
    { "NO_PROXY", true, NULL },         { "HOME", false, NULL },           { "XDG_CONFIG_HOME", false, NULL },
    { "XDG_RUNTIME_DIR", false, NULL }, { "LD_PRELOAD", false, NULL },
};
enum { KEPT = sizeof kept / sizeof *kept };

static const char preload[] = "LD_PRELOAD";
static const char library[] = "libptunnel.so";

/* Our own word in the kept LD_PRELOAD, by which the loader finds the library; size 0: it came another way. */
static const char *own_word;
static size_t own_word_size;

static bool is_library(const char *word, size_t size)
{
    const size_t name = sizeof library - 1;

    return size >= name && memcmp(word + size - name, library, name) == 0 &&
           (size == name || word[size - name - 1] == '/');
}

static const char *find_library(const char *list, size_t *size)
{
    for (const char *at = list + strspn(list, " :"); *at; at += *size, at += strspn(at, " :")) {
        *size = strcspn(at, " :");
        if (is_library(at, *size))
            return at;
    }
    *size = 0;
    return NULL;
}

static char *keep(const char *name, const char *value)
{
    size_t size = strlen(name) + 1 + strlen(value) + 1;
    char *memory = arena_alloc(size);
    struct text whole;

    if (!memory)
        return NULL;
    whole = text_in(memory, size);
    text_print(&whole, "%s=%s", name, value);
    return memory;
}

void environment_keep(void)
{
    size_t size;

    for (size_t i = 0; i < KEPT; i++) {
        const char *value = getenv(kept[i].name);

        if (value)
            kept[i].whole = keep(kept[i].name, value);
    }
    if (environment_variable(preload)) {
        const char *word = find_library(environment_variable(preload), &size);

        own_word = word; /* the same again, if two threads keep at once */
        own_word_size = size;
    }
}

const char *environment_variable(const char *name)
{
    for (size_t i = 0; i < KEPT; i++)
        if (strcmp(kept[i].name, name) == 0)
            return kept[i].whole ? kept[i].whole + strlen(name) + 1 : NULL;
    return NULL;
}

static const char *value_in(char *const *envp, const char *name)
{
    size_t size = strlen(name);

    for (; envp && *envp; envp++)
        if (strncmp(*envp, name, size) == 0 && (*envp)[size] == '=')
            return *envp + size + 1;
    return NULL;
}

static size_t count(char *const *envp)
{
    size_t number = 0;

    while (envp && envp[number])
        number++;
    return number;
}

size_t environment_size(char *const *envp)
{
    const char *list = value_in(envp, preload);

    return (count(envp) + KEPT + 1) * sizeof(char *) + sizeof preload + own_word_size +
           (list ? strlen(list) : 0) + 2;
}

/* The child's own list of libraries, with ours in front. */
static char *with_library(char *room, size_t size, const char *list)
{
    struct text whole = text_in(room, size);

    text_print(&whole, "%s=%.*s:%s", preload, (int)own_word_size, own_word, list);
    return room;
}

char *const *environment_complete(void *room, char *const *envp)
{
    const char *list = value_in(envp, preload);
    size_t own = count(envp);
    char **whole = room, *words = (char *)room + (own + KEPT + 1) * sizeof(char *);
    size_t used = own, word;

    if (own > 0)
        memcpy(whole, envp, own * sizeof *envp);
    for (size_t i = 0; i < KEPT; i++)
        if (kept[i].handed_on && kept[i].whole && !value_in(envp, kept[i].name))
            whole[used++] = kept[i].whole;
    whole[used] = NULL;
    if (own_word_size == 0 || (list && (!*list || find_library(list, &word))))
        return whole;
    for (size_t i = 0; list && i < used; i++)
        if (whole[i] + sizeof preload == list)
            whole[i] = with_library(words, sizeof preload + own_word_size + strlen(list) + 2, list);
    if (!list)
        whole[used++] = kept[KEPT - 1].whole;
    whole[used] = NULL;
    return whole;
}

void environment_put_back(void)
{
    void *room = __builtin_alloca_with_align(environment_size(environ), 8 * sizeof(void *));
    char *const *whole = environment_complete(room, environ);

    for (size_t i = 0; i < KEPT; i++) {
        const char *wanted = value_in(whole, kept[i].name);

        if (wanted && wanted != value_in(environ, kept[i].name))
            setenv(kept[i].name, wanted, 1);
    }
}

bool environment_preloads(char *const *envp)
{
    const char *list = value_in(envp, preload);
    size_t size;

    return own_word_size == 0 || (list && find_library(list, &size));
}

bool environment_library_is_there(char *path, size_t size)
{
    struct text word = text_in(path, size);
    int fd;

    text_add_bytes(&word, own_word, own_word_size);
    if (word.cut || !strchr(path, '/'))
        return true;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        real()->close(fd);
    return fd >= 0;
}
