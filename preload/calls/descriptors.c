#include "descriptors.h"

#include "../real.h"
#include "../pending/step.h"
#include "../pending/replace.h"
#include "../sockets/substitute.h"

#include <fcntl.h>

static bool known(int fd)
{
    return (!table_empty() && table_find(fd)) || (!peers_empty() && peers_known(fd));
}

void descriptors_before_close(int fd)
{
    int saved = errno;

    if (table_find(fd) && !table_is_borrowed())
        pending_close(fd);
    errno = saved;
}

void descriptors_before_close_range(unsigned first, unsigned last)
{
    int saved = errno;

    if (!table_is_borrowed()) {
        unsigned end = last < TABLE_DESCRIPTORS ? last : TABLE_DESCRIPTORS - 1;

        for (unsigned fd = first; fd <= end && !table_empty(); fd++)
            if (table_find((int)fd))
                pending_close((int)fd);
    }
    errno = saved;
}

static bool is_open(int fd)
{
    return real()->fcntl(fd, F_GETFD) >= 0;
}

void descriptors_before_replace(int from, int to)
{
    int saved = errno;

    if (from != to && known(to) && is_open(from) && !table_is_borrowed())
        pending_close(to);
    errno = saved;
}

void descriptors_duplicated(int from, int to)
{
    int saved = errno;
    struct entry *entry;

    if (from != to && to >= 0 && !table_is_borrowed()) {
        entry = table_empty() ? NULL : pending_find(from);
        watch_forget(to);
        if (entry)
            table_share(to, entry);
        if (!peers_empty())
            peers_copy(from, to);
        if (replaced_any())
            replace_copy(from, to);
    }
    errno = saved;
}

static void finish_inherited(int fd, struct entry *entry, void *data)
{
    (void)data;
    if (atomic_load(&entry->state) == ENTRY_PENDING && !(real()->fcntl(fd, F_GETFD) & FD_CLOEXEC))
        pending_finish(fd);
}

void descriptors_before_exec(void)
{
    if (!table_empty())
        table_each(finish_inherited, NULL);
}
