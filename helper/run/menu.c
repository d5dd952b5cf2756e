#include "menu.h"
#include "entry_file.h"
#include "finder.h"
#include "user_file.h"

#include "../common/libc_net.h"
#include "../common/usage.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_SIZE = 64 * 1024 };

/* A menu has none of the variables of the user's shell. */
static const char *variable_of_menu(const char *name)
{
    return strcmp(name, "HOME") == 0 || strcmp(name, "XDG_CONFIG_HOME") == 0 ? getenv(name) : NULL;
}

static bool has_proxy(const struct config_options *options)
{
    static char words[WORDS_SIZE];
    struct text wrong = text_in(words, sizeof words);
    const struct config *config = NULL;
    int result = config_load(&config, options, variable_of_menu, &libc_net, &wrong);

    if (result == -ENOENT)
        usage_complain(
            "--desktop: no rule file names a proxy, and a menu does not know your shell's variables: "
            "ptunnel-run --setup writes one");
    else if (result < 0 && !words[0])
        usage_complain("--desktop: %s", strerror(-result));
    for (char *line = strtok(words, "\n"); line; line = strtok(NULL, "\n"))
        usage_complain("%s", line);
    return result == 0;
}

/* "org.gnome.Evolution" of the entry's path. */
static void id_of(const char *path, char *id)
{
    const char *slash = strrchr(path, '/');

    snprintf(id, NAME_MAX, "%s", slash ? slash + 1 : path);
    if (strlen(id) > 8 && strcmp(id + strlen(id) - 8, ".desktop") == 0)
        id[strlen(id) - 8] = '\0';
}

static bool log_place(const char *id, char *path)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = finder_home();
    int size = -1;

    if (state && state[0] == '/')
        size = snprintf(path, PATH_MAX, "%s/ptunnel/%s.log", state, id);
    else if (home)
        size = snprintf(path, PATH_MAX, "%s/.local/state/ptunnel/%s.log", home, id);
    return size >= 0 && size < PATH_MAX;
}

/* "/usr/bin/ptunnel-run --log FILE [-r FILE] --": a menu's PATH need not have us. NULL: it cannot be said in an entry. */
static char *make_prefix(const char *log, const char *rules)
{
    char self[PATH_MAX], whole[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    char *prefix = NULL;
    size_t length;
    FILE *out = open_memstream(&prefix, &length);
    bool good = size > 0 && out;

    if (good) {
        self[size] = '\0';
        good = entry_file_quote(self, out) && fputs(" --log ", out) >= 0 && entry_file_quote(log, out);
    }
    if (good && rules)
        good = realpath(rules, whole) && fputs(" -r ", out) >= 0 && entry_file_quote(whole, out);
    if (out) {
        fputs(" --", out);
        good = fclose(out) == 0 && good;
    }
    if (!good)
        free(prefix);
    return good ? prefix : NULL;
}

static bool is_free(const char *path)
{
    if (access(path, F_OK) < 0)
        return true;
    if (entry_file_is_ours(path))
        return true;
    usage_complain("--desktop: '%s' is there, and not ours: remove it", path);
    return false;
}

static bool write_entry(const char *source, const char *place, const char *prefix)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    const char *wrong = out ? entry_file_copy(source, prefix, out) : strerror(errno);
    bool written = false;

    if (out && fclose(out) != 0 && !wrong)
        wrong = strerror(errno);
    if (wrong)
        usage_complain("--desktop '%s': %s", source, wrong);
    else
        written =
            is_free(place) && user_file_write(place, access(place, F_OK) == 0 ? place : NULL, text, size);
    free(text);
    return written;
}

static bool add(const char *program, const struct config_options *options)
{
    char source[PATH_MAX], place[PATH_MAX], log[PATH_MAX], id[NAME_MAX];
    char *prefix;
    bool written;

    if (!entry_file_find(program, source)) {
        usage_complain("--desktop '%s': no menu entry has this name, or starts such a command", program);
        return false;
    }
    id_of(source, id);
    if (!entry_file_place(id, place) || !log_place(id, log)) {
        usage_complain("--desktop: no place for an entry is known: set HOME");
        return false;
    }
    user_file_make_folders(log);
    prefix = make_prefix(log, options->rules);
    if (!prefix) {
        usage_complain("--desktop '%s': no entry can name '%s'", program,
                       options->rules ? options->rules : log);
        return false;
    }
    written = write_entry(source, place, prefix);
    if (written)
        printf("Written: %s, of %s; its log: %s\n", place, source, log);
    free(prefix);
    return written;
}

bool menu_add(char *const *programs, const struct config_options *options)
{
    bool good = has_proxy(options);

    if (!good)
        return false;
    for (; *programs; programs++)
        good = add(*programs, options) && good;
    return good;
}

static bool take_away(const char *program)
{
    char source[PATH_MAX], place[PATH_MAX], id[NAME_MAX];

    id_of(program, id);
    if (!entry_file_place(id, place) || access(place, F_OK) < 0) {
        if (entry_file_find(program, source))
            id_of(source, id);
        entry_file_place(id, place);
    }
    if (!entry_file_is_ours(place)) {
        usage_complain("--no-desktop '%s': there is no entry of ours for it", program);
        return false;
    }
    if (unlink(place) < 0) {
        usage_complain("--no-desktop '%s': %s", place, strerror(errno));
        return false;
    }
    printf("Removed: %s\n", place);
    return true;
}

bool menu_remove(char *const *programs)
{
    bool good = true;

    for (; *programs; programs++)
        good = take_away(*programs) && good;
    return good;
}
