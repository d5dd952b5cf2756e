#include "account.h"

#include <ptunnel/carried.h>
#include <ptunnel/log.h>

static void say(const struct relay *relay, enum log_level level, const char *what)
{
    char buffer[LOG_LINE_SIZE], target[ENDPOINT_TEXT_SIZE];
    struct text line = text_in(buffer, sizeof buffer);
    struct carried carried = { .since = relay->since,
                               .sent = relay->out.written,
                               .received = relay->in.written };

    if (!relay->target || !log_wants(level))
        return;
    endpoint_print(relay->target, target);
    text_print(&line, "%s: %s ", target, what);
    if (relay->state == RELAY_OPEN)
        carried_print(&carried, &line);
    else
        carried_print_time(&carried, &line);
    log_line(level, &line);
}

void account_of_end(const struct relay *relay)
{
    if (relay->state == RELAY_OPEN)
        say(relay, LOG_CONNECTION, "closed after");
}

static void list(const struct link *relays)
{
    for (const struct link *at = relays->next; at != relays; at = at->next) {
        const struct relay *relay = owner_of(at, const struct relay, link);

        say(relay, LOG_FAILURE, relay->state == RELAY_OPEN ? "open for" : "being opened for");
    }
}

void account_of_all(const struct relays *all)
{
    log_print(LOG_FAILURE, "tunnels: %lu", (unsigned long)all->count);
    list(&all->dialing);
    list(&all->relaying);
    list(&all->busy);
}
