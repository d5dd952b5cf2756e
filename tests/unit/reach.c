/* What can be preloaded: ELF files, scripts and env lines made by hand, in a folder of the test's own. */
#include "support/rows.h"

#include <ptunnel/reach.h>
#include <ptunnel/text.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 8192, SEGMENTS_MOST = 20, SECTIONS_MOST = 20, CONTENT_AT = 4096 };

static char folder[] = "/tmp/reach.XXXXXX";
static const struct net net = { .close = close };
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden"))); /* what the test itself is */

static char *path_of(const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    struct text path = text_in(paths[next % 4], PATH_MAX);

    text_add(&path, folder);
    text_add(&path, "/");
    text_add(&path, name);
    return paths[next++ % 4];
}

static void write_file(const char *name, const void *bytes, size_t size, mode_t mode)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void write_text(const char *name, const char *words)
{
    write_file(name, words, strlen(words), 0755);
}

static enum reach look_as(const char *file, char *const *argv, bool search, char *found)
{
    struct reach_look look;
    struct reach_command command = { .file = file, .argv = argv, .path = folder, .search = search };
    enum reach reach;

    errno = EXDEV;
    reach = reach_look(&look, &command, &net);
    assert_int_equal(errno, EXDEV);
    assert_int_equal(reach, look.reach);
    if (found)
        strcpy(found, look.file);
    return reach;
}

static enum reach look_at(const char *name)
{
    char *path = path_of(name);
    char *argv[] = { path, NULL };

    return look_as(path, argv, false, NULL);
}

/* --- ELF files --- */

#define GO_MAGIC "\xff Go buildinf:\b\2" /* 16 bytes */
#define GO_NOTE "\4\0\0\0\4\0\0\0\4\0\0\0Go\0\0abcd"
#define OTHER_NOTE "\4\0\0\0\4\0\0\0\1\0\0\0GNU\0abcd"
#define PADDED_NOTE "\4\0\0\0\5\0\0\0\1\0\0\0GNU\0abcde\0\0\0" /* 5 bytes of content, padded to 8 */
#define BYTES(literal) literal, sizeof(literal) - 1
#define CODE { .type = PT_LOAD, .flags = PF_R | PF_X }
#define DATA { .type = PT_LOAD, .flags = PF_R | PF_W }
#define LOADER { .type = PT_INTERP }
#define CONTENT { .type = PT_LOAD, .flags = PF_R, .bytes = "content", .size = 7 }
#define ELF(type_, one, other) { .type = type_, .segments = { one, other }, .segment_count = 2 }
#define NOTE(literal) { .type = PT_NOTE, .flags = PF_R, .bytes = literal, .size = sizeof(literal) - 1 }

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

