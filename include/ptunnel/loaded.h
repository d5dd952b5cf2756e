/* What is loaded into this process, and the symbols that it defines, read from its own tables: no dlsym(3),
 * whose answer is the first definition of all, and which another library may stand in front of. Nothing here
 * allocates or changes errno. */
#ifndef PTUNNEL_LOADED_H
#define PTUNNEL_LOADED_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

/* A loaded object: a program, a library, the loader. Good for as long as it stays loaded. */
struct loaded {
    uintptr_t base, start, end; /* what symbols are relative to; its segments, from the first to the last */
    const ElfW(Sym) *symbols;   /* DT_SYMTAB */
    const char *strings, *own_name;  /* DT_STRTAB; DT_SONAME, or "" */
    const ElfW(Half) *versions;      /* DT_VERSYM; NULL: symbols have no versions (musl) */
    const uint32_t *gnu_hash, *hash; /* DT_GNU_HASH and DT_HASH; at least one of them is there */
};

/* libc itself: not a library in front of it, nor one that was split from it. False: the program is static. */
bool loaded_libc(struct loaded *out);

/* Whether it is libc, or one of those that glibc had split from it before 2.34 (libpthread, libdl, ...). */
bool loaded_is_of_libc(const struct loaded *object);

/* The object whose segments have the address. False: none (code made at run time). */
bool loaded_at(struct loaded *out, const void *address);

/* The file that the object with this address was loaded from, as the loader has its path; relative paths are those of
 * the time when it was loaded. NULL: none, or a program. Good for as long as the object stays loaded. */
const char *loaded_file(const void *address);

/* The object's own definition of a function, the default one if it has several versions; NULL: it has none.
 * Indirect functions (STT_GNU_IFUNC) are not looked for: none of those that we need is one. */
void *loaded_symbol(const struct loaded *object, const char *name);

/* Whether the address is the object's definition of that function, in any of its versions. */
bool loaded_defines(const struct loaded *object, const char *name, const void *address);

/* libc's definition of a function, wherever that libc keeps it. NULL: it has none, or the program is
 * static. */
void *loaded_libc_symbol(const char *name);

#endif
