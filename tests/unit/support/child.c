#include "child.h"
#include "folder.h"
#include "rows.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

const struct net child_net = { .poll = poll, .write = write, .close = close };

struct child_fault *child_fault;

void child_run(void (*test)(const void *row), const void *row)
{
    pid_t child;
    int status = -1;

    if (!child_fault)
        child_fault =
            mmap(NULL, sizeof *child_fault, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(child_fault, MAP_FAILED);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        test(row);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        fail_msg("the child was ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status))
        fail_msg("the child found fault: %s:%d", child_fault->file, child_fault->line);
}

static void fill_pipe(int fd)
{
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (write(fd, "x", 1) == 1)
        ;
    fcntl(fd, F_SETFL, 0);
}

static void make_file(int ends[2], const char *name)
{
    ends[1] = open(name, O_WRONLY | O_CREAT | O_APPEND, 0600);
    ends[0] = open(name, O_RDONLY);
}

static void make_pty(int ends[2])
{
    ends[0] = posix_openpt(O_RDWR | O_NOCTTY);
    REQUIRE(ends[0] >= 0 && grantpt(ends[0]) == 0 && unlockpt(ends[0]) == 0);
    ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY);
}

/* Both ends of what a kind is: [1] is written to, [0] shows what was written. */
static void make(enum kind kind, int ends[2])
{
    switch (kind) {
    case FILE_KIND:
    case SAME_FILE:
        make_file(ends, folder_path("log"));
        break;
    case OTHER_FILE:
        make_file(ends, folder_path("other"));
        break;
    case PTY:
        make_pty(ends);
        break;
    case NULL_DEVICE:
        ends[0] = ends[1] = open("/dev/null", O_RDWR);
        break;
    case SOCKET:
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
        break;
    default:
        REQUIRE(pipe(ends) == 0);
    }
    REQUIRE(ends[0] >= 0 && ends[1] >= 0);
    if (kind == FULL_PIPE)
        fill_pipe(ends[1]);
    if (kind == BROKEN_PIPE)
        close(ends[0]);
}

void child_stderr(enum kind kind, int ends[2])
{
    if (kind == CLOSED) {
        close(STDERR_FILENO);
        return;
    }
    make(kind, ends);
    REQUIRE(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
    close(ends[1]);
}

size_t child_came(int fd, char *out, size_t room)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    ssize_t got = 0;

    if (poll(&ready, 1, 0) == 1 && ready.revents & POLLIN)
        got = read(fd, out, room - 1);
    REQUIRE(got >= 0);
    out[got] = '\0';
    return (size_t)got;
}
