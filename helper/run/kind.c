#include "kind.h"

#include <ptunnel/text.h>

#include <stddef.h>

/* Measured, with the versions in ptunnel-proxies(7). Those that say nothing of themselves are not here. */
static const struct kind kinds[] = {
    { "nghttpx", 60, true },   { "ziproxy", 90, true },        { "tinyproxy", 600, true },
    { "squid", 900, true },    { "WEBrick", 0, true },         { "HTTP::Proxy", 0, true },
    { "ATS/", 31, false },     { "TrafficServer", 31, false }, { "Apache", 302, false },
    { "lighttpd", 61, false }, { "Whistle", 360, false },
};

const struct kind *kind_of(const char *said)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (const char *at = said; *at; at++)
            if (text_begins(at, kinds[i].word))
                return &kinds[i];
    return NULL;
}
