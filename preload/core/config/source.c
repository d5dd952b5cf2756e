#include "source.h"
#include "complaint.h"

#include <ptunnel/errors.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 64 * 1024 * 1024 };

bool source_refuse(struct parser *parser, const char *path, const struct place *asker, const char *words,
                   int error)
{
    struct place file = { .source = path };
    struct text *out = complaint_start(parser, asker ? asker : &file);

    if (asker)
        text_print(out, "'%s': ", path);
    text_add(out, words);
    if (error)
        errors_print(out, error);
    complaint_end(parser);
    if (error == EMFILE || error == ENFILE || error == ENOMEM || error == EINTR)
        parser->passing = error;
    return false;
}

/* NULL, or why the file must not be believed, with the remedy. */
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

/* Reads the whole file. 0, or a positive errno; EAGAIN: its size changed meanwhile. */
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
    /* Half a file may say the opposite of the whole one. */
    return used < size || parser->net->read(fd, &more, 1) != 0 ? EAGAIN : 0;
}

static bool refuse_changed(struct parser *parser, const char *path, const struct place *asker)
{
    parser->passing = EAGAIN;
    return source_refuse(parser, path, asker, "was changed while it was read: try again", 0);
}

static bool read_source(struct parser *parser, struct source *out, int fd, const char *path,
                        const struct place *asker, bool secret)
{
    const char *wrong;
    struct stat file;
    char *text;
    int error;

    if (fstat(fd, &file) < 0)
        return source_refuse(parser, path, asker, "cannot be read: ", errno);
    wrong = distrust(&file, secret);
    if (wrong)
        return source_refuse(parser, path, asker, wrong, 0);
    text = parser_alloc(parser, (size_t)file.st_size + 1);
    if (!text)
        return false;
    error = read_all(parser, fd, text, (size_t)file.st_size);
    if (error)
        return error == EAGAIN ? refuse_changed(parser, path, asker)
                               : source_refuse(parser, path, asker, "cannot be read: ", error);
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
    /* O_NONBLOCK: the open(2) of a FIFO would wait for a writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    return fd < 0 ? -errno : fd;
}

bool source_open(struct parser *parser, struct source *out, const char *path, const struct place *place,
                 bool secret)
{
    int fd = open_file(path);
    bool read;

    if (fd < 0)
        return source_refuse(parser, path, place, "cannot be read: ", -fd);
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
    complaint_say(parser, place, "others may read the secret here: chmod 600 the file");
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

enum source_found source_search(struct parser *parser, struct source *out, const char *base, const char *rest)
{
    const char *path = join(parser, base, strlen(base), rest, strlen(rest));
    int fd = path ? open_file(path) : -ENOMEM;
    bool read;

    if (fd == -ENOENT || fd == -ENOTDIR)
        return SOURCE_ABSENT;
    if (fd < 0) {
        if (path)
            source_refuse(parser, path, NULL, "cannot be read: ", -fd);
        return SOURCE_WRONG;
    }
    read = read_source(parser, out, fd, path, NULL, false);
    parser->net->close(fd);
    return read ? SOURCE_READ : SOURCE_WRONG;
}

const char *source_path(struct parser *parser, const struct source *source, const struct word *path)
{
    const char *home = parser->variable("HOME");
    const char *slash = source->path ? strrchr(source->path, '/') : NULL;

    if (path->size == 0 || memchr(path->text, '\0', path->size)) {
        complaint_expected(parser, &path->at, "a path", path);
        return NULL;
    }
    if (path->text[0] == '/')
        return parser_copy(parser, path->text, path->size);
    if (path->size > 1 && memcmp(path->text, "~/", 2) == 0) {
        if (home && home[0] == '/')
            return join(parser, home, strlen(home), path->text + 1, path->size - 1);
        complaint_say(parser, &path->at, "'~/' is $HOME, which is not set to an absolute path");
        return NULL;
    }
    if (slash)
        return join(parser, source->path, (size_t)(slash - source->path) + 1, path->text, path->size);
    complaint_expected(parser, &path->at, "an absolute path here", path);
    return NULL;
}
