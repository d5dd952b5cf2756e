/* What can be preloaded, and as what: ELF files. */
#include "support/elf_files.h"
#include "support/folder.h"
#include "support/looks.h"
#include "support/rows.h"

#include <ptunnel/reach.h>

#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#define GO_MAGIC "\xff Go buildinf:\b\2" /* 16 bytes */
#define GO_NOTE "\4\0\0\0\4\0\0\0\4\0\0\0Go\0\0abcd"
#define OTHER_NOTE "\4\0\0\0\4\0\0\0\1\0\0\0GNU\0abcd"
#define PADDED_NOTE "\4\0\0\0\5\0\0\0\1\0\0\0GNU\0abcde\0\0\0" /* 5 bytes of content, padded to 8 */
#define BYTES(literal) literal, sizeof(literal) - 1
#define NOTE(literal) { .type = PT_NOTE, .flags = PF_R, .bytes = literal, .size = sizeof(literal) - 1 }

static const struct elf_row elf_rows[] = {
    { "a dynamic program", ET_EXEC, { CODE, LOADER }, 2, {}, 0, REACH_PRELOADED },
    { "a dynamic program at any address", ET_DYN, { CODE, LOADER, DATA }, 3, {}, 0, REACH_PRELOADED },
    { "a static program", ET_EXEC, { CODE }, 1, {}, 0, REACH_STATIC },
    { "a static program at any address", ET_DYN,
      { CODE, DATA, { .type = PT_DYNAMIC } }, 3, {}, 0, REACH_STATIC },
    { "the loader's name is in the ninth segment", ET_EXEC,
      { CODE, CODE, CODE, CODE, CODE, CODE, CODE, CODE, LOADER }, 9, {}, 0, REACH_PRELOADED },
    { "no segments", ET_EXEC, {}, 0, {}, 0, REACH_NOTHING },
    { "an object file", ET_REL, { CODE }, 1, {}, 0, REACH_NOTHING },
    { "a core dump", ET_CORE, { CODE }, 1, {}, 0, REACH_NOTHING },
    { "another note", ET_EXEC, { CODE, LOADER, NOTE(OTHER_NOTE) }, 3, {}, 0, REACH_PRELOADED },
    { "Go's note", ET_EXEC, { CODE, LOADER, NOTE(GO_NOTE) }, 3, {}, 0, REACH_GO },
    { "Go's note, static", ET_EXEC, { CODE, NOTE(GO_NOTE) }, 2, {}, 0, REACH_GO },
    { "Go's note behind another", ET_EXEC, { CODE, LOADER, NOTE(OTHER_NOTE GO_NOTE) }, 3, {}, 0, REACH_GO },
    { "Go's note behind a padded one", ET_EXEC,
      { CODE, LOADER, NOTE(PADDED_NOTE GO_NOTE) }, 3, {}, 0, REACH_GO },
    { "Go's note in a second segment", ET_EXEC,
      { CODE, LOADER, NOTE(OTHER_NOTE), NOTE(GO_NOTE) }, 4, {}, 0, REACH_GO },
    { "a note of Go's name and another type", ET_EXEC,
      { CODE, LOADER, NOTE("\4\0\0\0\4\0\0\0\5\0\0\0Go\0\0abcd") }, 3, {}, 0, REACH_PRELOADED },
    { "a note of Go's type and another name", ET_EXEC,
      { CODE, LOADER, NOTE("\4\0\0\0\4\0\0\0\4\0\0\0Goo\0abcd") }, 3, {}, 0, REACH_PRELOADED },
    { "a note that is cut", ET_EXEC,
      { CODE, LOADER, NOTE("\4\0\0\0\4\0\0\0\4\0\0\0Go") }, 3, {}, 0, REACH_PRELOADED },
    { "a note with an enormous name", ET_EXEC,
      { CODE, LOADER, NOTE("\xff\xff\xff\xff\4\0\0\0\1\0\0\0GNU\0" GO_NOTE) }, 3, {}, 0, REACH_PRELOADED },
    { "a note with enormous content", ET_EXEC,
      { CODE, LOADER, NOTE("\4\0\0\0\xfc\xff\xff\xff\1\0\0\0GNU\0" GO_NOTE) }, 3, {}, 0, REACH_PRELOADED },
    { "Go's section", ET_EXEC, { CODE, LOADER }, 2,
      { {}, { SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, BYTES(GO_MAGIC) } }, 2, REACH_GO },
    { "Go's section, the ninth", ET_EXEC, { CODE, LOADER }, 2,
      { {}, {}, {}, {}, {}, {}, {}, {}, { SHT_PROGBITS, SHF_ALLOC, BYTES(GO_MAGIC) } }, 9, REACH_GO },
    { "Go's section in a file that is not loaded", ET_EXEC, { CODE, LOADER }, 2,
      { {}, { SHT_PROGBITS, 0, BYTES(GO_MAGIC) } }, 2, REACH_PRELOADED },
    { "other sections", ET_EXEC, { CODE, LOADER }, 2,
      { {}, { SHT_PROGBITS, SHF_ALLOC, BYTES("0123456789abcdef") } }, 2, REACH_PRELOADED },
    { "no sections, Go's mark in the data", ET_EXEC,
      { CODE, LOADER, { PT_LOAD, PF_R | PF_W, BYTES(GO_MAGIC), 32 } }, 3, {}, 0, REACH_GO },
    { "no sections, Go's mark further on", ET_EXEC,
      { CODE, LOADER, { PT_LOAD, PF_R | PF_W, BYTES(GO_MAGIC), 2048 } }, 3, {}, 0, REACH_GO },
    { "no sections, Go's mark askew", ET_EXEC,
      { CODE, LOADER, { PT_LOAD, PF_R | PF_W, BYTES(GO_MAGIC), 8 } }, 3, {}, 0, REACH_PRELOADED },
    { "no sections, Go's mark in the code", ET_EXEC,
      { CODE, LOADER, { PT_LOAD, PF_R | PF_X, BYTES(GO_MAGIC), 0 } }, 3, {}, 0, REACH_PRELOADED },
};

