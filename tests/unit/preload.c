/* The words of LD_PRELOAD for a program. */
#include "support/elf_files.h"
#include "support/folder.h"
#include "support/looks.h"
#include "support/rows.h"

#include <ptunnel/preload.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ASAN "libasan.so.8"
#define CLANG "/clang/libclang_rt.asan-x86_64.so"

/* @ is the folder; the library is @/libptunnel.so. */
static const struct {
    const char *name, *runtime, *list, *wanted;
} rows[] = {
    { "nothing there", "", "", "@/libptunnel.so" },
    { "blanks alone", "", " : ", "@/libptunnel.so" },
    { "another", "", "libm.so.6", "@/libptunnel.so:libm.so.6" },
    { "others, however they are parted", "", " a.so b.so:c.so", "@/libptunnel.so a.so b.so:c.so" },
    { "it is there", "", "@/libptunnel.so", "@/libptunnel.so" },
    { "it is there, and not the first", "", "a.so @/libptunnel.so:b.so", "a.so @/libptunnel.so:b.so" },
    { "it is there, spelt otherwise", "", "a.so:@/./libptunnel.so", "a.so:@/./libptunnel.so" },
    { "it is there by a link of another name", "", "@/link.so", "@/link.so" },
    { "another copy", "", "@/copy/libptunnel.so", "@/libptunnel.so:@/copy/libptunnel.so" },
    { "one that is gone", "", "a.so:@/gone/libptunnel.so:b.so", "@/libptunnel.so:a.so:b.so" },
    { "one for another machine", "", "@/other/libptunnel.so", "@/libptunnel.so" },
    { "one that is a text", "", "@/text/libptunnel.so", "@/libptunnel.so" },
    { "a bare name", "", "libptunnel.so:a.so", "@/libptunnel.so:a.so" },
    { "one that the loader expands", "", "/usr/$LIB/libptunnel.so", "@/libptunnel.so" },
    { "names that only begin or end so", "", "xlibptunnel.so:libptunnel.so.1",
      "@/libptunnel.so:xlibptunnel.so:libptunnel.so.1" },
    { "a runtime is needed", ASAN, "", ASAN "::@/libptunnel.so" },
    { "a runtime is needed, in front of the others", ASAN, "a.so:@/libptunnel.so", ASAN "::a.so:@/libptunnel.so" },
    { "a runtime is needed, and put in front before", ASAN, ASAN "::@/libptunnel.so", ASAN "::@/libptunnel.so" },
    { "a runtime that was put in front for another program", "", ASAN "::@/libptunnel.so:a.so", "@/libptunnel.so:a.so" },
    { "another runtime was put in front", ASAN, CLANG "::@/libptunnel.so", ASAN "::@/libptunnel.so" },
    { "the user's own runtime", "", "/x/" ASAN ":a.so", "/x/" ASAN ":@/libptunnel.so:a.so" },
    { "the user's own runtime where one is needed", ASAN, "/x/" ASAN " @/libptunnel.so", "/x/" ASAN " @/libptunnel.so" },
    { "clang's", "", CLANG, CLANG ":@/libptunnel.so" },
};

static void make_files(void)
{
    static const struct elf_row library = ELF(ET_DYN, CODE, CONTENT);
    char file[FILE_MOST];
    size_t size = elf_make(&library, file);

    folder_file("libptunnel.so", file, size, 0644);
    assert_int_equal(symlink("libptunnel.so", folder_path("link.so")), 0);
    for (const char *const *name = (const char *const[]){ "copy", "other", "text", NULL }; *name; name++)
        assert_int_equal(mkdir(folder_path(*name), 0755), 0);
    folder_file("copy/libptunnel.so", file, size, 0644);
    folder_file("text/libptunnel.so", "words\n", 6, 0644);
    file[offsetof(ElfW(Ehdr), e_machine)] ^= 1;
    folder_file("other/libptunnel.so", file, size, 0644);
}

static void expand(const char *words, char *out, size_t size)
{
    struct text text = text_in(out, size);

    for (; *words; words++) {
        if (*words == '@')
            text_add(&text, folder);
        else
            text_add_bytes(&text, words, 1);
    }
    assert_false(text.cut);
}

static void words_of_a_list(void **state)
{
    const typeof(*rows) *row = *state;
    char list[2000], wanted[2000], room[2000 + PRELOAD_MORE] = "LD_PRELOAD=";
    static struct reach_look look;
    struct text out;

    expand(row->list, list, sizeof list);
    expand(row->wanted, wanted, sizeof wanted);
    expand("@/libptunnel.so", look.library, sizeof look.library);
    strcpy(look.runtime, row->runtime);
    out = text_in(room + 11, strlen(list) + PRELOAD_MORE);
    preload_write(&out, list, &look, &look_net);
    assert_false(out.cut);
    assert_string_equal(room + 11, wanted);
    strcpy(list, wanted); /* it is right now, and stays so */
    out = text_in(room + 11, strlen(list) + PRELOAD_MORE);
    preload_write(&out, list, &look, &look_net);
    assert_string_equal(room + 11, wanted);
}

static void a_word_that_has_the_name(void **state)
{
    (void)state;
    assert_true(preload_names("a.so:libptunnel.so", "/x/libptunnel.so"));
    assert_true(preload_names("/y/libptunnel.so a.so", "./libptunnel.so"));
    assert_false(preload_names("/y/libptunnel.so.1:xlibptunnel.so", "/x/libptunnel.so"));
    assert_false(preload_names("", "/x/libptunnel.so"));
}

static const struct {
    const char *name, *runtime;
    struct elf_names names;
} programs[] = {
    { "no runtime", "", { .needed = { "libc.so.6" } } },
    { "gcc's", ASAN, { .needed = { ASAN, "libc.so.6" } } },
    { "clang's", "libclang_rt.asan-x86_64.so", { .needed = { "libc.so.6", "libclang_rt.asan-x86_64.so" } } },
    { "another one's", "", { .needed = { "libtsan.so.2" } } },
};

static void what_a_program_needs(void **state)
{
    const typeof(*programs) *row = *state;
    static struct reach_look look;
    char library[PATH_MAX], *argv[] = { folder_path("program"), NULL };
    struct reach_command command = { .file = argv[0], .argv = argv, .library = library };

    expand("@/libptunnel.so", library, sizeof library);
    elf_write_named("program", &elf_program, &row->names);
    assert_int_equal(reach_look(&look, &command, &look_net), REACH_PRELOADED);
    assert_string_equal(look.runtime, row->runtime);
    assert_string_equal(look.library, library);
}

int main(void)
{
    int failed;

    if (!folder_make())
        return 1;
    make_files();
    ROWS(rows, words_of_a_list);
    STORY(a_word_that_has_the_name);
    ROWS(programs, what_a_program_needs);
    failed = rows_run("preload");
    folder_remove();
    return failed;
}
