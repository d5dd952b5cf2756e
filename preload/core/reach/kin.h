/* Programs of this machine, and of the other class that the same machine runs (32 bits beside 64): each needs a library
 * of its own. */
#ifndef PTUNNEL_KIN_H
#define PTUNNEL_KIN_H

#include "elf.h"

#include <ptunnel/text.h>

enum kin { KIN_SAME, KIN_OTHER, KIN_NONE };

/* What a program or library is, seen from the file that this code is part of. */
enum kin kin_of(const struct elf *elf);

/* The library for programs of that kin, where this build's own is `library`; whether it is there is not looked at. False:
 * there can be none. */
bool kin_library(struct text *out, enum kin kin, const char *library);

#endif
