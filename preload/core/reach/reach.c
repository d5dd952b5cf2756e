/* From a command to the file that the loader will be asked for:
 *
 *   a name --PATH--> a file --#!--> its interpreter --#!--> ... --> env --> a name ... --> an ELF file
 *                                                      or the loader itself --> a path --^
 *
 * A step too many, or one that cannot be foreseen, is REACH_UNCLEAR: better refused than let out. */
#include "elf_file.h"
#include "env.h"
#include "kin.h"
#include "loader.h"
#include "privileges.h"
#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEPS_MOST = 16 };

static const char default_path[] = "/bin:/usr/bin"; /* execvp(3) where there is no PATH */
static const char shell[] = "/bin/sh";

enum { GO_ON = REACHES }; /* a step was made; look at the next file */

/* Writes the path to the answer: the directory of env -C, an element of PATH, and the name. */
static bool set_file(struct reach_walk *walk, const char *directory, size_t size, const char *name)
{
    struct text path = text_in(walk->out->file, sizeof walk->out->file);
    bool absolute = size > 0 ? directory[0] == '/' : name[0] == '/';

    if (walk->directory && !absolute) {
        text_add(&path, walk->directory);
        text_add(&path, "/");
    }
    text_add_bytes(&path, directory, size);
    if (size > 0)
        text_add(&path, "/");
    text_add(&path, name);
    return !path.cut;
}

/* A loader that is called by hand only reads the file. */
static bool can_be_run(const struct reach_walk *walk)
{
    const char *path = walk->out->file;
    struct stat file;

    return stat(path, &file) == 0 && S_ISREG(file.st_mode) &&
           access(path, walk->by_loader ? R_OK : X_OK) == 0;
}

/* Finds the file as execvp(3) does: the first along PATH that could be run. */
static bool find_file(struct reach_walk *walk)
{
    const char *at = walk->path ? walk->path : default_path;

    if (!walk->file[0])
        return false;
    if (!walk->search || strchr(walk->file, '/'))
        return set_file(walk, "", 0, walk->file) && can_be_run(walk);
    for (;;) {
        size_t size = strcspn(at, ":");

        if (set_file(walk, at, size, walk->file) && can_be_run(walk))
            return true;
        if (!at[size])
            return false;
        at += size + 1;
    }
}

/* The words of a #! line as the kernel parts them: the interpreter, and all the rest as one word. 0 if it
 * will say ENOEXEC. */
