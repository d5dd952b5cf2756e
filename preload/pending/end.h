/* What the program itself ends: shutdown(), connect(AF_UNSPEC) of a pending descriptor. */
#ifndef PTUNNEL_END_H
#define PTUNNEL_END_H

#include "step.h"

/* The program's own connect(AF_UNSPEC): nothing of a former connection stays. */
void pending_forget(int fd);

/* shutdown(2) while connecting cancels, as natively. True if it was done; the answer is then 0. */
bool pending_cancel(int fd);

#endif
