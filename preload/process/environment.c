#include "environment.h"

#include "../real.h"
#include "readable.h"

#include <ptunnel/arena.h>
#include <ptunnel/loaded.h>
#include <ptunnel/preload.h>
#include <ptunnel/text.h>

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Handed on: what a child's library must find again. The rest only says where files lie. */
static struct {
    const char *name;
    bool handed_on;
    char *whole; /* "NAME=value" */
} kept[] = {
    { "PTUNNEL_CONFIG", true, NULL },     { "PTUNNEL_PROXY", true, NULL },
    { "PTUNNEL_RULES", true, NULL },      { "PTUNNEL_LOOPBACK", true, NULL },
    { "PTUNNEL_VERBOSE", true, NULL },    { "PTUNNEL_LOG", true, NULL },
    { "PTUNNEL_LOG_FORMAT", true, NULL }, { "PTUNNEL_RUN", true, NULL },
    { "https_proxy", true, NULL },        { "HTTPS_PROXY", true, NULL },
    { "all_proxy", true, NULL },          { "ALL_PROXY", true, NULL },
    { "http_proxy", true, NULL },         { "no_proxy", true, NULL },
    { "NO_PROXY", true, NULL },           { "HOME", false, NULL },
    { "XDG_CONFIG_HOME", false, NULL },   { "XDG_RUNTIME_DIR", false, NULL },
    { "LD_PRELOAD", false, NULL },
};
enum { KEPT = sizeof kept / sizeof *kept, LAST = KEPT - 1 }; /* LD_PRELOAD stays the last */

static const char preload[] = "LD_PRELOAD=", aside[] = "PTUNNEL_";

static const char *own_library; /* see environment_library() */

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

/* A relative path is that of now. */
static const char *absolute(const char *path)
{
    char *memory;
    struct text whole;

    if (path[0] == '/')
        return path;
    memory = arena_alloc(PATH_MAX);
    if (!memory || !getcwd(memory, PATH_MAX))
        return NULL;
    whole = text_in(memory + strlen(memory), PATH_MAX - strlen(memory));
    text_print(&whole, "/%s", path);
    return whole.cut ? NULL : memory;
}

void environment_keep(void)
{
    const char *list, *file = loaded_file((const void *)environment_keep);

    for (size_t i = 0; i < KEPT; i++) {
        const char *value = getenv(kept[i].name);

        if (value)
            kept[i].whole = keep(kept[i].name, value);
    }
    list = environment_variable("LD_PRELOAD");
    if (list && file && preload_names(list, file))
        own_library = absolute(file); /* the same again, if two threads keep at once */
}

const char *environment_variable(const char *name)
{
    for (size_t i = 0; i < KEPT; i++)
        if (strcmp(kept[i].name, name) == 0)
            return kept[i].whole ? kept[i].whole + strlen(name) + 1 : NULL;
    return NULL;
}

const char *environment_library(void)
{
    return own_library;
}

static const char *value_in(char *const *envp, const char *name)
{
    size_t size = strlen(name);

    for (; envp && *envp; envp++)
        if (strncmp(*envp, name, size) == 0 && (*envp)[size] == '=')
            return *envp + size + 1;
    return NULL;
}

static bool is_preload(const char *word)
{
    return strncmp(word, preload, sizeof preload - 1) == 0;
}

static size_t count(char *const *envp)
{
    size_t number = 0;

    while (envp && envp[number])
        number++;
    return number;
}

/* The last one, whose value is the loader's list. */
static const char *last_preload(char *const *envp)
{
    const char *found = NULL;

    for (; envp && *envp; envp++)
        if (is_preload(*envp))
            found = *envp;
    return found;
}

bool environment_emptied(char *const *envp)
{
    bool is_there = false;

    for (; envp && *envp; envp++) {
        is_there |= is_preload(*envp);
        if (is_preload(*envp) && (*envp)[sizeof preload - 1])
            return false;
    }
    return is_there;
}

static uintptr_t page_of(const void *at)
{
    return (uintptr_t)at / 4096;
}

/* Asks for each page once, if what lies in it stands together. */
bool environment_readable(char *const *envp)
{
    uintptr_t seen_array = 0, seen = 0;

    for (; envp; envp++) {
        if (page_of(envp) != seen_array && !readable(envp, sizeof *envp))
            return false;
        seen_array = page_of(envp);
        if (!*envp)
            return true;
        if (page_of(*envp) != seen && !readable(*envp, 1))
            return false;
        seen = page_of(*envp);
    }
    return true;
}

