#include "settings.h"

#include <ptunnel/text.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 1024 * 1024, SECTION_SIZE = 128 };

static const char blanks[] = " \t\r";

static char *without_blanks(char *words)
{
    size_t size;

    words += strspn(words, blanks);
    for (size = strlen(words); size > 0 && strchr(blanks, words[size - 1]); size--)
        continue;
    words[size] = '\0';
    return words;
}

/* Cuts the value at the end of its quotes, or at a comment behind it. */
static char *bare_value(char *value)
{
    value = without_blanks(value);
    if (value[0] == '"' || value[0] == '\'') {
        value[1 + strcspn(value + 1, value[0] == '"' ? "\"" : "'")] = '\0';
        return value + 1;
    }
    for (char *at = value; *at; at++)
        if (strchr(blanks, at[0]) && (at[1] == '#' || at[1] == ';'))
            *at = '\0';
    return without_blanks(value);
}

/* The key ends at a '=' unless a URL or a quote comes first ("proxy http://u:p=@host"), then at a blank. */
static void take_setting(char *line, const char *section, settings_take *take, void *data)
{
    size_t size = strcspn(line, "=\"'/");
    char *value;

    if (line[size] != '=')
        size = strcspn(line, blanks);
    value = line + size + (line[size] != '\0');
    line[size] = '\0';
    if (text_begins(line, "export "))
        line += strlen("export ");
    line[strcspn(line, "[")] = '\0'; /* KDE's key[$e] */
    line = without_blanks(line);
    size = strlen(line);
    if (size > 1 && line[size - 1] == ':') /* curl's "proxy: URL" */
        line[size - 1] = '\0';
    value += strspn(value, blanks);
    take(data, section, line, bare_value(value + (*value == '=')));
}

/* "[section]": what stands behind it; NULL: it is none. */
static char *take_section(char *line, struct text *section)
{
    size_t size = strcspn(line, "]");

    if (line[0] != '[' || !line[size])
        return NULL;
    *section = text_in(section->start, SECTION_SIZE);
    text_add_bytes(section, line + 1, size - 1);
    return line + size + 1;
}

void settings_parse(char *text, const char *ends, settings_take *take, void *data)
{
    char name[SECTION_SIZE], stops[16] = "\n";
    struct text section = text_in(name, sizeof name);

    strncat(stops, ends, sizeof stops - 2);
    while (*text) {
        char *line, *behind;
        size_t size;
        bool comment;

        text += strspn(text, " \t\r\n");
        comment = *text == '#' || *text == ';' || text_begins(text, "//");
        size = strcspn(text, comment ? "\n" : stops);
        line = text;
        text += size + (text[size] != '\0');
        if (line[size])
            line[size] = '\0';
        if (comment || size == 0)
            continue;
        behind = take_section(line, &section);
        if (behind)
            line = without_blanks(behind);
        if (line[0] && line[0] != '[')
            take_setting(line, name, take, data);
    }
}

static bool is_trusted(const struct stat *status)
{
    return S_ISREG(status->st_mode) && status->st_size <= FILE_MOST &&
           (status->st_uid == 0 || status->st_uid == geteuid());
}

char *settings_read(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char *text = NULL;
    struct stat status;
    ssize_t got;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &status) == 0 && is_trusted(&status))
        text = calloc(1, (size_t)status.st_size + 1);
    for (size_t used = 0; text && (got = read(fd, text + used, (size_t)status.st_size - used)) > 0;)
        used += (size_t)got;
    close(fd);
    return text;
}

void settings_free(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

const char *settings_key(const char *words, const char *key)
{
    char word[64];

    for (size_t size; *(words += strspn(words, " ")); words += size) {
        size_t all = strlen(key), skip;

        size = strcspn(words, " ");
        skip = words[0] == '*';
        if (size - skip >= sizeof word || all < size - skip || (!skip && all != size))
            continue;
        memcpy(word, words + skip, size - skip);
        word[size - skip] = '\0';
        if (text_same(key + all - (size - skip), word))
            return words;
    }
    return NULL;
}
