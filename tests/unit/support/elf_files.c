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

/* A section for each name, and behind them that with the names, one behind the other. */
static size_t add_sections(const struct elf_names *names, ElfW(Ehdr) *header, char *out, size_t at)
{
    ElfW(Shdr) *section = (ElfW(Shdr) *)(out + header->e_shoff);
    size_t used = 1;

    for (size_t i = 0; names->sections[i]; i++) {
        *++section = (ElfW(Shdr)){ .sh_name = (uint32_t)used, .sh_type = SHT_PROGBITS };
        strcpy(out + at + used, names->sections[i]);
        used += strlen(names->sections[i]) + 1;
    }
    *++section = (ElfW(Shdr)){ .sh_type = SHT_STRTAB, .sh_offset = at, .sh_size = used };
    header->e_shstrndx = (uint16_t)(section - (ElfW(Shdr) *)(out + header->e_shoff));
    header->e_shnum = (uint16_t)(header->e_shstrndx + 1);
    return at + used;
}

/* A dynamic section, and the strings that it names, which are loaded at ADDRESS. */
static size_t add_dynamic(const struct elf_names *names, ElfW(Ehdr) *header, char *out, size_t at)
{
    enum { ADDRESS = 0x70000, ENTRIES = 6 };
    ElfW(Phdr) *segment = (ElfW(Phdr) *)(out + header->e_phoff) + header->e_phnum;
    ElfW(Dyn) dynamic[ENTRIES] = { { .d_tag = DT_STRTAB, .d_un.d_ptr = ADDRESS } };
    size_t strings = at + sizeof dynamic, used = 1, entries = 1;

    if (names->own_name) {
        dynamic[entries++] = (ElfW(Dyn)){ .d_tag = DT_SONAME, .d_un.d_val = used };
        strcpy(out + strings + used, names->own_name);
        used += strlen(names->own_name) + 1;
    }
    for (size_t i = 0; i < 3 && names->needed[i]; i++) {
        dynamic[entries++] = (ElfW(Dyn)){ .d_tag = DT_NEEDED, .d_un.d_val = used };
        strcpy(out + strings + used, names->needed[i]);
        used += strlen(names->needed[i]) + 1;
    }
    memcpy(out + at, dynamic, sizeof dynamic);
    segment[0] = (ElfW(Phdr)){ .p_type = PT_DYNAMIC, .p_offset = at, .p_filesz = sizeof dynamic };
    segment[1] = (ElfW(Phdr)){ .p_type = PT_LOAD, .p_offset = strings, .p_vaddr = ADDRESS, .p_filesz = used };
    header->e_phnum = (uint16_t)(header->e_phnum + 2);
    return strings + used;
}

size_t elf_make_named(const struct elf_row *row, const struct elf_names *names, char *out)
{
    ElfW(Ehdr) *header = (ElfW(Ehdr) *)out;
    size_t at = elf_make(row, out);

    if (names->sections[0])
        at = add_sections(names, header, out, at);
    if (names->own_name || names->needed[0])
        at = add_dynamic(names, header, out, (at + 15) / 16 * 16);
    return at;
}

void elf_write(const char *name, const struct elf_row *row)
{
    char file[FILE_MOST];

    folder_file(name, file, elf_make(row, file), 0755);
}

void elf_write_named(const char *name, const struct elf_row *row, const struct elf_names *names)
{
    char file[FILE_MOST];

    folder_file(name, file, elf_make_named(row, names, file), 0755);
}
