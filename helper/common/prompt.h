/* A question on the terminal. */
#ifndef PTUNNEL_PROMPT_H
#define PTUNNEL_PROMPT_H

#include <stddef.h>

enum prompt { PROMPT_ANSWERED, PROMPT_NO_ANSWER, PROMPT_NO_TERMINAL };

/* Asks on /dev/tty, and puts the line that is typed, without echo and without its end, into `out` of `size` bytes; what does
 * not fit is lost. A signal that ends or stops the program (^C, ^Z) does so when the terminal has its echo again; if it goes
 * on after a stop the question is asked again. */
enum prompt prompt_secret(const char *question, char *out, size_t size);

#endif
