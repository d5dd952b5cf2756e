#ifndef PROXY_SERVER_H
#define PROXY_SERVER_H

#include "client.h"
#include "options.h"

/* The listeners, the signals, and what they act on. */
struct server {
    struct loop loop;
    struct record record;
    struct clients clients;
    const struct options *options;
    struct watch listeners[LISTENERS_MOST];
    bool paused;
    struct timer pause;
    struct watch signals;
};

/* Listens and prints where; ends the program if that fails. */
void server_start(struct server *server, const struct options *options);
void server_run(struct server *server); /* until SIGTERM or SIGINT */
void server_stop(struct server *server);

#endif
