#include <ptunnel/preload.h>

#include "elf.h"
#include "kin.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char separators[] = " :";

/* Behind a runtime that was put in front: loaders take it for one colon. */
static const char mark[] = "::";

struct word {
    const char *at;
    size_t size;
};

/* The word at, or behind, this place; its size is 0 at the end of the list. */
static struct word word_at(const char *at)
{
    at += strspn(at, separators);
    return (struct word){ at, strcspn(at, separators) };
}

static struct word after(struct word word)
{
    return word_at(word.at + word.size);
}

static struct word name_of(struct word word)
{
    for (size_t i = word.size; i > 0; i--)
        if (word.at[i - 1] == '/')
            return (struct word){ word.at + i, word.size - i };
    return word;
}

static bool same(struct word a, struct word b)
{
    return a.size == b.size && memcmp(a.at, b.at, a.size) == 0;
}

bool preload_is_runtime(const char *word, size_t size)
{
    static const char *const begins[] = { "libasan.so", "libclang_rt.asan" };
    struct word name = name_of((struct word){ word, size });

    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (name.size >= strlen(begins[i]) && memcmp(name.at, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

static struct word library_name(const char *library)
{
    return name_of((struct word){ library, strlen(library) });
}

bool preload_names(const char *list, const char *library)
{
    for (struct word word = word_at(list); word.size; word = after(word))
        if (same(name_of(word), library_name(library)))
            return true;
    return false;
}

/* The word as a path, in the room that look->text is. NULL: the loader would search for it, or expand it. */
static const char *path_of(struct word word, struct reach_look *look)
{
    struct text path = text_in(look->text, sizeof look->text);

    text_add_bytes(&path, word.at, word.size);
    return path.cut || !strchr(look->text, '/') || strchr(look->text, '$') ? NULL : look->text;
}

static bool is_library(struct word word, struct reach_look *look)
{
    struct stat one, other;
    const char *path;

    if (same(word, (struct word){ look->library, strlen(look->library) }))
        return true;
    path = path_of(word, look);
    return path && stat(path, &one) == 0 && stat(look->library, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

/* Whether the loader of the program would take it: a file for the same kind of program as our library. */
static bool is_loadable(const char *path, const struct reach_look *look, const struct net *net)
{
    const char *paths[] = { path, look->library };
    enum kin kin[] = { KIN_NONE, KIN_NONE };

    for (int i = 0; i < 2; i++) {
        int fd = open(paths[i], O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        struct elf file = { .fd = fd };
        char head[sizeof(Elf64_Ehdr)];

        if (fd < 0)
            return false;
        if (elf_begin(&file, fd, head, elf_read_some(&file, 0, head, sizeof head)))
            kin[i] = kin_of(&file);
        net->close(fd);
    }
    return kin[0] == kin[1];
}

/* One of ours in name, for which the loader of the program has no use. */
static bool is_useless(struct word word, struct reach_look *look, const struct net *net)
{
    const char *path;

    if (!same(name_of(word), library_name(look->library)) || is_library(word, look))
        return false;
    path = path_of(word, look);
    return !path || !is_loadable(path, look, net);
}

static void add(struct text *out, struct word word, const char *before)
{
    text_print(out, "%s%.*s", text_size(out) ? before : "", (int)word.size, word.at);
}

/* A word of the list, behind what parted it from the one before. */
static void add_listed(struct text *out, struct word word, const char *list, bool is_marked)
{
    if (is_marked)
        text_add(out, mark);
    else if (text_size(out))
        text_add_bytes(out, word.at > list ? word.at - 1 : ":", 1);
    text_add_bytes(out, word.at, word.size);
}

/* The runtime that stands in front for another program is skipped. */
static struct word first_wanted(const char *list)
{
    struct word word = word_at(list);

    if (word.size && preload_is_runtime(word.at, word.size) &&
        strncmp(word.at + word.size, mark, sizeof mark - 1) == 0)
        return after(word);
    return word;
}

void preload_write(struct text *out, const char *list, struct reach_look *look, const struct net *net)
{
    struct text whole = text_in(out->at, (size_t)(out->end - out->at) + 1);
    struct word word = first_wanted(list), library = { look->library, strlen(look->library) };
    bool is_marked = look->runtime[0] && !(word.size && preload_is_runtime(word.at, word.size));
    bool has_library = false;

    if (is_marked)
        text_add(&whole, look->runtime);
    for (; word.size && preload_is_runtime(word.at, word.size); word = after(word))
        add_listed(&whole, word, list, false);
    for (struct word next = word; next.size && !has_library; next = after(next))
        has_library = is_library(next, look);
    if (!has_library) {
        add(&whole, library, is_marked ? mark : ":");
        is_marked = false;
    }
    for (; word.size; word = after(word))
        if (!is_useless(word, look, net)) {
            add_listed(&whole, word, list, is_marked);
            is_marked = false;
        }
    out->at = whole.at;
    out->cut |= whole.cut;
}
