/* What an ELF file is to the loader. */
#ifndef PTUNNEL_ELF_FILE_H
#define PTUNNEL_ELF_FILE_H

#include <ptunnel/reach.h>

/* What it is, of a file whose first `size` bytes are `head`; reads more through fd. */
enum reach reach_elf(int fd, const char *head, size_t size);
bool reach_is_elf(const char *head, size_t size);

#endif
