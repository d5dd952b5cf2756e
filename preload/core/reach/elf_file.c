/* Judges a file by its ELF header, program headers, notes and sections. Of another class, byte order or
 * processor only the header is read, so libc's own structures fit. */
#include "elf_file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CHUNK = 8,
    NOTES_MOST = 4096,
    DATA_MOST = 64 * 1024,
    DATA_CHUNK = 1024,
    MAGIC_ALIGN = 16,
    LOADER_MOST = 256
};

static const char go_magic[] = "\xff Go buildinf:"; /* of .go.buildinfo, see debug/buildinfo in Go's source */
static const char go_note_name[4] = "Go";
static const ElfW(Word) go_note_type = 4; /* NT_GO_BUILDID */

/* The ELF header of the file that this code is part of: the program must be of the same machine. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static bool read_at(int fd, uint64_t at, void *out, size_t size)
{
    ssize_t got;

    if (at > INT64_MAX)
        return false;
    do
        got = pread(fd, out, size, (off_t)at);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)size;
}

bool reach_is_elf(const char *head, size_t size)
{
    return size >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0;
}

static bool same_machine(const ElfW(Ehdr) *header)
{
    return header->e_ident[EI_CLASS] == __ehdr_start.e_ident[EI_CLASS] &&
           header->e_ident[EI_DATA] == __ehdr_start.e_ident[EI_DATA] &&
           header->e_machine == __ehdr_start.e_machine;
}

/* Whether execve(2) would take it: an executable or shared object, whose program headers are in the file. */
static bool loadable(int fd, const ElfW(Ehdr) *header)
{
    size_t table = header->e_phnum * sizeof(ElfW(Phdr));
    char last;

    return (header->e_type == ET_EXEC || header->e_type == ET_DYN) &&
           header->e_phentsize == sizeof(ElfW(Phdr)) && table > 0 &&
           read_at(fd, header->e_phoff + table - 1, &last, 1);
}

typedef bool each_segment(int fd, const ElfW(Phdr) *segment, const void *state);

/* Whether says_yes() is true of one of the segments. */
static bool any_segment(int fd, const ElfW(Ehdr) *header, each_segment *says_yes, const void *state)
{
    ElfW(Phdr) some[CHUNK];

    for (size_t at = 0, count; at < header->e_phnum; at += count) {
        count = header->e_phnum - at < CHUNK ? header->e_phnum - at : CHUNK;
        if (!read_at(fd, header->e_phoff + at * sizeof *some, some, count * sizeof *some))
            return false;
        for (size_t i = 0; i < count; i++)
            if (says_yes(fd, &some[i], state))
                return true;
    }
    return false;
}

static bool names_loader(int fd, const ElfW(Phdr) *segment, const void *state)
{
    (void)fd;
    (void)state;
    return segment->p_type == PT_INTERP;
}

/* Built with glibc for 64 bits the library serves musl's programs, too. With 32 the two differ in the width of what
 * functions take, and what is built with musl asks the loader for a libc.so, which is not glibc's. */
#if defined __GLIBC__ && __SIZEOF_POINTER__ == 8
enum { ANY_LIBC = true, OWN_IS_MUSL = false };
#elif defined __GLIBC__
enum { ANY_LIBC = false, OWN_IS_MUSL = false };
#else
enum { ANY_LIBC = false, OWN_IS_MUSL = true };
#endif

static bool names_other_libc(int fd, const ElfW(Phdr) *segment, const void *state)
{
    char path[LOADER_MOST] = "";
    size_t size = segment->p_filesz < sizeof path - 1 ? segment->p_filesz : sizeof path - 1;

    (void)state;
    return segment->p_type == PT_INTERP && read_at(fd, segment->p_offset, path, size) &&
           (strstr(path, "/ld-musl-") != NULL) != OWN_IS_MUSL;
}

static size_t padded(size_t size, size_t align)
{
    return (size + align - 1) & ~(align - 1);
}

static bool has_go_note(int fd, const ElfW(Phdr) *segment, const void *state)
{
    size_t size = segment->p_filesz < NOTES_MOST ? segment->p_filesz : NOTES_MOST;
    size_t align = segment->p_align == 8 ? 8 : 4;
    ElfW(Nhdr) note;
    char name[sizeof go_note_name];

    (void)state;
    if (segment->p_type != PT_NOTE)
        return false;
    for (size_t at = 0; at + sizeof note + sizeof name <= size;) {
        if (!read_at(fd, segment->p_offset + at, &note, sizeof note) ||
            !read_at(fd, segment->p_offset + at + sizeof note, name, sizeof name))
            return false;
        if (note.n_type == go_note_type && note.n_namesz == sizeof name &&
            memcmp(name, go_note_name, sizeof name) == 0)
            return true;
        if (note.n_namesz > size || note.n_descsz > size)
            return false;
        at = padded(at + sizeof note + note.n_namesz, align);
        at = padded(at + note.n_descsz, align);
    }
    return false;
}

