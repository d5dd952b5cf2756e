/* Judges a program or library by its ELF header, program headers, notes, sections and what it needs. */
#include "elf_file.h"
#include "kin.h"

#include <ptunnel/preload.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum {
    NOTES_MOST = 4096,
    DATA_MOST = 64 * 1024,
    DATA_CHUNK = 1024,
    MAGIC_ALIGN = 16,
    LOADER_MOST = 256,
    SECTION_NAMES_MOST = 1024, /* programs have some 300 bytes of them */
};

static const char go_magic[] = "\xff Go buildinf:"; /* of .go.buildinfo, see debug/buildinfo in Go's source */
static const char go_note_name[4] = "Go";
static const uint32_t go_note_type = 4; /* NT_GO_BUILDID */

bool reach_is_elf(const char *head, size_t size)
{
    return size >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0;
}

/* Whether execve(2) would take it: an executable or shared object, whose program headers are in the file. */
static bool loadable(const struct elf *elf)
{
    size_t size = elf->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    size_t table = elf->segments * size;
    char last;

    return (elf->type == ET_EXEC || elf->type == ET_DYN) && elf->segment_size == size && table > 0 &&
           elf_read(elf, elf->segments_at + table - 1, &last, 1);
}

static bool names_loader(const struct elf *elf, const Elf64_Phdr *segment, void *state)
{
    (void)elf;
    (void)state;
    return segment->p_type == PT_INTERP;
}

/* Built with glibc for 64 bits the library serves musl's programs, too. With 32 the two differ in the width of what
 * functions take, and what is built with musl asks the loader for a libc.so, which is not glibc's. */
#ifdef __GLIBC__
enum { OWN_IS_MUSL = false };
#else
enum { OWN_IS_MUSL = true };
#endif

static bool serves_any_libc(const struct elf *elf)
{
    return !OWN_IS_MUSL && elf->wide;
}

static bool names_other_libc(const struct elf *elf, const Elf64_Phdr *segment, void *state)
{
    char path[LOADER_MOST] = "";
    size_t size = segment->p_filesz < sizeof path - 1 ? (size_t)segment->p_filesz : sizeof path - 1;

    (void)state;
    return segment->p_type == PT_INTERP && elf_read(elf, segment->p_offset, path, size) &&
           (strstr(path, "/ld-musl-") != NULL) != OWN_IS_MUSL;
}

static size_t padded(size_t size, size_t align)
{
    return (size + align - 1) & ~(align - 1);
}

static bool has_go_note(const struct elf *elf, const Elf64_Phdr *segment, void *state)
{
    size_t size = segment->p_filesz < NOTES_MOST ? (size_t)segment->p_filesz : NOTES_MOST;
    size_t align = segment->p_align == 8 ? 8 : 4;
    Elf32_Nhdr note; /* the same in both classes */
    char name[sizeof go_note_name];

    (void)state;
    if (segment->p_type != PT_NOTE)
        return false;
    for (size_t at = 0; at + sizeof note + sizeof name <= size;) {
        if (!elf_read(elf, segment->p_offset + at, &note, sizeof note) ||
            !elf_read(elf, segment->p_offset + at + sizeof note, name, sizeof name))
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

/* Whether a section begins as .go.buildinfo does; the names of sections may have been stripped. */
static bool is_go_section(const struct elf *elf, const Elf64_Shdr *section, void *state)
{
    char bytes[sizeof go_magic - 1];

    (void)state;
    return section->sh_type == SHT_PROGBITS && (section->sh_flags & SHF_ALLOC) &&
           section->sh_size >= MAGIC_ALIGN && elf_read(elf, section->sh_offset, bytes, sizeof bytes) &&
           memcmp(bytes, go_magic, sizeof bytes) == 0;
}

/* Without sections it is looked for at the beginning of the data, where Go's linker puts it. */
static bool has_go_data(const struct elf *elf, const Elf64_Phdr *segment, void *state)
{
    size_t size = segment->p_filesz < DATA_MOST ? (size_t)segment->p_filesz : DATA_MOST;
    char bytes[DATA_CHUNK];

    (void)state;
    if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_W))
        return false;
    for (size_t at = 0; at < size; at += sizeof bytes) {
        size_t now = size - at < sizeof bytes ? size - at : sizeof bytes;

        if (!elf_read(elf, segment->p_offset + at, bytes, now))
            return false;
        for (size_t i = 0; i + MAGIC_ALIGN <= now; i += MAGIC_ALIGN)
            if (memcmp(bytes + i, go_magic, sizeof go_magic - 1) == 0)
                return true;
    }
    return false;
}

static bool is_go(const struct elf *elf)
{
    if (elf_any_segment(elf, has_go_note, NULL) || elf_any_section(elf, is_go_section, NULL))
        return true;
    return elf->sections == 0 && elf_any_segment(elf, has_go_data, NULL);
}

