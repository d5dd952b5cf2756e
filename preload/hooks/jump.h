/* Hooks of functions that tell by the return address who called them: they must end in a jump, so that the address
 * is the caller's. JUMPS stands before such a hook, and `JUMP return call;` ends it, in every build. */
#ifndef PTUNNEL_JUMP_H
#define PTUNNEL_JUMP_H

#ifdef __clang__
#define JUMPS
#define JUMP __attribute__((musttail))
#else
#define JUMPS __attribute__((optimize("O2")))
#define JUMP
#endif

#endif
