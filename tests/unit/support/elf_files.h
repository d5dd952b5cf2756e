/* ELF files made by hand, in the test's folder. */
#ifndef UNIT_ELF_FILES_H
#define UNIT_ELF_FILES_H

#include <ptunnel/reach.h>

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>

enum { FILE_MOST = 8192, SEGMENTS_MOST = 20, SECTIONS_MOST = 20, CONTENT_AT = 4096 };

#define CODE { .type = PT_LOAD, .flags = PF_R | PF_X }
#define DATA { .type = PT_LOAD, .flags = PF_R | PF_W }
#define LOADER { .type = PT_INTERP }
#define CONTENT { .type = PT_LOAD, .flags = PF_R, .bytes = "content", .size = 7 }
#define ELF(type_, one, other) { .type = type_, .segments = { one, other }, .segment_count = 2 }

struct segment {
    uint32_t type, flags;
    const char *bytes; /* at `gap` bytes behind the segment's start */
    size_t size, gap;
};

struct section {
    uint32_t type;
    uint64_t flags;
    const char *bytes;
    size_t size;
};

struct elf_row {
    const char *name;
    uint16_t type;
    struct segment segments[SEGMENTS_MOST];
    size_t segment_count;
    struct section sections[SECTIONS_MOST];
    size_t section_count;
    enum reach reach; /* what it is found to be */
};

/* What only some have. */
struct elf_names {
    const char *sections[SECTIONS_MOST]; /* from the second section on; a last section has them all */
    const char *own_name, *needed[3];    /* DT_SONAME, DT_NEEDED, in two segments more */
};

/* The smallest of their kind. */
extern const struct elf_row elf_program, elf_static_program;

/* The file of a row: header, segments, sections, contents. `out` has FILE_MOST bytes; returns the size. */
size_t elf_make(const struct elf_row *row, char *out);

/* The same of a row without sections, and with names. */
size_t elf_make_named(const struct elf_row *row, const struct elf_names *names, char *out);

/* It is written, to be run. */
void elf_write(const char *name, const struct elf_row *row);
void elf_write_named(const char *name, const struct elf_row *row, const struct elf_names *names);

#endif
