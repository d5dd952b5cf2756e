#include "refuse.h"

#include "../pending/step.h"
#include "../real.h"
#include "../sockets/socket.h"

#include <ptunnel/log.h>

/* Apart, so that its buffers are not in the caller's frame: see dial_words.h. */
static __attribute__((noinline)) void say_rejected(const struct claim *claim)
{
    const struct rule *rule = claim->decision.rule;
    char buffer[LOG_LINE_SIZE], authority[ENDPOINT_TEXT_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    endpoint_print(&claim->target, authority);
    text_print(&line, "%s: rejected%s", authority, rule ? " by " : ", no rule lets it out");
    if (rule)
        text_add_foreign(&line, rule->words, rule->size, 200);
    log_line(LOG_CONNECTION, &line);
}

int refuse_claimed(const struct claim *claim)
{
    struct entry *entry;
    int result = socket_connect_to_nowhere(claim->fd, claim->family);

    if (claim->decision.verdict == VERDICT_REJECT && log_wants(LOG_CONNECTION))
        say_rejected(claim);
    if (result == -EINPROGRESS && (entry = slot_add(claim->fd))) {
        entry->error = ECONNREFUSED;
        entry->dial.fd = claim->fd;
        entry->dial.family = claim->family;
        pending_adopt(claim->fd, entry);
        atomic_store(&entry->unread, true);
        atomic_store(&entry->state, ENTRY_FAILED);
        entry_unlock(entry);
    }
    return result;
}
