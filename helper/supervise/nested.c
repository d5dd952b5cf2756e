#include "nested.h"
#include "look.h"
#include "space.h"
#include "supervisor.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct sockaddr question = { .sa_family = AF_UNSPEC, .sa_data = "ptunnel here?" };

enum nested nested_ask(void)
{
    if (syscall(SYS_connect, -1, &question, sizeof question) == 0)
        return NESTED_HERE;
    return errno == EPERM ? NESTED_FIXED : NESTED_NOT;
}

bool nested_answer(struct supervisor *s, const struct notice *notice)
{
    struct sockaddr asked;

    if (notice->call != SYS_connect || (int)notice->arguments[0] != -1 ||
        notice->arguments[2] != sizeof asked ||
        !look_read(notice->thread, notice->arguments[1], &asked, sizeof asked) ||
        memcmp(&asked, &question, sizeof asked) != 0)
        return false;
    if (s->maker == SPACE_NONE)
        s->configs.wanted = true;
    notify_answer(s->listener, notice->id, s->maker == SPACE_NONE ? 0 : -EPERM);
    return true;
}
