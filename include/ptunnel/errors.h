/* Words for errno values: strerror(3) may allocate, lock and load a catalogue of messages. */
#ifndef PTUNNEL_ERRORS_H
#define PTUNNEL_ERRORS_H

#include <ptunnel/text.h>

/* "connection refused", for the errors that sockets and files have; "error 73" for what nobody foresaw. */
void errors_print(struct text *out, int error);

#endif
