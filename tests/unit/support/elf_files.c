#include "elf_files.h"
#include "folder.h"

#include <string.h>

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden"))); /* what the test itself is */

const struct elf_row elf_program = ELF(ET_EXEC, CODE, LOADER);
const struct elf_row elf_static_program = ELF(ET_EXEC, CODE, DATA);

size_t elf_make(const struct elf_row *row, char *out)
{
    ElfW(Ehdr) *header = (ElfW(Ehdr) *)out;
    ElfW(Phdr) *segments = (ElfW(Phdr) *)(header + 1);
    ElfW(Shdr) *sections = (ElfW(Shdr) *)(segments + SEGMENTS_MOST);
    size_t at = CONTENT_AT;

    memset(out, 0, FILE_MOST);
    memcpy(header->e_ident, __ehdr_start.e_ident, sizeof header->e_ident);
    header->e_machine = __ehdr_start.e_machine;
    header->e_type = row->type;
    header->e_phoff = (size_t)((char *)segments - out);
    header->e_phentsize = sizeof *segments;
    header->e_phnum = (uint16_t)row->segment_count;
    header->e_shoff = (size_t)((char *)sections - out);
    header->e_shentsize = sizeof *sections;
    header->e_shnum = (uint16_t)row->section_count;
    for (size_t i = 0; i < row->segment_count; i++) {
        const struct segment *from = &row->segments[i];

        segments[i] = (ElfW(Phdr)){ .p_type = from->type, .p_flags = from->flags,
                                    .p_offset = at, .p_align = 4,
                                    .p_filesz = from->gap + from->size };
        if (from->size)
            memcpy(out + at + from->gap, from->bytes, from->size);
        at += from->gap + from->size;
    }
    for (size_t i = 0; i < row->section_count; i++) {
        const struct section *from = &row->sections[i];

        sections[i] = (ElfW(Shdr)){ .sh_type = from->type, .sh_flags = from->flags, .sh_offset = at,
                                    .sh_size = from->size };
        if (from->size)
            memcpy(out + at, from->bytes, from->size);
        at += from->size;
    }
    return at;
}

void elf_write(const char *name, const struct elf_row *row)
{
    char file[FILE_MOST];

    folder_file(name, file, elf_make(row, file), 0755);
}
