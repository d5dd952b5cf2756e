/* What is known of a program by names in its file: those of sections, of libraries, of the loader. */
#include "support/elf_files.h"
#include "support/folder.h"
#include "support/looks.h"
#include "support/rows.h"

#include <ptunnel/reach.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *name;
    struct elf_names names;
    enum reach reach, static_reach;
} rows[] = {
    { "Free Pascal", { .sections = { ".text", ".fpcdata" } }, REACH_PASCAL, REACH_STATIC },
    { "Bun", { .sections = { ".bun" } }, REACH_BUN, REACH_STATIC },
    { "Bun's other section, far behind", { .sections = { "a", "b", "c", "d", "e", "f", "g", "h", "i", ".bun_builtins", "j" } },
      REACH_BUN, REACH_STATIC },
    { "sections with like names", { .sections = { ".bunch", "x.bun", ".fpcdat", ".fpcdata2", "" } }, REACH_PRELOADED,
      REACH_STATIC },
    { "liburing", { .needed = { "libm.so.6", "liburing.so.2", "libc.so.6" } }, REACH_URING, REACH_STATIC },
    { "libraries with like names", { .needed = { "liburing-ffi.so.2", "xliburing.so.2" } }, REACH_PRELOADED, REACH_STATIC },
    { "its own name is like a loader's", { .own_name = "ld-linux-x86-64.so.2" }, REACH_PRELOADED, REACH_STATIC },
};

static void by_its_names(void **state)
{
    const typeof(*rows) *row = *state;

    elf_write_named("named", &elf_program, &row->names);
    assert_int_equal(look_at("named"), row->reach);
    elf_write_named("named", &elf_static_program, &row->names);
    assert_int_equal(look_at("named"), row->static_reach);
}

static void names_cut_anywhere_do_no_harm(void **state)
{
    const struct elf_names names = { .sections = { ".fpcdata" }, .needed = { "liburing.so.2" } };
    char file[FILE_MOST];
    size_t size = elf_make_named(&elf_program, &names, file);

    (void)state;
    for (size_t cut = 0; cut < size; cut++) {
        folder_file("cut", file, cut, 0755);
        assert_true(look_at("cut") < REACHES);
    }
}

static const struct elf_row loader = ELF(ET_DYN, CODE, DATA);
static const struct elf_names glibc_names = { .own_name = "ld-linux-x86-64.so.2" };

enum { LOADED_WORDS = 7 };

/* %s of a word is the folder. */
static const struct {
    const char *name;
    const char *words[LOADED_WORDS];
    enum reach reach;
} by_hand[] = {
    { "a dynamic program", { "%sld.so", "%sdynamic", "x" }, REACH_PRELOADED },
    { "a static one", { "%sld.so", "%sstatic" }, REACH_STATIC },
    { "one that may not be executed", { "%sld.so", "%splain" }, REACH_STATIC },
    { "options of both kinds", { "%sld.so", "--inhibit-cache", "--library-path", "/x", "%sstatic" }, REACH_STATIC },
    { "its own list besides ours", { "%sld.so", "--preload", "x", "%sdynamic" }, REACH_PRELOADED },
    { "it lists", { "%sld.so", "--list", "%sstatic" }, REACH_PRELOADED },
    { "it verifies", { "%sld.so", "--verify", "%sstatic" }, REACH_PRELOADED },
    { "nothing to load", { "%sld.so" }, REACH_PRELOADED },
    { "an option without its word", { "%sld.so", "--argv0" }, REACH_PRELOADED },
    { "nobody there", { "%sld.so", "%snobody" }, REACH_NOTHING },
    { "a text", { "%sld.so", "%stext" }, REACH_NOTHING },
    { "a name that is searched for", { "%sld.so", "dynamic" }, REACH_UNCLEAR },
    { "env", { "%sld.so", "%senv", "static" }, REACH_STATIC },
    { "itself", { "%sld.so", "%sld.so" }, REACH_STATIC },
    { "by env", { "env", "%sld.so", "%sstatic" }, REACH_STATIC },
    { "musl's", { "%sld-musl-x86_64.so.1", "%sdynamic" }, REACH_PRELOADED },
    { "musl's, options", { "%sld-musl-x86_64.so.1", "--library-path=/x", "--argv0=x", "--", "%sdynamic" }, REACH_PRELOADED },
    { "musl's, its list instead of ours", { "%sld-musl-x86_64.so.1", "--preload", "x", "%sdynamic" }, REACH_UNCLEAR },
    { "musl's, the same in one word", { "%sld-musl-x86_64.so.1", "--preload=x", "%sdynamic" }, REACH_UNCLEAR },
};

