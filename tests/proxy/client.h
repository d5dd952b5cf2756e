#ifndef PROXY_CLIENT_H
#define PROXY_CLIENT_H

#include "loop.h"
#include "record.h"
#include "script.h"

struct client;

/* What all clients share. */
struct clients {
    struct loop *loop;
    const struct record *record;
    const struct script *script;
    void (*on_gone)(void *owner); /* called when a client has closed its descriptors */
    void *owner;
    struct client *first;
    unsigned long accepted, open, most, tunnels;
};

/* Takes over a connection that was just accepted. */
void client_start(struct clients *clients, int fd);
/* The same, but ends it before anything is read. */
void client_turn_away(struct clients *clients, int fd, enum ending ending);
void clients_free(struct clients *clients);

#endif
