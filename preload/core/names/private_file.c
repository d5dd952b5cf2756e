#include "user.h"

#include <ptunnel/private_file.h>
#include <ptunnel/errors.h>
#include <ptunnel/log.h>
#include <ptunnel/owned.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int complain(struct text *wrong, const char *path, const char *what, int error)
{
    text_print(wrong, "%s %s", path, what);
    return -error;
}

int private_file_complain(const struct private_file *file, int error, struct text *wrong)
{
    text_print(wrong, "%s: ", file->path);
    errors_print(wrong, error);
    return -error;
}

static const char *directory_wrong(const char *path, mode_t forbidden)
{
    struct stat now;

    if (lstat(path, &now) < 0)
        return "cannot be made, nor looked at";
    if (!S_ISDIR(now.st_mode))
        return "is no directory: remove it";
    if (now.st_uid != geteuid())
        return "belongs to somebody else: have it removed";
    return now.st_mode & forbidden ? "is open to others: set its mode to 0700" : NULL;
}

/* Sets file->path to a file in that directory. False if it is not the user's own, or the path does not
 * fit. */
static bool use_directory(struct private_file *file, const char *base, bool with_user)
{
    struct text path = text_in(file->path, sizeof file->path);

    text_add(&path, base);
    if (with_user)
        text_add_number(&path, user_number(file->net));
    if (path.cut || directory_wrong(file->path, 022))
        return false;
    text_print(&path, "/ptunnel-%s", file->name);
    return !path.cut;
}

/* Looked for each time, since a program may change its user. */
static int find_path(struct private_file *file, const char *directory, struct text *wrong)
{
    struct text path;
    const char *bad;

    if (directory && directory[0] == '/' && use_directory(file, directory, false))
        return 0;
    if (use_directory(file, "/run/user/", true))
        return 0;
    path = text_in(file->path, sizeof file->path);
    text_print(&path, "/dev/shm/ptunnel-%u", (unsigned)user_number(file->net));
    if (file->make)
        mkdir(file->path, 0700);
    bad = directory_wrong(file->path, 077);
    if (bad)
        return complain(wrong, file->path, bad, EACCES);
    text_print(&path, "/%s", file->name);
    return 0;
}

static const char *file_wrong(int fd)
{
    struct stat now = { 0 };
    const char *wrong;

    fstat(fd, &now);
    wrong = owned_wrong(&now);
    if (wrong)
        return wrong;
    if (now.st_mode & 077)
        return "is open to others: remove it";
    if ((now.st_mode & 0600) != 0600 && fchmod(fd, 0600) < 0)
        return "has not the mode 0600: remove it"; /* whatever umask it was made under */
    return NULL;
}

static int open_checked(struct private_file *file, const char *directory, struct text *wrong)
{
    int result = find_path(file, directory, wrong);
    const char *bad;

    if (result < 0)
        return result;
    file->fd =
        open(file->path, O_RDWR | (file->make ? O_CREAT : 0) | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
             0600);
    if (file->fd < 0 && errno == ELOOP)
        return complain(wrong, file->path, "is a symbolic link: remove it", ELOOP);
    if (file->fd < 0)
        return private_file_complain(file, errno, wrong);
    bad = file_wrong(file->fd);
    if (!bad)
        return 0;
    file->net->close(file->fd);
    return complain(wrong, file->path, bad, EACCES);
}

static void resume_program(const struct private_file *file)
{
    pthread_setcancelstate(file->cancel, NULL);
    pthread_sigmask(SIG_SETMASK, &file->signals, NULL);
}

bool private_file_may_grow_to(off_t end)
{
    struct rlimit most;

    return getrlimit(RLIMIT_FSIZE, &most) == 0 &&
           (most.rlim_cur == RLIM_INFINITY || (rlim_t)end <= most.rlim_cur);
}

bool private_file_is_writable(const struct net *net, const char *directory, const char *name)
{
    struct private_file file = { .net = net, .name = name };
    char words[PRIVATE_FILE_PATH_SIZE], *slash;
    struct text wrong = text_in(words, sizeof words);
    struct stat there;

    if (find_path(&file, directory, &wrong) < 0) /* the path is then that of the folder */
        return lstat(file.path, &there) < 0 && access("/dev/shm", W_OK) == 0;
    if (access(file.path, W_OK) == 0)
        return true;
    slash = strrchr(file.path, '/');
    *slash = '\0';
    return errno == ENOENT && access(file.path, W_OK) == 0;
}

int private_file_open(struct private_file *file, const struct net *net, const char *directory,
                      const char *name, bool make, struct text *wrong)
{
    sigset_t all;
    int result;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &file->signals);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &file->cancel);
    file->net = net;
    file->name = name;
    file->make = make;
    result = open_checked(file, directory, wrong);
    if (result < 0)
        resume_program(file);
    return result;
}

void private_file_close(struct private_file *file)
{
    file->net->close(file->fd);
    resume_program(file);
}
