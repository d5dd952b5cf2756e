/* Rule files: where they are looked for, whether they can be trusted, and what includes what. */
#include "parser.h"

#include <ptunnel/log.h>
#include <ptunnel/errors.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where a rule file is looked for if none is named; what is not there is no error. */
static const struct {
    const char *variable, *rest; /* variable NULL: `rest` is the path */
} searched[] = {
    { "XDG_CONFIG_HOME", "/ptunnel/rules" },
    { "HOME", "/.config/ptunnel/rules" },
    { NULL, "/etc/ptunnel/rules" },
};

static bool refuse(struct parser *parser, const char *path, const struct place *asker, const char *words,
                   int error)
{
    struct place file = { .source = path };
    struct text *out = complaint(parser, asker ? asker : &file);

    if (asker) {
        text_add(out, "'");
        text_add(out, path);
        text_add(out, "': ");
    }
    text_add(out, words);
    if (error)
        errors_print(out, error);
    complaint_end(parser);
    return false;
}

/* NULL, or why nobody should believe what is in the file, with the remedy. */
static const char *distrust(const struct stat *file, bool secret)
{
    if (!S_ISREG(file->st_mode))
        return "is not a regular file";
    if (file->st_uid != geteuid() && file->st_uid != 0)
        return "belongs to another user: it must be your own or root's";
    if (file->st_mode & 022)
        return "others may write to it: chmod go-w it";
    if (secret && (file->st_mode & 077))
        return "others may read the password in it: chmod 600 it";
    if (file->st_size > FILE_MOST)
        return "is larger than 64 MiB";
    return NULL;
}

/* Reads it all; 0, or a positive errno. */
static int read_all(struct parser *parser, int fd, char *out, size_t size)
{
    char more;
    size_t used = 0;
    ssize_t got = 1;

    while (used < size && got > 0) {
        got = parser->net->read(fd, out + used, size - used);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            used += (size_t)got;
    }
    if (got < 0)
        return errno;
    /* Half a file may say the opposite of the whole. */
    return used < size || parser->net->read(fd, &more, 1) != 0 ? EAGAIN : 0;
}

static bool read_source(struct parser *parser, struct source *out, int fd, const char *path,
                        const struct place *asker, bool secret)
{
    const char *wrong;
    struct stat file;
    char *text;
    int error;

    if (fstat(fd, &file) < 0)
        return refuse(parser, path, asker, "cannot be read: ", errno);
    wrong = distrust(&file, secret);
    if (wrong)
        return refuse(parser, path, asker, wrong, 0);
    text = parser_alloc(parser, (size_t)file.st_size + 1);
    if (!text)
        return false;
    error = read_all(parser, fd, text, (size_t)file.st_size);
    if (error)
        return error == EAGAIN ? refuse(parser, path, asker, "was changed while it was read: try again", 0)
                               : refuse(parser, path, asker, "cannot be read: ", error);
    *out = (struct source){
        .name = path, .path = path, .at = text, .end = text + file.st_size, .has_lines = true
    };
    out->device = file.st_dev;
    out->inode = file.st_ino;
    out->mode = file.st_mode;
    return true;
}

