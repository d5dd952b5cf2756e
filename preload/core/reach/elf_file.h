/* What an ELF file is to the loader. */
#ifndef PTUNNEL_ELF_FILE_H
#define PTUNNEL_ELF_FILE_H

#include "elf.h"

#include <ptunnel/reach.h>

bool reach_is_elf(const char *head, size_t size);

/* What a program is, of this machine or the other class of it. */
enum reach reach_elf(const struct elf *elf);

/* Whether it is a loader, which may be called with a program as its argument. */
bool reach_is_loader(const struct elf *elf, const char *path);

/* The runtime that insists on being the first library, as the program asks for it; "" if there is none. `runtime` has
 * ELF_STRING bytes. */
void reach_runtime(const struct elf *elf, char *runtime);

#endif
