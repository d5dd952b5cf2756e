#include "kin.h"

#include <link.h>
#include <string.h>

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden"))); /* what this code is part of */

/* As `make install` lays them out: the 32-bit one below the folder of the 64-bit one. */
static const char below[] = "ptunnel/i386/", file_name[] = "libptunnel.so";

#ifdef __x86_64__
enum { HAS_OTHER = 1, OTHER_MACHINE = EM_386, OTHER_IS_BELOW = 1 };
#elif defined __i386__
enum { HAS_OTHER = 1, OTHER_MACHINE = EM_X86_64, OTHER_IS_BELOW = 0 };
#else
enum { HAS_OTHER = 0, OTHER_MACHINE = EM_NONE, OTHER_IS_BELOW = 0 };
#endif

enum kin kin_of(const struct elf *elf)
{
    bool own_is_wide = __ehdr_start.e_ident[EI_CLASS] == ELFCLASS64;

    if (elf->wide == own_is_wide && elf->machine == __ehdr_start.e_machine)
        return KIN_SAME;
    return HAS_OTHER && elf->wide != own_is_wide && elf->machine == OTHER_MACHINE ? KIN_OTHER : KIN_NONE;
}

bool kin_library(struct text *out, enum kin kin, const char *library)
{
    const char *slash = strrchr(library, '/');
    size_t directory = slash ? (size_t)(slash - library) + 1 : 0;
    bool is_below = directory >= sizeof below &&
                    memcmp(library + directory - (sizeof below - 1), below, sizeof below - 1) == 0;

    if (kin == KIN_SAME) {
        text_add(out, library);
        return !out->cut;
    }
    if (kin == KIN_NONE || directory == 0 || (!OTHER_IS_BELOW && !is_below))
        return false;
    if (OTHER_IS_BELOW)
        text_print(out, "%.*s%s%s", (int)directory, library, below, file_name);
    else
        text_print(out, "%.*s%s", (int)(directory - (sizeof below - 1)), library, file_name);
    return !out->cut;
}
