#include "../process/guest.h"
#include "../real.h"
#include "jump.h"

#include <dlfcn.h>

/* dlopen(3), without RTLD_DEEPBIND: a library opened with it finds libc's functions before ours, and would
 * connect past the hooks (PHP opens its extensions so, apr the modules of httpd). A jump, since the loader
 * searches the RUNPATH of whoever called it. */
JUMPS EXPORT void *dlopen(const char *file, int mode)
{
    if ((mode & RTLD_DEEPBIND) && guest_may_act())
        mode &= ~RTLD_DEEPBIND;
    JUMP return real()->dlopen(file, mode);
}