static void elf_files(void **state)
{
    char file[FILE_MOST];

    folder_file("elf", file, elf_make(*state, file), 0755);
    assert_int_equal(look_at("elf"), ((const struct elf_row *)*state)->reach);
}

static void a_program_cut_anywhere(void **state)
{
    char file[FILE_MOST];
    size_t size = elf_make(&elf_program, file);

    (void)state;
    for (size_t cut = 0; cut < size; cut++) {
        bool whole = cut >= sizeof(ElfW(Ehdr)) + 2 * sizeof(ElfW(Phdr));

        folder_file("cut", file, cut, 0755);
        assert_int_equal(look_at("cut"), whole ? REACH_PRELOADED : REACH_NOTHING);
    }
}

static const struct {
    const char *name;
    size_t at;
    unsigned char other; /* than ours, by exclusive or */
} machines[] = {
    { "32-bit for 64-bit", EI_CLASS, ELFCLASS32 ^ ELFCLASS64 },
    { "the other byte order", EI_DATA, ELFDATA2LSB ^ ELFDATA2MSB },
    { "another processor", offsetof(ElfW(Ehdr), e_machine), 1 },
};

static void other_machines(void **state)
{
    const typeof(*machines) *row = *state;
    char file[FILE_MOST];
    size_t size = elf_make(&elf_program, file);

    file[row->at] ^= (char)row->other;
    folder_file("other", file, size, 0755);
    assert_int_equal(look_at("other"), REACH_MACHINE);
    assert_string_equal(reach_library_wrong(folder_path("other"), &look_net),
                        "is built for another machine than this program");
}

static void random_bytes_behind_the_magic_do_no_harm(void **state)
{
    char file[FILE_MOST];

    (void)state;
    print_message("seed 11\n");
    srandom(11);
    for (int turn = 0; turn < 2000; turn++) {
        size_t size = elf_make(&elf_rows[(size_t)turn % COUNT(elf_rows)], file);

        for (int i = 0; i < 6; i++)
            file[EI_DATA + 1 + random() % 600] = (char)random();
        folder_file("random", file, size, 0755);
        assert_true(look_at("random") < REACHES);
        reach_library_wrong(folder_path("random"), &look_net);
    }
}

static const struct {
    const char *name;
    struct elf_row file;
    size_t cut; /* bytes that are missing at the end */
    const char *wrong;
} libraries[] = {
    { "a shared library", ELF(ET_DYN, CODE, CONTENT), 0, NULL },
    { "one that is not whole", ELF(ET_DYN, CODE, CONTENT), 1, "is not whole" },
    { "a program", ELF(ET_DYN, CODE, LOADER), 0, "is no shared library" },
    { "a program at a fixed address", ELF(ET_EXEC, CODE, DATA), 0, "is no shared library" },
    { "half a header", ELF(ET_DYN, CODE, DATA), CONTENT_AT - 30, "is no ELF file" },
};

static void library_files(void **state)
{
    const typeof(*libraries) *row = *state;
    char file[FILE_MOST];
    size_t size = elf_make(&row->file, file);
    const char *wrong;

    folder_file("library", file, size - row->cut, 0644);
    wrong = reach_library_wrong(folder_path("library"), &look_net);
    if (row->wrong && wrong)
        assert_string_equal(wrong, row->wrong);
    else
        assert_ptr_equal(wrong, row->wrong);
}

static void a_text_is_no_library(void **state)
{
    (void)state;
    assert_string_equal(reach_library_wrong(folder_text("text", "no format known\n"), &look_net),
                        "is no ELF file");
    assert_string_equal(reach_library_wrong(folder_path("nobody"), &look_net), "cannot be read");
}

int main(void)
{
    int failed;

    if (!folder_make())
        return 1;
    ROWS(elf_rows, elf_files);
    STORY(a_program_cut_anywhere);
    ROWS(machines, other_machines);
    STORY(random_bytes_behind_the_magic_do_no_harm);
    ROWS(libraries, library_files);
    STORY(a_text_is_no_library);
    failed = rows_run("reach_elf");
    folder_remove();
    return failed;
}
