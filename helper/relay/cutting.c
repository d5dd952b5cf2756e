#include "cutting.h"

#include <ptunnel/log.h>

void cutting_say(const struct dial *dial, bool cured)
{
    static bool said;
    const struct brand *brand = dial->candidate >= 0 ? dial->handshake.reply.brand : NULL;
    char authority[ENDPOINT_TEXT_SIZE];

    if (said || cured || !brand || !brand->cuts)
        return;
    said = true;
    endpoint_print(&dial->route->candidates[dial->candidate].proxy.at, authority);
    log_print(LOG_CONNECTION,
              "%s: this proxy (%s) is known to end both directions when a client ends its own: --half-close "
              "delay:5 "
              "keeps the answers, see ptunnel-proxies(7)",
              authority, brand->word);
}
