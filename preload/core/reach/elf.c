#include "elf.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    CHUNK = 8,
    DYNAMIC_CHUNK = 32,
    ENTRIES_MOST = 4096, /* of a dynamic section: a damaged one is not read for ever */
    BYTE_ORDER_HERE = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB
};

bool elf_is_readable(const void *head, size_t size)
{
    const unsigned char *ident = head;

    return size >= EI_NIDENT && memcmp(ident, ELFMAG, SELFMAG) == 0 && ident[EI_DATA] == BYTE_ORDER_HERE &&
           (ident[EI_CLASS] == ELFCLASS64 || ident[EI_CLASS] == ELFCLASS32);
}

bool elf_begin(struct elf *elf, int fd, const void *head, size_t size)
{
    union {
        unsigned char ident[EI_NIDENT];
        Elf32_Ehdr narrow;
        Elf64_Ehdr wide;
    } header = { { 0 } };

    memcpy(&header, head, size < sizeof header ? size : sizeof header);
    *elf = (struct elf){ .fd = fd, .wide = header.ident[EI_CLASS] == ELFCLASS64 };
    if (!elf_is_readable(head, size) || size < (elf->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
        return false;
#define TAKE(h)                                                                                              \
    *elf = (struct elf)                                                                                      \
    {                                                                                                        \
        fd, elf->wide, h.e_type, h.e_machine, h.e_phnum, h.e_phentsize, h.e_shnum, h.e_shentsize,            \
            h.e_shstrndx, h.e_phoff, h.e_shoff                                                               \
    }
    if (elf->wide)
        TAKE(header.wide);
    else
        TAKE(header.narrow);
#undef TAKE
    return true;
}

size_t elf_read_some(const struct elf *elf, uint64_t at, void *out, size_t size)
{
    ssize_t got;

    if (at > INT64_MAX || (uint64_t)(off_t)at != at)
        return 0;
    do
        got = pread(elf->fd, out, size, (off_t)at);
    while (got < 0 && errno == EINTR);
    return got < 0 ? 0 : (size_t)got;
}

bool elf_read(const struct elf *elf, uint64_t at, void *out, size_t size)
{
    return elf_read_some(elf, at, out, size) == size;
}

static Elf64_Phdr widened_segment(const Elf32_Phdr *narrow)
{
    return (Elf64_Phdr){ .p_type = narrow->p_type,
                         .p_flags = narrow->p_flags,
                         .p_offset = narrow->p_offset,
                         .p_vaddr = narrow->p_vaddr,
                         .p_filesz = narrow->p_filesz,
                         .p_memsz = narrow->p_memsz,
                         .p_align = narrow->p_align };
}

static Elf64_Shdr widened_section(const Elf32_Shdr *narrow)
{
    return (Elf64_Shdr){ .sh_name = narrow->sh_name,
                         .sh_type = narrow->sh_type,
                         .sh_flags = narrow->sh_flags,
                         .sh_addr = narrow->sh_addr,
                         .sh_offset = narrow->sh_offset,
                         .sh_size = narrow->sh_size };
}

bool elf_any_segment(const struct elf *elf, elf_segment *says_yes, void *state)
{
    union {
        Elf64_Phdr wide[CHUNK];
        Elf32_Phdr narrow[CHUNK];
    } some;
    size_t size = elf->wide ? sizeof *some.wide : sizeof *some.narrow;

    if (elf->segment_size != size)
        return false;
    for (size_t at = 0, count; at < elf->segments; at += count) {
        count = elf->segments - at < CHUNK ? elf->segments - at : CHUNK;
        if (!elf_read(elf, elf->segments_at + at * size, &some, count * size))
            return false;
        for (size_t i = 0; i < count; i++) {
            Elf64_Phdr segment = elf->wide ? some.wide[i] : widened_segment(&some.narrow[i]);

            if (says_yes(elf, &segment, state))
                return true;
        }
    }
    return false;
}

bool elf_any_section(const struct elf *elf, elf_section *says_yes, void *state)
{
    union {
        Elf64_Shdr wide[CHUNK];
        Elf32_Shdr narrow[CHUNK];
    } some;
    size_t size = elf->wide ? sizeof *some.wide : sizeof *some.narrow;

    if (elf->section_size != size)
        return false;
    for (size_t at = 0, count; at < elf->sections; at += count) {
        count = elf->sections - at < CHUNK ? elf->sections - at : CHUNK;
        if (!elf_read(elf, elf->sections_at + at * size, &some, count * size))
            return false;
        for (size_t i = 0; i < count; i++) {
            Elf64_Shdr section = elf->wide ? some.wide[i] : widened_section(&some.narrow[i]);

            if (says_yes(elf, &section, state))
                return true;
        }
    }
    return false;
}

/* Where in the file the bytes at an address of the loaded program are. */
struct place_of {
    uint64_t address, found;
};

static bool holds_address(const struct elf *elf, const Elf64_Phdr *segment, void *state)
{
    struct place_of *place = state;

    (void)elf;
    if (segment->p_type != PT_LOAD || place->address < segment->p_vaddr ||
        place->address - segment->p_vaddr >= segment->p_filesz)
        return false;
    place->found = segment->p_offset + (place->address - segment->p_vaddr);
    return true;
}

static bool is_dynamic(const struct elf *elf, const Elf64_Phdr *segment, void *state)
{
    (void)elf;
    if (segment->p_type == PT_DYNAMIC)
        *(Elf64_Phdr *)state = *segment;
    return segment->p_type == PT_DYNAMIC;
}

/* The dynamic section, some entries at a time. */
struct dynamic {
    const struct elf *elf;
    Elf64_Phdr segment;
    size_t first, count; /* those that `some` holds */
    union {
        Elf64_Dyn wide[DYNAMIC_CHUNK];
        Elf32_Dyn narrow[DYNAMIC_CHUNK];
    } some;
};

static void fill(struct dynamic *dynamic, size_t number)
{
    size_t size = dynamic->elf->wide ? sizeof *dynamic->some.wide : sizeof *dynamic->some.narrow;
    uint64_t at = number * size, rest = dynamic->segment.p_filesz > at ? dynamic->segment.p_filesz - at : 0;
    size_t most = DYNAMIC_CHUNK * size;

    dynamic->first = number;
    dynamic->count = elf_read_some(dynamic->elf, dynamic->segment.p_offset + at, &dynamic->some,
                                   rest < most ? (size_t)rest : most) /
                     size;
}

/* The entry with this number; DT_NULL behind the last. */
static Elf64_Dyn entry_of(struct dynamic *dynamic, size_t number)
{
    size_t at;

    if (number < ENTRIES_MOST && number - dynamic->first >= dynamic->count)
        fill(dynamic, number);
    at = number - dynamic->first;
    if (at >= dynamic->count)
        return (Elf64_Dyn){ .d_tag = DT_NULL };
    if (dynamic->elf->wide)
        return dynamic->some.wide[at];
    return (Elf64_Dyn){ .d_tag = dynamic->some.narrow[at].d_tag,
                        .d_un.d_val = dynamic->some.narrow[at].d_un.d_val };
}

static bool find_strings(struct dynamic *dynamic, uint64_t *strings)
{
    struct place_of place = { 0, 0 };
    Elf64_Dyn entry;

    for (size_t i = 0; (entry = entry_of(dynamic, i)).d_tag != DT_NULL; i++)
        if (entry.d_tag == DT_STRTAB)
            place.address = entry.d_un.d_ptr;
    if (!elf_any_segment(dynamic->elf, holds_address, &place))
        return false;
    *strings = place.found;
    return true;
}

bool elf_any_string(const struct elf *elf, int64_t tag, elf_string *says_yes, void *state)
{
    struct dynamic dynamic = { .elf = elf };
    Elf64_Dyn entry;
    uint64_t strings;
    char string[ELF_STRING];

    if (!elf_any_segment(elf, is_dynamic, &dynamic.segment) || !find_strings(&dynamic, &strings))
        return false;
    for (size_t i = 0; (entry = entry_of(&dynamic, i)).d_tag != DT_NULL; i++) {
        if (entry.d_tag != tag)
            continue;
        string[elf_read_some(elf, strings + entry.d_un.d_val, string, sizeof string - 1)] = '\0';
        if (says_yes(string, state))
            return true;
    }
    return false;
}
