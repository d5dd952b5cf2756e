#include "gates.h"
#include "addresses.h"
#include "look.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct wish *wish;
char asked_for[4];
int line_to_targets;

const struct gate gates[GATES] = { { "slow", 'e', 10000 },
                                   { "slowgreet", 'g', 11000 },
                                   { "slowrefuse", 'x', 12000 },
                                   { "timeout", 'x', 13000 } };

static const struct gate *gate_named(const char *outcome)
{
    for (size_t i = 0; i < GATES; i++)
        if (strcmp(gates[i].outcome, outcome) == 0)
            return &gates[i];
    return NULL;
}

socklen_t control_address(int port, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
    return (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1 +
           (socklen_t)snprintf(out->sun_path + 1, sizeof out->sun_path - 1, "readiness.%d", port);
}

int control_line(void)
{
    struct sockaddr_un address;
    socklen_t size = control_address(port_named("accept"), &address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, size) < 0)
        fail("control_line");
    return fd;
}

int ask_targets(int line, char verb, int gate)
{
    struct request request = { .verb = verb,
                               .gate = (char)gate,
                               .six = options.family == AF_INET6 && !options.mapped };
    int answer = 0;

    if (send(line, &request, sizeof request, MSG_NOSIGNAL) != (ssize_t)sizeof request ||
        TEMP_FAILURE_RETRY(recv(line, &answer, sizeof answer, MSG_WAITALL)) != (ssize_t)sizeof answer)
        fail("ask_targets");
    return answer;
}

/* A native time-out is the kernel's: see "open". */
int target_port(struct story *story, const char *outcome)
{
    const struct gate *gate = gate_named(outcome);

    snprintf(story->outcome, sizeof story->outcome, "%s", outcome);
    story->shut = gate || strcmp(outcome, "never") == 0;
    if (!gate)
        return port_named(outcome);
    if (options.native && strcmp(outcome, "timeout") == 0)
        return port_named("never");
    return ask_targets(line_to_targets, 'm', (int)(gate - gates));
}

void post_wish(void)
{
    if (!asked_for[0])
        return;
    strcpy(wish->acts, asked_for);
    wish->since = 0;
    asked_for[0] = 0;
    atomic_store(&wish->open, true);
}
