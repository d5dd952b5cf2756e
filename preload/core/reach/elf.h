/* An ELF file, of 32 or 64 bits, read piece by piece through a descriptor: nothing is mapped, since a file that is cut
 * meanwhile would be SIGBUS. Segments and sections are shown as those of 64 bits. See elf(5). */
#ifndef PTUNNEL_ELF_H
#define PTUNNEL_ELF_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf {
    int fd;
    bool wide; /* of 64 bits */
    uint16_t type, machine;
    uint16_t segments, segment_size, sections, section_size, names;
    uint64_t segments_at, sections_at;
};

/* From the first bytes of the file. False: it is none, of the other byte order, or its header is not whole. */
bool elf_begin(struct elf *elf, int fd, const void *head, size_t size);

/* Whether it is of a class and the byte order that elf_begin() reads. */
bool elf_is_readable(const void *head, size_t size);

/* Whether the file has these bytes. Interrupted reads go on. */
bool elf_read(const struct elf *elf, uint64_t at, void *out, size_t size);

/* Of bytes that may end earlier: how many there are, up to `size`. */
size_t elf_read_some(const struct elf *elf, uint64_t at, void *out, size_t size);

/* Whether says_yes() is true of one of the segments (sections), in their order; those behind are not read. A table
 * that is not in the file has none. */
typedef bool elf_segment(const struct elf *elf, const Elf64_Phdr *segment, void *state);
typedef bool elf_section(const struct elf *elf, const Elf64_Shdr *section, void *state);
bool elf_any_segment(const struct elf *elf, elf_segment *says_yes, void *state);
bool elf_any_section(const struct elf *elf, elf_section *says_yes, void *state);

/* Whether says_yes() is true of one of the strings that the dynamic section has under this tag (DT_NEEDED, DT_SONAME).
 * They are cut to ELF_STRING - 1 bytes. */
enum { ELF_STRING = 64 };
typedef bool elf_string(const char *string, void *state);
bool elf_any_string(const struct elf *elf, int64_t tag, elf_string *says_yes, void *state);

#endif
