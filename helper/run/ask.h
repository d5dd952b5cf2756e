/* Other questions to whoever answers at a proxy's address, each on a connection of its own: they tell who is
 * to blame when a tunnel was not opened. */
#ifndef PTUNNEL_ASK_H
#define PTUNNEL_ASK_H

#include <ptunnel/proxy.h>

#include <stdbool.h>

enum { ASK_SILENT = -1, ASK_NO_HTTP = 0 };

/* Whether it speaks TLS: it answers a ClientHello with a handshake or an alert record. `at` is a literal. */
bool ask_tls(const struct endpoint *at);

/* Asks for a tunnel to 127.0.0.1:1, which every proxy known refuses, opens or closes at once. The status of its
 * reply, ASK_NO_HTTP if it closed or said something else, ASK_SILENT if nothing came. */
int ask_tunnel(const struct endpoint *at, const struct proxy *proxy);

/* `GET /`, as to a web server; proxies refuse it or show a page of their own. Result as above. */
int ask_page(const struct endpoint *at);

#endif
