/* The ways to a function by its name at run time. Who asks for the next definition, or for the first, finds what he
 * should; who asks libc itself (Python's ctypes, Ruby's Fiddle, Mono's and .NET's DllImport) would connect past us. */
#include "../process/guest.h"
#include "../real.h"
#include "jump.h"

#include <ptunnel/loaded.h>

#include <dlfcn.h>
#include <stdatomic.h>

/* Programs look many names up (a language's run time asks for thousands), and few of them begin as one of ours: a bit
 * for each four letters that one begins with, or for others that fall on it. */
enum { PREFIX_BITS = 4096 };
static uint64_t prefixes[PREFIX_BITS / 64];
static atomic_bool prefixes_known;

static inline unsigned prefix_of(const char *name)
{
    unsigned bits = 0;

    for (int i = 0; i < 4 && name[i]; i++)
        bits = bits * 37 + (unsigned char)name[i];
    return bits % PREFIX_BITS;
}

/* Two threads may do so at once: they set the same. */
static __attribute__((noinline)) void note_prefixes(void)
{
#define NAME(type, name, parameters) #name,
#define OTHER_NAME(name, other)      #other,
    static const char *const names[] = { REAL_FUNCTIONS(NAME) REAL_ALIASES(OTHER_NAME) };
#undef NAME
#undef OTHER_NAME

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        prefixes[prefix_of(names[i]) / 64] |= UINT64_C(1) << prefix_of(names[i]) % 64;
    atomic_store(&prefixes_known, true);
}

static inline bool may_be_ours(const char *name)
{
    unsigned prefix = prefix_of(name);

    if (!atomic_load_explicit(&prefixes_known, memory_order_acquire))
        note_prefixes();
    return prefixes[prefix / 64] >> prefix % 64 & 1;
}

/* What we export under that name; NULL: nothing. */
static void *own_definition(const char *name)
{
    enum { UNKNOWN, BEING_KEPT, KEPT };
    static struct loaded kept;
    static atomic_int state;
    struct loaded found;
    int unknown = UNKNOWN;

    if (atomic_load_explicit(&state, memory_order_acquire) == KEPT)
        return loaded_symbol(&kept, name);
    if (!loaded_at(&found, &kept))
        return NULL;
    if (atomic_compare_exchange_strong(&state, &unknown, BEING_KEPT)) {
        kept = found;
        atomic_store(&state, KEPT);
    }
    return loaded_symbol(&found, name);
}

static bool is_libc_definition(const char *name, const void *address)
{
    struct loaded object;

    return loaded_at(&object, address) && loaded_is_of_libc(&object) &&
           loaded_defines(&object, name, address);
}

/* Another library that replaces the function finds libc's by handle (socket_wrapper, libdsocks): given ours, which
 * may call it, it and we would call each other for ever. */
static bool replaces_it_too(const void *caller, const char *name)
{
    struct loaded object;

    return loaded_at(&object, caller) && loaded_symbol(&object, name);
}

/* What libc's handle gave, or our definition in its place. */
static __attribute__((noinline)) void *instead(void *answer, const char *name, const void *caller)
{
    void *own = answer ? own_definition(name) : NULL;

    if (!own || own == answer || !is_libc_definition(name, answer) || replaces_it_too(caller, name) ||
        !guest_may_act())
        return answer;
    return own;
}

/* RTLD_DEFAULT and RTLD_NEXT are places in the order of libraries, seen from the caller. */
static inline bool is_place(const void *handle)
{
    return handle == RTLD_DEFAULT || handle == RTLD_NEXT;
}

/* dlsym(3) */
JUMPS EXPORT void *dlsym(void *restrict handle, const char *restrict name)
{
    void *answer;

    if (is_place(handle))
        JUMP return real_dlsym()(handle, name);
    answer = real_dlsym()(handle, name);
    return may_be_ours(name) ? instead(answer, name, __builtin_return_address(0)) : answer;
}

/* dlvsym(3): a version of libc's that we stand in front of is ours, as it is for the loader. */
JUMPS EXPORT void *dlvsym(void *restrict handle, const char *restrict name, const char *restrict version)
{
    if (is_place(handle))
        JUMP return real_dlvsym()(handle, name, version);
    return instead(real_dlvsym()(handle, name, version), name, __builtin_return_address(0));
}
