#include "account.h"

#include <ptunnel/log.h>

/* "12.345 s, bytes sent: 1024, received: 4096": sent is what the client said. */
static void add_figures(const struct relay *relay, struct text *line)
{
    unsigned long passed = (unsigned long)((deadline_now() - relay->since) / 1000000);
    char fraction[4] = { (char)('0' + passed / 100 % 10), (char)('0' + passed / 10 % 10),
                         (char)('0' + passed % 10) };

    text_print(line, "%lu.%s s", passed / 1000, fraction);
    if (relay->state == RELAY_OPEN)
        text_print(line, ", bytes sent: %lu, received: %lu", (unsigned long)relay->out.written,
                   (unsigned long)relay->in.written);
}

static void say(const struct relay *relay, enum log_level level, const char *what)
{
    char buffer[LOG_LINE_SIZE], target[ENDPOINT_TEXT_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    if (!relay->target || !log_wants(level))
        return;
    endpoint_print(relay->target, target);
    text_print(&line, "%s: %s ", target, what);
    add_figures(relay, &line);
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
