#include "look.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

enum {
    PIDFD_OF_THREAD = O_EXCL,
    LINE_SIZE = 256,
    THREADS_MOST = 64,
    KEPT = 64
}; /* PIDFD_THREAD, since Linux 6.9 */

/* What stands behind "KEY:" in a file of /proc, as a number; -1. */
static long field(const char *path, const char *key, int base)
{
    char line[LINE_SIZE];
    size_t size = strlen(key);
    FILE *file = fopen(path, "re");
    long value = -1;

    while (file && value < 0 && fgets(line, sizeof line, file))
        if (strncmp(line, key, size) == 0)
            value = strtol(line + size, NULL, base);
    if (file)
        fclose(file);
    return value;
}

pid_t look_process(pid_t thread)
{
    char path[64];
    long process;

    snprintf(path, sizeof path, "/proc/%d/status", (int)thread);
    process = field(path, "Tgid:", 10);
    return process > 0 ? (pid_t)process : -ESRCH;
}

int look_open(pid_t thread)
{
    long fd = syscall(SYS_pidfd_open, thread, 0);
    pid_t process = fd < 0 ? look_process(thread) : -1;

    if (process > 0)
        fd = syscall(SYS_pidfd_open, process, 0);
    return fd < 0 ? -1 : (int)fd;
}

/* Those that were opened last. One that means a thread which has ended means no other, whatever becomes of the number. */
static struct {
    pid_t thread;
    int fd;
} kept[KEPT];

/* For a thread that does not lead its process the kernel wants a flag that older ones do not know; -1 there. */
static int open_thread(pid_t thread)
{
    long fd = syscall(SYS_pidfd_open, thread, 0);

    if (fd < 0)
        fd = syscall(SYS_pidfd_open, thread, PIDFD_OF_THREAD);
    return (int)fd;
}

static int take_by(int process, int number)
{
    long fd = syscall(SYS_pidfd_getfd, process, number, 0);

    return fd < 0 ? -errno : (int)fd;
}

/* Of the process, whose threads all but always have one table of descriptors. */
static int take_of_process(pid_t thread, int number)
{
    pid_t process = look_process(thread);
    int opened = process < 0 ? -1 : (int)syscall(SYS_pidfd_open, process, 0), fd;

    if (opened < 0)
        return -ESRCH;
    fd = take_by(opened, number);
    close(opened);
    return fd;
}

void look_forget(void)
{
    for (unsigned at = 0; at < KEPT; at++) {
        if (kept[at].thread)
            close(kept[at].fd);
        kept[at].thread = 0;
    }
}

int look_take(pid_t thread, int number)
{
    unsigned at = (unsigned)thread % KEPT;
    int fd = kept[at].thread == thread ? take_by(kept[at].fd, number) : -ESRCH;

    if (fd != -ESRCH)
        return fd;
    if (kept[at].thread)
        close(kept[at].fd);
    kept[at].fd = open_thread(thread);
    kept[at].thread = kept[at].fd < 0 ? 0 : thread;
    return kept[at].thread ? take_by(kept[at].fd, number) : take_of_process(thread, number);
}

bool look_read(pid_t thread, uint64_t from, void *to, size_t size)
{
    struct iovec here = { .iov_base = to, .iov_len = size };
    struct iovec there = { .iov_base = (void *)(uintptr_t)from, .iov_len = size };

    return size == 0 || process_vm_readv(thread, &here, 1, &there, 1, 0) == (ssize_t)size;
}

bool look_write(pid_t thread, uint64_t to, const void *from, size_t size)
{
    struct iovec here = { .iov_base = (void *)(uintptr_t)from, .iov_len = size };
    struct iovec there = { .iov_base = (void *)(uintptr_t)to, .iov_len = size };

    return size == 0 || process_vm_writev(thread, &here, 1, &there, 1, 0) == (ssize_t)size;
}

bool look_closes_on_exec(pid_t thread, int number)
{
    char path[64];
    long flags;

    snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", (int)thread, number);
    flags = field(path, "flags:", 8);
    return flags > 0 && flags & O_CLOEXEC;
}

int look_for_socket(pid_t process, ino_t inode, int except, int most)
{
    char path[64], wanted[64], found[64];
    struct dirent *entry;
    int number = -1;
    DIR *directory;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)process);
    snprintf(wanted, sizeof wanted, "socket:[%lu]", (unsigned long)inode);
    directory = opendir(path);
    while (directory && number < 0 && most-- > 0 && (entry = readdir(directory)) != NULL) {
        ssize_t size = readlinkat(dirfd(directory), entry->d_name, found, sizeof found - 1);

        if (size > 0 && (size_t)size == strlen(wanted) && memcmp(found, wanted, (size_t)size) == 0 &&
            atoi(entry->d_name) != except)
            number = atoi(entry->d_name);
    }
    if (directory)
        closedir(directory);
    return number;
}

/* Calls whose descriptors are in memory: poll(2), select(2), by all the numbers that machines have for them. */
static bool waits_for_several(int call)
{
    static const int calls[] = {
        SYS_ppoll,        SYS_pselect6,
#ifdef SYS_poll
        SYS_poll,
#endif
#ifdef SYS_select
        SYS_select,
#endif
#ifdef SYS__newselect
        SYS__newselect,
#endif
#ifdef SYS_ppoll_time64
        SYS_ppoll_time64, SYS_pselect6_time64,
#endif
    };

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (call == calls[i])
            return true;
    return false;
}

/* What a thread's file `syscall` says: "running", or the call's number and its arguments. */
static bool may_use(const char *path, int number)
{
    FILE *file = fopen(path, "re");
    unsigned long first = 0;
    int call = -1, found;

    if (!file)
        return false;
    found = fscanf(file, "%d %lx", &call, &first);
    fclose(file);
    if (found != 2)
        return true; /* it runs: nobody knows where to */
    return waits_for_several(call) || (int)first == number;
}

bool look_uses(pid_t thread, int number)
{
    char path[64];
    struct dirent *entry;
    bool uses = false;
    int left = THREADS_MOST;
    DIR *threads;

    snprintf(path, sizeof path, "/proc/%d/task", (int)thread);
    threads = opendir(path);
    while (threads && !uses && (entry = readdir(threads)) != NULL) {
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == thread)
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%.16s/syscall", (int)thread, entry->d_name);
        uses = left-- == 0 || may_use(path, number);
    }
    if (threads)
        closedir(threads);
    return uses;
}
