/* The exchanges that are going on, by ID. */
#ifndef PTUNNEL_EXCHANGES_H
#define PTUNNEL_EXCHANGES_H

#include "exchange.h"

enum {
    EXCHANGE_LASTS = 60000, /* ms after its last question */
    EXCHANGES_MOST = 4096,
};

/* `end` is called for each that ends: its worker may forget it. */
void exchanges_start(void (*end)(struct exchange *exchange));

/* The oldest makes room for a new one. NULL: there is no memory, or the ID is another account's. */
struct exchange *exchanges_find_or_make(uint64_t id, struct known *known);
struct exchange *exchanges_find(uint64_t id);

/* What a worker has of it is of no use any more. */
void exchanges_forget(struct exchange *exchange);

void exchanges_drop_answer(struct exchange *exchange); /* and wipes it */

/* Ends those that nobody asked about for long. */
void exchanges_expire(void);

/* Calls visit for each. */
void exchanges_each(void (*visit)(struct exchange *exchange, void *data), void *data);

#endif
