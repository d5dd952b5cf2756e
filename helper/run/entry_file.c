#include "entry_file.h"
#include "finder.h"

#include <ptunnel/text.h>

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char mark[] = "X-Ptunnel=true";

bool entry_file_is_ours(const char *path)
{
    FILE *file = fopen(path, "re");
    bool found = false;
    char *line = NULL;
    size_t room = 0;

    while (file && !found && getline(&line, &room, file) > 0)
        found = strncmp(line, mark, sizeof mark - 1) == 0;
    free(line);
    if (file)
        fclose(file);
    return found;
}

/* Whether the first Exec= of the file starts this command. */
static bool starts(const char *path, const char *command)
{
    FILE *file = fopen(path, "re");
    bool found = false, decided = false;
    char *line = NULL;
    size_t room = 0;

    while (file && !decided && getline(&line, &room, file) > 0) {
        char *slash;

        if (strncmp(line, "Exec=", 5) != 0)
            continue;
        line[5 + strcspn(line + 5, " \n")] = '\0';
        slash = strrchr(line, '/');
        found = strcmp(slash ? slash + 1 : line + 5, command) == 0;
        decided = true;
    }
    free(line);
    if (file)
        fclose(file);
    return found && !entry_file_is_ours(path);
}

static bool find_by_name(const char *folder, const char *program, char *path)
{
    const char *end = strrchr(program, '.');
    bool whole = end && strcmp(end, ".desktop") == 0;

    return snprintf(path, PATH_MAX, "%s/applications/%s%s", folder, program, whole ? "" : ".desktop") <
               PATH_MAX &&
           access(path, R_OK) == 0 && !entry_file_is_ours(path);
}

static bool find_by_command(const char *folder, const char *program, char *path)
{
    char place[PATH_MAX];
    const struct dirent *entry;
    bool found = false;
    DIR *list;

    snprintf(place, sizeof place, "%s/applications", folder);
    list = opendir(place);
    while (list && !found && (entry = readdir(list))) {
        const char *end = strrchr(entry->d_name, '.');

        found = end && strcmp(end, ".desktop") == 0 &&
                snprintf(path, PATH_MAX, "%s/%s", place, entry->d_name) < PATH_MAX && starts(path, program);
    }
    if (list)
        closedir(list);
    return found;
}

static bool users_folder(char *out)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = finder_home();

    if (data && data[0] == '/')
        return snprintf(out, PATH_MAX, "%s", data) < PATH_MAX;
    return home && snprintf(out, PATH_MAX, "%s/.local/share", home) < PATH_MAX;
}

typedef bool find_function(const char *folder, const char *program, char *path);

static bool find_with(find_function *find, const char *program, char *path)
{
    const char *folders = getenv("XDG_DATA_DIRS");
    char folder[PATH_MAX];

    if (users_folder(folder) && find(folder, program, path))
        return true;
    if (!folders || !folders[0])
        folders = "/usr/local/share:/usr/share";
    for (size_t size; *folders; folders += size + (folders[size] != '\0')) {
        size = strcspn(folders, ":");
        snprintf(folder, sizeof folder, "%.*s", (int)size, folders);
        if (folder[0] == '/' && find(folder, program, path))
            return true;
    }
    return false;
}

bool entry_file_find(const char *program, char *path)
{
    if (strchr(program, '/'))
        return snprintf(path, PATH_MAX, "%s", program) < PATH_MAX && access(path, R_OK) == 0 &&
               !entry_file_is_ours(path);
    return find_with(find_by_name, program, path) || find_with(find_by_command, program, path);
}

bool entry_file_place(const char *id, char *path)
{
    char folder[PATH_MAX];

    return users_folder(folder) &&
           snprintf(path, PATH_MAX, "%s/applications/ptunnel-%s.desktop", folder, id) < PATH_MAX;
}

/* Sandboxes of their own, into which nothing is preloaded. */
static bool is_apart(const char *command)
{
    size_t size = strcspn(command, " \n");
    const char *name = command;

    for (const char *at = command; at < command + size; at++)
        if (*at == '/')
            name = at + 1;
    size -= (size_t)(name - command);
    return text_begins(command, "/snap/") ||
           text_begins(command, "env BAMF_DESKTOP_FILE_HINT=/var/lib/snapd") ||
           (size == strlen("flatpak") && strncmp(name, "flatpak", size) == 0) ||
           (size == strlen("snap") && strncmp(name, "snap", size) == 0);
}

struct copying {
    const char *prefix;
    FILE *out;
    bool in_entry; /* in [Desktop Entry] */
    bool has_exec;
    const char *wrong;
};

/* A line without its end. */
static void copy_line(struct copying *copying, const char *line)
{
    if (line[0] == '[')
        copying->in_entry = strcmp(line, "[Desktop Entry]") == 0;
    if (text_begins(line, "Exec=")) {
        if (is_apart(line + 5))
            copying->wrong =
                "it is started in a sandbox of its own (flatpak, snap), which ptunnel does not reach";
        fprintf(copying->out, "Exec=%s %s\n", copying->prefix, line + 5);
        copying->has_exec |= copying->in_entry;
    } else if (copying->in_entry && (text_begins(line, "Name=") || text_begins(line, "Name["))) {
        fprintf(copying->out, "%s (proxy)\n", line);
    } else if (!(copying->in_entry && (text_begins(line, "DBusActivatable=") || text_begins(line, mark)))) {
        fprintf(copying->out, "%s\n", line);
    }
    /* D-Bus would start the program by itself, as it is. */
    if (copying->in_entry && line[0] == '[')
        fprintf(copying->out, "%s\nDBusActivatable=false\n", mark);
}

const char *entry_file_copy(const char *path, const char *prefix, FILE *out)
{
    struct copying copying = { .prefix = prefix, .out = out };
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t size;

    if (!file)
        return "it cannot be read";
    while ((size = getline(&line, &room, file)) > 0) {
        line[size - (line[size - 1] == '\n')] = '\0';
        copy_line(&copying, line);
    }
    free(line);
    fclose(file);
    return copying.wrong      ? copying.wrong
           : copying.has_exec ? NULL
                              : "it has no Exec=, which says what to start";
}

bool entry_file_quote(const char *word, FILE *out)
{
    bool plain = true;

    for (const char *at = word; *at; at++) {
        if (*at == '\n')
            return false;
        plain &= (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
                 strchr("/._-+@:,", *at);
    }
    if (!plain)
        fputc('"', out);
    for (const char *at = word; *at; at++) {
        if (*at == '"' || *at == '`' || *at == '$')
            fputs("\\\\", out);
        if (*at == '\\')
            fputs("\\\\\\", out);
        if (*at == '%')
            fputc('%', out);
        fputc(*at, out);
    }
    if (!plain)
        fputc('"', out);
    return true;
}