static const struct elf_row {
    const char *name;
    uint16_t type;
    struct segment segments[SEGMENTS_MOST];
    size_t segment_count;
    struct section sections[SECTIONS_MOST];
    size_t section_count;
    enum reach reach;
} elf_rows[] = {
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

/* The file of a row: header, segments, sections, contents. */
static size_t make_elf(const struct elf_row *row, char *out)
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

static void elf_files(void **state)
{
    char file[FILE_MOST];

    write_file("elf", file, make_elf(*state, file), 0755);
    assert_int_equal(look_at("elf"), ((const struct elf_row *)*state)->reach);
}

static const struct elf_row a_program = ELF(ET_EXEC, CODE, LOADER);
static const struct elf_row a_static_program = ELF(ET_EXEC, CODE, DATA);

static void write_elf(const char *name, const struct elf_row *row)
{
    char file[FILE_MOST];

    write_file(name, file, make_elf(row, file), 0755);
}

static void a_program_cut_anywhere(void **state)
{
    char file[FILE_MOST];
    size_t size = make_elf(&a_program, file);

    (void)state;
    for (size_t cut = 0; cut < size; cut++) {
        bool whole = cut >= sizeof(ElfW(Ehdr)) + 2 * sizeof(ElfW(Phdr));

        write_file("cut", file, cut, 0755);
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
    size_t size = make_elf(&a_program, file);

    file[row->at] ^= (char)row->other;
    write_file("other", file, size, 0755);
    assert_int_equal(look_at("other"), REACH_MACHINE);
    assert_string_equal(reach_library_wrong(path_of("other"), &net),
                        "is built for another machine than this program");
}

static void random_bytes_behind_the_magic_do_no_harm(void **state)
{
    char file[FILE_MOST];

    (void)state;
    print_message("seed 11\n");
    srandom(11);
    for (int turn = 0; turn < 2000; turn++) {
        size_t size = make_elf(&elf_rows[(size_t)turn % COUNT(elf_rows)], file);

        for (int i = 0; i < 6; i++)
            file[EI_DATA + 1 + random() % 600] = (char)random();
        write_file("random", file, size, 0755);
        assert_true(look_at("random") < REACHES);
        reach_library_wrong(path_of("random"), &net);
    }
}

/* --- scripts and env --- */

static void make_programs(void)
{
    write_elf("dynamic", &a_program);
    write_elf("static", &a_static_program);
    write_elf("env", &a_program);
    write_elf("mode644", &a_static_program);
    assert_int_equal(chmod(path_of("mode644"), 0644), 0);
    mkdir(path_of("sub"), 0755);
    write_elf("sub/inner", &a_static_program);
    assert_int_equal(symlink("static", path_of("link")), 0);
    assert_int_equal(symlink("link", path_of("link-to-link")), 0);
    assert_int_equal(symlink("round", path_of("round")), 0);
    write_text("text", "no format known\n");
    write_text("empty", "");
}

/* %F is the folder. */
static void expand(const char *words, char *out, size_t size)
{
    struct text text = text_in(out, size);

    for (const char *at = words; *at; at++)
        if (at[0] == '%' && at[1] == 'F') {
            text_add(&text, folder);
            at++;
        } else {
            text_add_bytes(&text, at, 1);
        }
    assert_false(text.cut);
}

static const struct {
    const char *name, *text;
    enum reach reach;
    const char *file; /* that decided */
} scripts[] = {
    { "of a static program", "#!%F/static\n", REACH_STATIC, "static" },
    { "of a dynamic one", "#!%F/dynamic\n", REACH_PRELOADED, "dynamic" },
    { "blanks in front and behind", "#! \t%F/static \t \n", REACH_STATIC, "static" },
    { "with a word", "#!%F/static -x y\n", REACH_STATIC, "static" },
    { "without a line end", "#!%F/static", REACH_STATIC, "static" },
    { "nobody there", "#!%F/nobody\n", REACH_NOTHING, NULL },
    { "through a link", "#!%F/link-to-link\n", REACH_STATIC, "link-to-link" },
    { "env and a name", "#!%F/env static\n", REACH_STATIC, "static" },
    { "env and a path", "#!%F/env %F/static\n", REACH_STATIC, "static" },
    { "env and a dynamic one", "#!%F/env dynamic\n", REACH_PRELOADED, "dynamic" },
    { "env takes the rest of the line for one name", "#!%F/env static -x\n", REACH_NOTHING, NULL },
    { "env -S", "#!%F/env -S static -x\n", REACH_STATIC, "static" },
    { "env -S glued", "#!%F/env -Sstatic -x\n", REACH_STATIC, "static" },
    { "env -vS", "#!%F/env -vS static -x\n", REACH_STATIC, "static" },
    { "env --split-string", "#!%F/env --split-string=static -x\n", REACH_STATIC, "static" },
    { "env -S with options and assignments", "#!%F/env -S -u X A=b static\n", REACH_STATIC, "static" },
    { "env -S with quotes", "#!%F/env -S 'sta'\"tic\" -x\n", REACH_STATIC, "static" },
    { "env -S with an escape", "#!%F/env -S A=\\_b static\n", REACH_NOTHING, NULL },
    { "env -S with a variable", "#!%F/env -S ${X} y\n", REACH_UNCLEAR, NULL },
    { "env -S with a quoted variable", "#!%F/env -S A='${X}' static\n", REACH_STATIC, "static" },
    { "env -S with a quote that does not end", "#!%F/env -S 'static\n", REACH_UNCLEAR, NULL },
    { "env -S with an escape that is none", "#!%F/env -S st\\atic\n", REACH_UNCLEAR, NULL },
    { "env -S and a comment", "#!%F/env -S static # dynamic\n", REACH_STATIC, "static" },
    { "env alone runs the script for ever", "#!%F/env\n", REACH_UNCLEAR, NULL },
    { "the shell's, which execve(2) knows not", "echo hello\n", REACH_NOTHING, NULL },
    { "no interpreter", "#!\n", REACH_NOTHING, NULL },
    { "blanks for an interpreter", "#!  \t \n", REACH_NOTHING, NULL },
    { "two bytes", "#!", REACH_NOTHING, NULL },
    { "itself", "#!%F/script\n", REACH_UNCLEAR, NULL },
};

static void through_scripts(void **state)
{
    const typeof(*scripts) *row = *state;
    char words[1024], found[PATH_MAX];
    char *argv[] = { path_of("script"), "static", NULL };

    expand(row->text, words, sizeof words);
    write_text("script", words);
    assert_int_equal(look_as(path_of("script"), argv, false, found), row->reach);
    if (row->file)
        assert_string_equal(found, path_of(row->file));
    write_text("outer", "");
    expand("#!%F/script\n", words, sizeof words);
    write_text("outer", words);
    if (strncmp(row->text, "#!%F/env", 8) != 0) /* there the outer one's path is a word more */
        assert_int_equal(look_at("outer"), row->reach);
}

static void a_line_longer_than_the_kernel_reads(void **state)
{
    char words[600], found[PATH_MAX];
    char *argv[] = { "long", NULL };
    struct text text = text_in(words, sizeof words);

    (void)state;
    text_add(&text, "#!");
    text_add(&text, folder);
    text_add(&text, "/static ");
    while (text_size(&text) < 500)
        text_add(&text, "x");
    text_add(&text, "\n");
    write_text("long", words);
    assert_int_equal(look_at("long"), REACH_STATIC);
    memset(words + 2, '/', 500); /* no end of the name in sight: the kernel says ENOEXEC */
    write_text("long", words);
    assert_int_equal(look_at("long"), REACH_NOTHING);
    assert_int_equal(look_as(path_of("long"), argv, true, found), REACH_PRELOADED);
    assert_string_equal(found, "/bin/sh");
}

enum { WORDS = 8 };

static const struct {
    const char *name;
    const char *words[WORDS];
    enum reach reach;
    const char *file;
} commands[] = {
    { "a name", { "static" }, REACH_STATIC, "static" },
    { "a path", { "%F/dynamic" }, REACH_PRELOADED, "dynamic" },
    { "a link", { "link" }, REACH_STATIC, "link" },
    { "a link that goes round", { "%F/round" }, REACH_NOTHING, NULL },
    { "nobody", { "nobody" }, REACH_NOTHING, NULL },
    { "nothing", { "" }, REACH_NOTHING, NULL },
    { "a folder", { "%F/sub" }, REACH_NOTHING, NULL },
    { "a file that is not to be run", { "%F/mode644" }, REACH_NOTHING, NULL },
    { "a text is the shell's", { "text" }, REACH_PRELOADED, NULL },
    { "so is an empty file", { "empty" }, REACH_PRELOADED, NULL },
    { "env alone prints", { "env" }, REACH_PRELOADED, "env" },
    { "env", { "env", "static" }, REACH_STATIC, "static" },
    { "env by its path", { "%F/env", "static" }, REACH_STATIC, "static" },
    { "env twice", { "env", "A=b", "env", "C=d", "static" }, REACH_STATIC, "static" },
    { "env with assignments", { "env", "A=b", "C=", "static" }, REACH_STATIC, "static" },
    { "env with another PATH", { "env", "PATH=%F/sub", "inner" }, REACH_STATIC, "sub/inner" },
    { "env with another PATH that lacks it", { "env", "PATH=%F/sub", "static" }, REACH_NOTHING, NULL },
    { "env, the last PATH counts", { "env", "PATH=/", "PATH=%F/sub", "inner" }, REACH_STATIC, "sub/inner" },
    { "env -i has no PATH", { "env", "-i", "static" }, REACH_NOTHING, NULL },
    { "env - has no PATH", { "env", "-", "static" }, REACH_NOTHING, NULL },
    { "env -i with a path", { "env", "-i", "%F/static" }, REACH_STATIC, "static" },
    { "env -i and a PATH", { "env", "-i", "PATH=%F", "static" }, REACH_STATIC, "static" },
    { "env -u", { "env", "-u", "X", "static" }, REACH_STATIC, "static" },
    { "env -uX", { "env", "-uX", "static" }, REACH_STATIC, "static" },
    { "env -u PATH", { "env", "-u", "PATH", "static" }, REACH_NOTHING, NULL },
    { "env --unset X", { "env", "--unset", "X", "static" }, REACH_STATIC, "static" },
    { "env --unset=X", { "env", "--unset=X", "static" }, REACH_STATIC, "static" },
    { "env --uns X", { "env", "--uns", "X", "static" }, REACH_STATIC, "static" },
    { "env -iu X", { "env", "-iu", "X", "%F/static" }, REACH_STATIC, "static" },
    { "env -0v", { "env", "-0v", "static" }, REACH_STATIC, "static" },
    { "env --block-signal", { "env", "--block-signal", "static" }, REACH_STATIC, "static" },
    { "env --block-signal=INT", { "env", "--block-signal=INT", "static" }, REACH_STATIC, "static" },
    { "env --", { "env", "--", "static" }, REACH_STATIC, "static" },
    { "env -C", { "env", "-C", "%F/sub", "./inner" }, REACH_STATIC, "sub/./inner" },
    { "env --chdir", { "env", "--chdir=%F/sub", "./inner" }, REACH_STATIC, "sub/./inner" },
    { "env -C and a name", { "env", "-C", "/", "static" }, REACH_STATIC, "static" },
    { "env -C twice", { "env", "-C", "/", "-C", "%F", "static" }, REACH_UNCLEAR, NULL },
    { "env --help", { "env", "--help" }, REACH_PRELOADED, "env" },
    { "env with an option that is none", { "env", "-Z", "static" }, REACH_PRELOADED, "env" },
    { "env -u without its word", { "env", "-u" }, REACH_PRELOADED, "env" },
    { "env -S", { "env", "-S", "static -x", "y" }, REACH_STATIC, "static" },
    { "env -S with the command behind it", { "env", "-S", "A=b C=d", "static" }, REACH_STATIC, "static" },
    { "env -S with nothing in it", { "env", "-S", "", "static" }, REACH_STATIC, "static" },
    { "env -S with a comment alone", { "env", "-S", " # dynamic", "static" }, REACH_STATIC, "static" },
    { "env -S twice", { "env", "-S", "-S static" }, REACH_STATIC, "static" },
};

static void commands_as_given(void **state)
{
    const typeof(*commands) *row = *state;
    char words[WORDS][PATH_MAX], found[PATH_MAX];
    char *argv[WORDS + 1] = { NULL };

    for (size_t i = 0; i < WORDS && row->words[i]; i++) {
        expand(row->words[i], words[i], sizeof words[i]);
        argv[i] = words[i];
    }
    assert_int_equal(look_as(argv[0], argv, true, found), row->reach);
    if (row->file)
        assert_string_equal(found, path_of(row->file));
}

static void more_words_than_there_is_room_for(void **state)
{
    char *argv[200];

    (void)state;
    argv[0] = "env";
    for (size_t i = 1; i < 198; i++)
        argv[i] = "A=b";
    argv[198] = "static";
    argv[199] = NULL;
    assert_int_equal(look_as("env", argv, true, NULL), REACH_UNCLEAR);
    argv[50] = "static";
    assert_int_equal(look_as("env", argv, true, NULL), REACH_STATIC);
}

static void a_string_longer_than_there_is_room_for(void **state)
{
    static char string[3 * REACH_TEXT_SIZE];
    char *argv[] = { "env", "-S", string, NULL };

    (void)state;
    memset(string, 'x', sizeof string - 8);
    string[1] = '=';
    strcpy(string + sizeof string - 8, " static");
    assert_int_equal(look_as("env", argv, true, NULL), REACH_UNCLEAR);
    memset(string, ' ', sizeof string - 8);
    assert_int_equal(look_as("env", argv, true, NULL), REACH_STATIC);
}

static void without_a_path_the_usual_places(void **state)
{
    char *argv[] = { "sh", NULL };
    struct reach_command command = { .file = "sh", .argv = argv, .search = true };
    struct reach_look look;

    (void)state;
    reach_look(&look, &command, &net);
    assert_string_equal(look.file, "/bin/sh");
    command.path = "";
    assert_int_equal(reach_look(&look, &command, &net), REACH_NOTHING);
}

static void no_descriptor_is_left(void **state)
{
    int before = dup(0), after;

    (void)state;
    close(before);
    write_text("script", "#!/nobody\n");
    look_at("script");
    look_at("static");
    look_at("dynamic");
    reach_library_wrong(path_of("static"), &net);
    after = dup(0);
    close(after);
    assert_int_equal(after, before);
}

/* --- the library itself --- */

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
    size_t size = make_elf(&row->file, file);
    const char *wrong;

    write_file("library", file, size - row->cut, 0644);
    wrong = reach_library_wrong(path_of("library"), &net);
    if (row->wrong && wrong)
        assert_string_equal(wrong, row->wrong);
    else
        assert_ptr_equal(wrong, row->wrong);
}

static void a_text_is_no_library(void **state)
{
    (void)state;
    assert_string_equal(reach_library_wrong(path_of("text"), &net), "is no ELF file");
    assert_string_equal(reach_library_wrong(path_of("nobody"), &net), "cannot be read");
}

static void every_answer_has_words(void **state)
{
    (void)state;
    for (int i = 0; i < REACHES; i++) {
        assert_true(strlen(reach_reason((enum reach)i)) > 5);
        assert_true(strlen(reach_remedy((enum reach)i)) > 5);
        assert_int_equal(reach_misses((enum reach)i), i > REACH_NOTHING);
    }
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

int main(void)
{
    int failed;

    if (!mkdtemp(folder))
        return 1;
    make_programs();
    ROWS(elf_rows, elf_files);
    STORY(a_program_cut_anywhere);
    ROWS(machines, other_machines);
    STORY(random_bytes_behind_the_magic_do_no_harm);
    ROWS(scripts, through_scripts);
    STORY(a_line_longer_than_the_kernel_reads);
    ROWS(commands, commands_as_given);
    STORY(more_words_than_there_is_room_for);
    STORY(a_string_longer_than_there_is_room_for);
    STORY(without_a_path_the_usual_places);
    STORY(no_descriptor_is_left);
    ROWS(libraries, library_files);
    STORY(a_text_is_no_library);
    STORY(every_answer_has_words);
    failed = rows_run("reach");
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return failed;
}