size_t environment_size(char *const *envp)
{
    const char *last = last_preload(envp), *own = kept[LAST].whole;

    return (count(envp) + KEPT + 1) * sizeof(char *) + sizeof aside + sizeof preload + PRELOAD_MORE +
           (last ? strlen(last) : 0) + (own ? strlen(own) : 0);
}

/* What the child's environment is made of. */
struct making {
    char *const *envp;
    struct reach_look *look;
    char *words; /* room for LD_PRELOAD */
    size_t size;
    bool is_aside;
};

/* LD_PRELOAD for the program; the words that are there, if they are right. */
static char *with_library(const struct making *making, char *before)
{
    struct text whole = text_in(making->words, making->size);

    text_add(&whole, making->is_aside ? aside : "");
    text_add(&whole, preload);
    preload_write(&whole, before ? before + sizeof preload - 1 : "", making->look, real_net());
    return before && strcmp(before, making->words) == 0 ? before : making->words;
}

static char *const *complete(char **whole, const struct making *making)
{
    const char *last = last_preload(making->envp);
    bool is_ours = own_library && !environment_emptied(making->envp);
    size_t own = count(making->envp), used = 0;

    for (size_t i = 0; i < own; i++) {
        if (is_ours && making->envp[i] == last)
            whole[used++] = with_library(making, making->envp[i]);
        else if (!is_ours || !is_preload(making->envp[i]))
            whole[used++] = making->envp[i];
    }
    for (size_t i = 0; i < KEPT; i++)
        if (kept[i].handed_on && kept[i].whole && !value_in(making->envp, kept[i].name))
            whole[used++] = kept[i].whole;
    if (is_ours && !last)
        whole[used++] = with_library(making, kept[LAST].whole);
    whole[used] = NULL;
    return whole;
}

static char *const *make(void *room, char *const *envp, struct reach_look *look, bool is_aside)
{
    size_t pointers = (count(envp) + KEPT + 1) * sizeof(char *);
    struct making making = { .envp = envp,
                             .look = look,
                             .words = (char *)room + pointers,
                             .size = environment_size(envp) - pointers,
                             .is_aside = is_aside };

    return complete(room, &making);
}

char *const *environment_complete(void *room, char *const *envp, struct reach_look *look)
{
    return make(room, envp, look, false);
}

char *const *environment_set_aside(void *room, char *const *envp, struct reach_look *look)
{
    return make(room, envp, look, true);
}

bool environment_same(char *const *one, char *const *other)
{
    size_t words = count(one);

    return words == count(other) && (words == 0 || memcmp(one, other, words * sizeof *one) == 0);
}

/* Two arrays, used in turn: whoever is reading the one before can go on. */
static struct array {
    char **words;
    size_t room;
} arrays[2];
static atomic_bool is_putting;
static char *put_preload; /* in the arena, as put last */

static char **array_for(size_t words)
{
    struct array *array = environ == arrays[0].words ? &arrays[1] : &arrays[0];

    if (array->room < words) {
        array->words = arena_alloc(2 * words * sizeof *array->words);
        array->room = array->words ? 2 * words : 0;
    }
    return array->words;
}

static char *lasting_preload(char *word)
{
    if (!put_preload || strcmp(put_preload, word) != 0)
        put_preload = arena_copy(word, strlen(word));
    return put_preload;
}

static bool fill_array(char **array, char *const *envp, size_t words, bool is_alone)
{
    for (size_t i = 0; i < words; i++) {
        array[i] = envp[i];
        if (envp[i] && is_preload(envp[i]))
            array[i] = is_alone ? lasting_preload(envp[i]) : arena_copy(envp[i], strlen(envp[i]));
        if (envp[i] && !array[i])
            return false;
    }
    return true;
}

void environment_put(char *const *envp)
{
    size_t words = count(envp) + 1;
    /* Another thread at the same time, or a child forked from that: it does not wait, but takes memory for good. */
    bool is_alone = !atomic_exchange(&is_putting, true);
    char **array = is_alone ? array_for(words) : arena_alloc(words * sizeof *array);

    if (array && fill_array(array, envp, words, is_alone))
        __atomic_store_n(&environ, array, __ATOMIC_RELEASE);
    if (is_alone)
        atomic_store(&is_putting, false);
}
