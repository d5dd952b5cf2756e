#include <ptunnel/addresses.h>

#include <netdb.h>
#include <string.h>

static void add_address(struct addresses *list, const struct endpoint *endpoint)
{
    list->at[list->count].address = endpoint->address;
    list->at[list->count++].scope = endpoint->scope;
}

bool addresses_find(struct addresses *out, const struct endpoint *endpoint, const struct net *net)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;
    struct endpoint address;

    memset(out, 0, sizeof *out);
    if (endpoint->literal) {
        add_address(out, endpoint);
        return true;
    }
    if (net->getaddrinfo(endpoint->host, NULL, &hints, &found) != 0)
        return false;
    for (struct addrinfo *at = found; at && out->count < ADDRESSES_MOST; at = at->ai_next)
        if (endpoint_from_sockaddr(&address, at->ai_addr, at->ai_addrlen))
            add_address(out, &address);
    net->freeaddrinfo(found);
    return out->count > 0;
}
