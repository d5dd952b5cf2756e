/* What an ELF file is to the loader. */
#ifndef PTUNNEL_ELF_FILE_H
#define PTUNNEL_ELF_FILE_H

#include <ptunnel/reach.h>

/* What an ELF file is, the first bytes of which are here. */
enum reach reach_elf(int fd, const char *head, size_t size);
bool reach_is_elf(const char *head, size_t size);

#endif
