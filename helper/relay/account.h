/* What tunnels have carried, for the log. */
#ifndef PTUNNEL_ACCOUNT_H
#define PTUNNEL_ACCOUNT_H

#include "relay.h"

/* A line of an open tunnel that ends (at LOG_CONNECTION): how long it was open, and the bytes each way. Nothing of the
 * others: a dial has said why it failed. */
void account_of_end(const struct relay *relay);

/* A line for each that there is, and one with their number. They are written unless nothing at all is (LOG_FAILURE). */
void account_of_all(const struct relays *all);

#endif
