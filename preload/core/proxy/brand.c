#include <ptunnel/brand.h>
#include <ptunnel/text.h>

#include <string.h>

/* Measured, with the versions in ptunnel-proxies(7). Those that say nothing of themselves are not here. */
static const struct brand brands[] = {
    { "nghttpx", 60, true },  { "ziproxy", 90, true },        { "tinyproxy", 600, true },
    { "squid", 900, true },   { "WEBrick", 0, true },         { "HTTP::Proxy", 0, true },
    { "ATS/", 31, false },    { "TrafficServer", 31, false }, { "Apache", 302, false },
    { "lighttpd", 61, true }, { "Whistle", 360, false },
};

const struct brand *brand_of(const char *said, size_t size)
{
    for (size_t i = 0; i < sizeof brands / sizeof *brands; i++)
        for (size_t at = 0; at + strlen(brands[i].word) <= size; at++)
            if (text_begins(said + at, brands[i].word))
                return &brands[i];
    return NULL;
}