static size_t interpreter_words(struct reach_walk *walk, const char *head, size_t size, const char **words)
{
    const char *end = memchr(head, '\n', size), *start, *at;
    bool whole = end || size < REACH_HEAD_SIZE;

    end = end ? end : head + size;
    while (end > head + 2 && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    for (start = head + 2; start < end && (*start == ' ' || *start == '\t'); start++)
        ;
    for (at = start; at < end && *at != ' ' && *at != '\t' && *at; at++)
        ;
    if (at == start || (at == end && !whole))
        return 0;
    words[0] = reach_keep(walk, start, (size_t)(at - start));
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    if (at == end || !*at)
        return 1;
    words[1] = reach_keep(walk, at, strnlen(at, (size_t)(end - at)));
    return 2;
}

/* The command becomes the interpreter's `count` words, the script's path, and the script's arguments. */
static int go_on_with(struct reach_walk *walk, const char **words, size_t count)
{
    words[count] = reach_keep(walk, walk->out->file, strlen(walk->out->file));
    for (size_t i = 0; i <= count; i++)
        if (!words[i])
            return REACH_UNCLEAR;
    if (!reach_replace_words(walk, walk->count > 0, words, count + 1))
        return REACH_UNCLEAR;
    walk->file = words[0];
    walk->search = false;
    return GO_ON;
}

/* A #! line, or a file of no known format, which execvp(3) gives to the shell. */
static int through_text(struct reach_walk *walk, const char *head, size_t size)
{
    const char *words[3] = { shell };
    size_t count = 0;

    if (size >= 2 && memcmp(head, "#!", 2) == 0)
        count = interpreter_words(walk, head, size, words);
    if (count > 0)
        return go_on_with(walk, words, count);
    return walk->search ? go_on_with(walk, words, 1) : REACH_NOTHING;
}

static int through_words(enum reach_env words)
{
    static const int found[] = {
        [ENV_RUNS] = GO_ON, [ENV_PRINTS] = REACH_PRELOADED, [ENV_UNCLEAR] = REACH_UNCLEAR
    };

    return found[words];
}

static bool is_env(const char *path)
{
    const char *slash = strrchr(path, '/');

    return strcmp(slash ? slash + 1 : path, "env") == 0;
}

/* What the first program that is loaded asks for; what env(1) runs then asks anew. */
static void keep_wishes(struct reach_walk *walk, const struct elf *elf)
{
    struct text library;

    if (walk->is_loaded)
        return;
    walk->is_loaded = true;
    library = text_in(walk->out->library, sizeof walk->out->library);
    if (walk->library)
        kin_library(&library, kin_of(elf), walk->library);
    reach_runtime(elf, walk->out->runtime);
}

static bool has_library(const struct reach_walk *walk, const struct elf *elf)
{
    struct text path = text_in(walk->text.at, (size_t)(walk->text.end - walk->text.at) + 1);
    enum kin kin = kin_of(elf);

    return kin == KIN_SAME ||
           (walk->library && kin_library(&path, kin, walk->library) && access(path.start, R_OK) == 0);
}

static int through_elf(struct reach_walk *walk, const struct elf *elf)
{
    bool by_loader = walk->by_loader;
    enum reach reach;

    walk->by_loader = false;
    if (!has_library(walk, elf))
        return REACH_MACHINE;
    if (!by_loader && reach_is_loader(elf, walk->out->file))
        return through_words(reach_through_loader(walk));
    reach = reach_elf(elf);
#ifdef __x86_64__
    if (elf->machine == EM_386 && reach_can_be_supervised(reach))
        return REACH_MACHINE; /* its calls have other numbers than those that a supervisor knows */
#endif
    if (reach == REACH_PRELOADED)
        keep_wishes(walk, elf);
    return reach == REACH_PRELOADED && is_env(walk->out->file) ? through_words(reach_through_env(walk))
                                                               : (int)reach;
}

static int through_head(struct reach_walk *walk, int fd, const char *head, size_t size)
{
    enum reach reach = REACH_PRELOADED;
    struct elf elf;

    if (!reach_is_elf(head, size))
        return walk->by_loader ? REACH_NOTHING : through_text(walk, head, size);
    if (!walk->by_loader) /* the bits of what it loads mean nothing to the kernel */
        reach = reach_privileges(walk->out->file);
    if (reach != REACH_PRELOADED)
        return reach;
    if (elf_begin(&elf, fd, head, size))
        return through_elf(walk, &elf);
    return size < sizeof(Elf32_Ehdr) || elf_is_readable(head, size) ? REACH_NOTHING : REACH_MACHINE;
}

static int through_file(struct reach_walk *walk)
{
    char head[REACH_HEAD_SIZE];
    int fd = open(walk->out->file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    int found = REACH_UNCLEAR;
    enum reach reach;
    ssize_t size;

    if (fd < 0 && (errno == EACCES || errno == EPERM)) {
        reach = reach_privileges(walk->out->file);
        return reach == REACH_PRELOADED ? REACH_HIDDEN : reach;
    }
    if (fd < 0)
        return errno == ENOENT ? REACH_NOTHING : REACH_UNCLEAR;
    do
        size = pread(fd, head, sizeof head, 0);
    while (size < 0 && errno == EINTR);
    if (size >= 0)
        found = through_head(walk, fd, head, (size_t)size);
    walk->net->close(fd);
    return found;
}

static struct reach_walk start(struct reach_look *look, const struct reach_command *command,
                               const struct net *net)
{
    struct reach_walk walk = {
        .net = net,
        .out = look,
        .words = look->words,
        .file = command->file,
        .path = command->path,
        .search = command->search,
        .library = command->library,
        .text = text_in(look->text, sizeof look->text),
    };
    struct text own;

    while (walk.count < REACH_WORDS && command->argv[walk.count]) {
        walk.words[walk.count] = command->argv[walk.count];
        walk.count++;
    }
    walk.more = walk.count == REACH_WORDS && command->argv[walk.count];
    look->file[0] = look->runtime[0] = '\0';
    own = text_in(look->library, sizeof look->library);
    text_add(&own, command->library ? command->library : "");
    return walk;
}

enum reach reach_look(struct reach_look *look, const struct reach_command *command, const struct net *net)
{
    struct reach_walk walk = start(look, command, net);
    int saved = errno, found = GO_ON;

    for (int step = 0; found == GO_ON && step < STEPS_MOST; step++)
        found = find_file(&walk) ? through_file(&walk) : REACH_NOTHING;
    look->reach = found == GO_ON ? REACH_UNCLEAR : (enum reach)found;
    errno = saved;
    return look->reach;
}

bool reach_misses(enum reach reach)
{
    return reach != REACH_PRELOADED && reach != REACH_NOTHING;
}

bool reach_can_be_supervised(enum reach reach)
{
    return reach == REACH_STATIC || reach == REACH_GO || reach == REACH_PASCAL || reach == REACH_BUN ||
           reach == REACH_URING;
}

bool reach_hands_on(enum reach reach)
{
    return reach_can_be_supervised(reach) || reach == REACH_MACHINE || reach == REACH_LIBC;
}

#define LISTENER "let a listener connect for it: ptunnel -p PROXY PORT:HOST:PORT"
#define STARTER                                                                                              \
    "what it starts is tunnelled, so a program that only starts others (an AppImage, tini) needs --force "   \
    "alone"

static const struct {
    const char *reason, *remedy;
} answers[] = {
    [REACH_PRELOADED] = { "can be preloaded", "nothing need be done" },
    [REACH_NOTHING] = { "cannot be run", "give a program" },
    [REACH_STATIC] = { "is statically linked, so that nothing can be preloaded into it",
                       LISTENER ", or use a dynamically linked build; " STARTER },
    [REACH_GO] = { "is a Go program, which makes its system calls itself",
                   "many of these honour https_proxy by themselves; otherwise " LISTENER },
    [REACH_PASCAL] = { "is a Free Pascal program, which makes its system calls itself", LISTENER },
    [REACH_BUN] = { "is Bun, or was built with it, and makes its system calls itself",
                    "set https_proxy for it, which it honours for HTTP; otherwise " LISTENER },
    [REACH_URING] = { "uses io_uring through liburing, which makes its system calls itself", LISTENER },
    [REACH_SETID] = { "changes its user or group when it starts (set-user-ID, set-group-ID), which switches "
                      "preloading off",
                      "start ptunnel-run as the user it changes to, or " LISTENER },
    [REACH_CAPABLE] = { "has file capabilities, which switch preloading off",
                        "start ptunnel-run as root, use a copy of the file (which has none), or " LISTENER },
    [REACH_CALLER] = { "would start with an effective user or group that is not the real one, which switches "
                       "preloading off",
                       "start ptunnel-run as that user, not through a set-user-ID program" },
    [REACH_MACHINE] = { "is built for another machine than libptunnel.so (32-bit, or another processor)",
                        "use the ptunnel of that machine, or " LISTENER },
    [REACH_LIBC] = { "uses another C library than libptunnel.so is built for (glibc, musl)",
                     "use the ptunnel of that C library, or " LISTENER },
    [REACH_HIDDEN] = { "may be run but not read, so that nobody can tell whether it can be preloaded",
                       "have it made readable, or " LISTENER },
    [REACH_UNCLEAR] = { "leads to a program that cannot be told beforehand",
                        "give the program itself, without env or a script around it" },
};
_Static_assert(sizeof answers / sizeof *answers == REACHES, "an answer has no words");

const char *reach_reason(enum reach reach)
{
    return answers[reach].reason;
}

const char *reach_remedy(enum reach reach)
{
    return answers[reach].remedy;
}
