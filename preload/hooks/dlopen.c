#include "../process/guest.h"
#include "../real.h"

#include <dlfcn.h>

/* The loader tells by the return address who opens a library: his RUNPATH counts. So this must be a jump. */
#ifdef __clang__
#define JUMPS
#define JUMP __attribute__((musttail))
#else
#define JUMPS __attribute__((optimize("O2")))
#define JUMP
#endif

/* dlopen(3): a library that RTLD_DEEPBIND put in front of all that is preloaded would connect past the hooks
 * (PHP opens its extensions so, apr the modules of httpd). It gets the usual order. */
JUMPS EXPORT void *dlopen(const char *file, int mode)
{
    if ((mode & RTLD_DEEPBIND) && guest_may_act())
        mode &= ~RTLD_DEEPBIND;
    JUMP return real()->dlopen(file, mode);
}