/* Sections by whose names programs are known that make their system calls by instructions of their own. strip(1) leaves
 * them. */
static const struct {
    const char *name;
    enum reach reach;
} marks[] = {
    { ".fpcdata", REACH_PASCAL },
    { ".bun", REACH_BUN },
    { ".bun_builtins", REACH_BUN },
};

/* The mark among the names of sections, which all end in NUL; `names` begins behind one. */
static enum reach marked(const char *names, size_t size)
{
    for (size_t at = 0; at < size; at += strnlen(names + at, size - at) + 1)
        for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
            if (size - at > strlen(marks[i].name) && strcmp(names + at, marks[i].name) == 0)
                return marks[i].reach;
    return REACH_PRELOADED;
}

struct names {
    unsigned before; /* sections in front of the one that has the names */
    enum reach found;
};

static bool look_at_names(const struct elf *elf, const Elf64_Shdr *section, void *state)
{
    struct names *names = state;
    char some[SECTION_NAMES_MOST];
    size_t size = section->sh_size < sizeof some ? (size_t)section->sh_size : sizeof some;

    if (names->before-- > 0)
        return false;
    names->found = marked(some, elf_read_some(elf, section->sh_offset, some, size));
    return true;
}

static bool is_uring(const char *needed, void *state)
{
    static const char uring[] = "liburing.so.";

    (void)state;
    return strncmp(needed, uring, sizeof uring - 1) == 0;
}

/* A dynamic program, whose calls may all the same pass the C library by. */
static enum reach judge_dynamic(const struct elf *elf)
{
    struct names names = { elf->names, REACH_PRELOADED };

    if (!serves_any_libc(elf) && elf_any_segment(elf, names_other_libc, NULL))
        return REACH_LIBC;
    elf_any_section(elf, look_at_names, &names);
    if (names.found == REACH_PRELOADED && elf_any_string(elf, DT_NEEDED, is_uring, NULL))
        return REACH_URING;
    return names.found;
}

enum reach reach_elf(const struct elf *elf)
{
    if (!loadable(elf))
        return REACH_NOTHING;
    if (is_go(elf))
        return REACH_GO;
    return elf_any_segment(elf, names_loader, NULL) ? judge_dynamic(elf) : REACH_STATIC;
}

static bool is_loaders(const char *own_name, void *state)
{
    (void)state;
    return strncmp(own_name, "ld-linux", 8) == 0 || strncmp(own_name, "ld64.so.", 8) == 0 ||
           strncmp(own_name, "ld.so.", 6) == 0;
}

bool reach_is_loader(const struct elf *elf, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (elf->type != ET_DYN || !loadable(elf) || elf_any_segment(elf, names_loader, NULL))
        return false;
    return strncmp(slash ? slash + 1 : path, "ld-musl-", 8) == 0 ||
           elf_any_string(elf, DT_SONAME, is_loaders, NULL);
}

static bool keep_runtime(const char *needed, void *state)
{
    if (preload_is_runtime(needed, strlen(needed)))
        strcpy(state, needed);
    return preload_is_runtime(needed, strlen(needed));
}

void reach_runtime(const struct elf *elf, char *runtime)
{
    runtime[0] = '\0';
    elf_any_string(elf, DT_NEEDED, keep_runtime, runtime);
}

static bool reaches_beyond(const struct elf *elf, const Elf64_Phdr *segment, void *state)
{
    uint64_t size = *(const uint64_t *)state;

    (void)elf;
    return segment->p_type == PT_LOAD &&
           (segment->p_offset > size || segment->p_filesz > size - segment->p_offset);
}

static const char *library_wrong(int fd)
{
    char head[sizeof(Elf64_Ehdr)];
    struct elf file = { .fd = fd };
    struct stat now;
    uint64_t size;
    size_t got = elf_read_some(&file, 0, head, sizeof head);

    if (got < sizeof head || !reach_is_elf(head, got))
        return "is no ELF file";
    if (!elf_begin(&file, fd, head, got) || kin_of(&file) != KIN_SAME)
        return "is built for another machine than this program";
    if (file.type != ET_DYN || !loadable(&file) || elf_any_segment(&file, names_loader, NULL))
        return "is no shared library";
    if (fstat(fd, &now) < 0)
        return "cannot be looked at";
    size = (uint64_t)now.st_size;
    return elf_any_segment(&file, reaches_beyond, &size) ? "is not whole" : NULL;
}

const char *reach_library_wrong(const char *path, const struct net *net)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    const char *wrong = fd < 0 ? "cannot be read" : library_wrong(fd);

    if (fd >= 0)
        net->close(fd);
    return wrong;
}