static bool go_magic_at(int fd, uint64_t at)
{
    char bytes[sizeof go_magic - 1];

    return read_at(fd, at, bytes, sizeof bytes) && memcmp(bytes, go_magic, sizeof bytes) == 0;
}

/* Whether a section begins as .go.buildinfo does; the names of sections may have been stripped. */
static bool has_go_section(int fd, const ElfW(Ehdr) *header)
{
    ElfW(Shdr) some[CHUNK];

    if (header->e_shentsize != sizeof *some)
        return false;
    for (size_t at = 0, count; at < header->e_shnum; at += count) {
        count = header->e_shnum - at < CHUNK ? header->e_shnum - at : CHUNK;
        if (!read_at(fd, header->e_shoff + at * sizeof *some, some, count * sizeof *some))
            return false;
        for (size_t i = 0; i < count; i++)
            if (some[i].sh_type == SHT_PROGBITS && (some[i].sh_flags & SHF_ALLOC) &&
                some[i].sh_size >= MAGIC_ALIGN && go_magic_at(fd, some[i].sh_offset))
                return true;
    }
    return false;
}

/* Without sections it is looked for at the beginning of the data, where Go's linker puts it. */
static bool has_go_data(int fd, const ElfW(Phdr) *segment, const void *state)
{
    size_t size = segment->p_filesz < DATA_MOST ? segment->p_filesz : DATA_MOST;
    char bytes[DATA_CHUNK];

    (void)state;
    if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_W))
        return false;
    for (size_t at = 0; at < size; at += sizeof bytes) {
        size_t now = size - at < sizeof bytes ? size - at : sizeof bytes;

        if (!read_at(fd, segment->p_offset + at, bytes, now))
            return false;
        for (size_t i = 0; i + MAGIC_ALIGN <= now; i += MAGIC_ALIGN)
            if (memcmp(bytes + i, go_magic, sizeof go_magic - 1) == 0)
                return true;
    }
    return false;
}

static bool is_go(int fd, const ElfW(Ehdr) *header)
{
    if (any_segment(fd, header, has_go_note, NULL) || has_go_section(fd, header))
        return true;
    return header->e_shnum == 0 && any_segment(fd, header, has_go_data, NULL);
}

enum reach reach_elf(int fd, const char *head, size_t size)
{
    ElfW(Ehdr) header = { 0 };

    memcpy(&header, head, size < sizeof header ? size : sizeof header);
    if (size <= EI_DATA || !same_machine(&header))
        return size < sizeof(Elf32_Ehdr) ? REACH_NOTHING : REACH_MACHINE;
    if (size < sizeof header || !loadable(fd, &header))
        return REACH_NOTHING;
    if (is_go(fd, &header))
        return REACH_GO;
    if (!ANY_LIBC && any_segment(fd, &header, names_other_libc, NULL))
        return REACH_LIBC;
    return any_segment(fd, &header, names_loader, NULL) ? REACH_PRELOADED : REACH_STATIC;
}

static bool reaches_beyond(int fd, const ElfW(Phdr) *segment, const void *state)
{
    uint64_t size = *(const uint64_t *)state;

    (void)fd;
    return segment->p_type == PT_LOAD &&
           (segment->p_offset > size || segment->p_filesz > size - segment->p_offset);
}

static const char *library_wrong(int fd)
{
    ElfW(Ehdr) header = { 0 };
    struct stat now;
    uint64_t size;

    if (!read_at(fd, 0, &header, sizeof header) || !reach_is_elf((const char *)&header, sizeof header))
        return "is no ELF file";
    if (!same_machine(&header))
        return "is built for another machine than this program";
    if (header.e_type != ET_DYN || !loadable(fd, &header) || any_segment(fd, &header, names_loader, NULL))
        return "is no shared library";
    if (fstat(fd, &now) < 0)
        return "cannot be looked at";
    size = (uint64_t)now.st_size;
    return any_segment(fd, &header, reaches_beyond, &size) ? "is not whole" : NULL;
}

const char *reach_library_wrong(const char *path, const struct net *net)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    const char *wrong = fd < 0 ? "cannot be read" : library_wrong(fd);

    if (fd >= 0)
        net->close(fd);
    return wrong;
}