static void the_loader_called_by_hand(void **state)
{
    const typeof(*by_hand) *row = *state;
    char words[LOADED_WORDS][600];
    char *argv[LOADED_WORDS + 1] = { NULL };

    elf_write("dynamic", &elf_program);
    elf_write("static", &elf_static_program);
    elf_write("env", &elf_program);
    elf_write_named("ld.so", &loader, &glibc_names);
    elf_write("ld-musl-x86_64.so.1", &loader);
    elf_write("plain", &elf_static_program);
    assert_int_equal(chmod(folder_path("plain"), 0644), 0);
    folder_file("text", "words\n", 6, 0755);
    for (size_t i = 0; i < LOADED_WORDS && row->words[i]; i++) {
        bool is_path = strncmp(row->words[i], "%s", 2) == 0;

        snprintf(words[i], sizeof words[i], "%s%s%s", is_path ? folder : "", is_path ? "/" : "",
                 row->words[i] + (is_path ? 2 : 0));
        argv[i] = words[i];
    }
    assert_int_equal(look_as(argv[0], argv, true, NULL), row->reach);
}

/* Where the file of a program for the other class of this machine lies, and its library. */
static void the_other_class_has_a_library_of_its_own(void **state)
{
#ifdef __x86_64__
    static const Elf32_Ehdr header = {
        .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_EXEC, .e_machine = EM_386,
        .e_phoff = sizeof header, .e_phentsize = sizeof(Elf32_Phdr), .e_phnum = 2,
    };
    static const Elf32_Phdr segments[] = { { .p_type = PT_LOAD }, { .p_type = PT_INTERP } };
    static struct reach_look look;
    char file[sizeof header + sizeof segments], library[PATH_MAX], program[PATH_MAX], *argv[] = { program, NULL };
    struct reach_command command = { .file = program, .argv = argv, .library = library };

    memcpy(file, &header, sizeof header);
    memcpy(file + sizeof header, segments, sizeof segments);
    folder_file("narrow", file, sizeof file, 0755);
    strcpy(program, folder_path("narrow"));
    strcpy(library, folder_path("libptunnel.so"));
    assert_int_equal(reach_look(&look, &command, &look_net), REACH_MACHINE);
    assert_int_equal(mkdir(folder_path("ptunnel"), 0755), 0);
    assert_int_equal(mkdir(folder_path("ptunnel/i386"), 0755), 0);
    folder_file("ptunnel/i386/libptunnel.so", "", 0, 0644);
    assert_int_equal(reach_look(&look, &command, &look_net), REACH_PRELOADED);
    assert_string_equal(look.library, folder_path("ptunnel/i386/libptunnel.so"));
    file[sizeof header + sizeof *segments] = PT_NULL;
    folder_file("narrow", file, sizeof file, 0755);
    assert_int_equal(reach_look(&look, &command, &look_net), REACH_MACHINE); /* static: nothing helps */
    command.library = NULL;
    assert_int_equal(reach_look(&look, &command, &look_net), REACH_MACHINE);
#endif
    (void)state;
}

int main(void)
{
    int failed;

    if (!folder_make())
        return 1;
    ROWS(rows, by_its_names);
    STORY(names_cut_anywhere_do_no_harm);
    ROWS(by_hand, the_loader_called_by_hand);
    STORY(the_other_class_has_a_library_of_its_own);
    failed = rows_run("reach_names");
    folder_remove();
    return failed;
}
