/* A descriptor, handed over a socket of AF_UNIX that keeps messages apart (SOCK_SEQPACKET). */
#ifndef PTUNNEL_HAND_H
#define PTUNNEL_HAND_H

#include <stdbool.h>

/* The sender keeps it; -1 is told as such. False: the other side has gone. */
bool hand_send(int to, int fd);

/* To be closed; closed on exec. -1: that was told, or the other side has gone, or is late (SO_RCVTIMEO). */
int hand_receive(int from);

/* Closes all descriptors but standard input, output and error, and these; -1: none. */
void hand_keep_only(int one, int other);

#endif
