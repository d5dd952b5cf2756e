#include "failure.h"

#include <stdarg.h>

void failure_set(struct failure *failure, enum agent_cause cause, const char *words, ...)
{
    struct text out = text_in(failure->words, sizeof failure->words);
    va_list list;

    failure->cause = cause;
    va_start(list, words);
    text_print_list(&out, words, &list);
    va_end(list);
}
