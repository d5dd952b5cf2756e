/* What can be preloaded: scripts, env lines and what they lead to. */
#include "support/elf_files.h"
#include "support/folder.h"
#include "support/looks.h"
#include "support/rows.h"

#include <ptunnel/reach.h>
#include <ptunnel/text.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_text(const char *name, const char *words)
{
    folder_file(name, words, strlen(words), 0755);
}

static void make_programs(void)
{
    elf_write("dynamic", &elf_program);
    elf_write("static", &elf_static_program);
    elf_write("env", &elf_program);
    elf_write("mode644", &elf_static_program);
    assert_int_equal(chmod(folder_path("mode644"), 0644), 0);
    mkdir(folder_path("sub"), 0755);
    elf_write("sub/inner", &elf_static_program);
    assert_int_equal(symlink("static", folder_path("link")), 0);
    assert_int_equal(symlink("link", folder_path("link-to-link")), 0);
    assert_int_equal(symlink("round", folder_path("round")), 0);
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
    char *argv[] = { folder_path("script"), "static", NULL };

    expand(row->text, words, sizeof words);
    write_text("script", words);
    assert_int_equal(look_as(folder_path("script"), argv, false, found), row->reach);
    if (row->file)
        assert_string_equal(found, folder_path(row->file));
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
    assert_int_equal(look_as(folder_path("long"), argv, true, found), REACH_PRELOADED);
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
        assert_string_equal(found, folder_path(row->file));
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
    reach_look(&look, &command, &look_net);
    assert_string_equal(look.file, "/bin/sh");
    command.path = "";
    assert_int_equal(reach_look(&look, &command, &look_net), REACH_NOTHING);
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
    reach_library_wrong(folder_path("static"), &look_net);
    after = dup(0);
    close(after);
    assert_int_equal(after, before);
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

int main(void)
{
    int failed;

    if (!folder_make())
        return 1;
    make_programs();
    ROWS(scripts, through_scripts);
    STORY(a_line_longer_than_the_kernel_reads);
    ROWS(commands, commands_as_given);
    STORY(more_words_than_there_is_room_for);
    STORY(a_string_longer_than_there_is_room_for);
    STORY(without_a_path_the_usual_places);
    STORY(no_descriptor_is_left);
    STORY(every_answer_has_words);
    failed = rows_run("reach");
    folder_remove();
    return failed;
}