static int open_file(const char *path)
{
    /* O_NONBLOCK: a FIFO must not hold up the program. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    return fd < 0 ? -errno : fd;
}

bool source_open(struct parser *parser, struct source *out, const char *path, const struct place *place,
                 bool secret)
{
    int fd = open_file(path);
    bool read;

    if (fd < 0)
        return refuse(parser, path, place, "cannot be read: ", -fd);
    read = read_source(parser, out, fd, path, place, secret);
    parser->net->close(fd);
    return read;
}

void source_has_secret(struct parser *parser, struct source *source, const struct place *place)
{
    if (source->kept)
        source->kept->secret = true;
    if (!source->path || !(source->mode & 077) || source->blamed)
        return;
    source->blamed = true;
    complain(parser, place, "others may read the secret here: chmod 600 the file");
}

static const char *join(struct parser *parser, const char *base, size_t base_size, const char *rest,
                        size_t rest_size)
{
    char *path = parser_alloc(parser, base_size + rest_size + 1);

    if (!path)
        return NULL;
    memcpy(path, base, base_size);
    memcpy(path + base_size, rest, rest_size);
    return path;
}

const char *source_path(struct parser *parser, const struct source *source, const struct word *path)
{
    const char *home = parser->variable("HOME");
    const char *slash = source->path ? strrchr(source->path, '/') : NULL;

    if (path->size == 0 || memchr(path->text, '\0', path->size)) {
        complain_expected(parser, &path->at, "a path", path);
        return NULL;
    }
    if (path->text[0] == '/')
        return parser_copy(parser, path->text, path->size);
    if (path->size > 1 && memcmp(path->text, "~/", 2) == 0) {
        if (home && home[0] == '/')
            return join(parser, home, strlen(home), path->text + 1, path->size - 1);
        complain(parser, &path->at, "'~/' is $HOME, which is not set to an absolute path");
        return NULL;
    }
    if (slash)
        return join(parser, source->path, (size_t)(slash - source->path) + 1, path->text, path->size);
    complain_expected(parser, &path->at, "an absolute path here", path);
    return NULL;
}

static bool may_include(struct parser *parser, const struct source *file, const struct word *path)
{
    unsigned depth = 0;

    for (const struct source *around = file->asker; around; around = around->asker, depth++)
        if (around->path && around->device == file->device && around->inode == file->inode)
            return refuse(parser, file->path, &path->at, "includes itself, here or by way of other files", 0);
    if (depth > INCLUDES_DEEP)
        return refuse(parser, file->path, &path->at, "is included more than 16 deep", 0);
    if (++parser->files > FILES_MOST)
        return refuse(parser, file->path, &path->at, "is one file more than the 256 that may be included", 0);
    return true;
}

static void parse_rule_file(struct parser *parser, struct source *file)
{
    struct config_text *text = parser_alloc(parser, sizeof *text);

    if (!text)
        return;
    *text = (struct config_text){ .path = file->path, .start = file->at, .end = file->end };
    *(parser->texts ? &parser->last_text->next : &parser->texts) = text;
    parser->last_text = file->kept = text;
    parse_source(parser, file);
}

void parse_include(struct parser *parser, struct line *line)
{
    struct place place = place_behind(line);
    struct source file = { 0 };
    struct word word;
    const char *path;

    if (!line_word(line, &word)) {
        if (!line->expected)
            complain_expected(parser, &place, "the path of a rule file", NULL);
        line_finish(parser, line);
        return;
    }
    line_finish(parser, line);
    path = source_path(parser, line->source, &word);
    if (!path || !source_open(parser, &file, path, &word.at, false))
        return;
    file.asker = line->source;
    if (may_include(parser, &file, &word))
        parse_rule_file(parser, &file);
}

static void parse_file(struct parser *parser, struct source *file)
{
    parser->file = file->path;
    parse_rule_file(parser, file);
}

static void parse_named_file(struct parser *parser, const char *path, const struct place *place)
{
    struct source file = { 0 };

    if (path[0] != '/')
        refuse(parser, path, place, "is not an absolute path", 0);
    else if (source_open(parser, &file, parser_copy(parser, path, strlen(path)), place, false))
        parse_file(parser, &file);
}

/* False: there is no such file, the search goes on. */
static bool parse_if_there(struct parser *parser, const char *base, const char *rest)
{
    const char *path = join(parser, base, strlen(base), rest, strlen(rest));
    int fd = path ? open_file(path) : -ENOMEM;
    struct source file = { 0 };

    if (fd == -ENOENT || fd == -ENOTDIR)
        return false;
    if (fd < 0) {
        if (path)
            refuse(parser, path, NULL, "cannot be read: ", -fd);
        return true;
    }
    if (read_source(parser, &file, fd, path, NULL, false))
        parse_file(parser, &file);
    parser->net->close(fd);
    return true;
}

static void search_file(struct parser *parser)
{
    for (size_t i = 0; i < sizeof searched / sizeof *searched; i++) {
        const char *base = searched[i].variable ? parser->variable(searched[i].variable) : "";

        if (!base || (searched[i].variable && base[0] != '/'))
            continue;
        if (parse_if_there(parser, base, searched[i].rest))
            return;
    }
}

void parse_files(struct parser *parser, const struct config_options *options)
{
    static const struct place option = { .source = "-r" }, rules_variable = { .source = "PTUNNEL_RULES" };
    const char *whole = options ? NULL : parser->variable("PTUNNEL_CONFIG");
    const char *named = options ? options->rules : NULL;
    struct source text = { .name = "PTUNNEL_CONFIG", .has_lines = true };

    if (whole && whole[0]) {
        parser->first_counts = true;
        text.at = parser_copy(parser, whole, strlen(whole));
        text.end = text.at + strlen(text.at);
        parse_source(parser, &text);
        return;
    }
    if (!named)
        named = parser->variable("PTUNNEL_RULES");
    if (!named)
        search_file(parser);
    else if (named[0])
        parse_named_file(parser, named, options && options->rules ? &option : &rules_variable);
}
