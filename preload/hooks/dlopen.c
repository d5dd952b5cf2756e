#include "../process/guest.h"
#include "../real.h"
#include "jump.h"

#include <dlfcn.h>

/* dlopen(3): the loader opens a library where the RUNPATH of the caller says, so this must be a jump. A library that RTLD_DEEPBIND put in front of all that is preloaded would connect past the hooks
 * (PHP opens its extensions so, apr the modules of httpd). It gets the usual order. */
JUMPS EXPORT void *dlopen(const char *file, int mode)
{
    if ((mode & RTLD_DEEPBIND) && guest_may_act())
        mode &= ~RTLD_DEEPBIND;
    JUMP return real()->dlopen(file, mode);
}
