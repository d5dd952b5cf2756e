#include "files.h"
#include "complaint.h"
#include "directives.h"

#include <string.h>

/* Where a rule file is looked for if none is named. It need not be there. */
static const struct {
    const char *variable, *rest; /* variable NULL: `rest` is the path */
} searched[] = {
    { "XDG_CONFIG_HOME", "/ptunnel/rules" },
    { "HOME", "/.config/ptunnel/rules" },
    { NULL, "/etc/ptunnel/rules" },
};

static void parse_file(struct parser *parser, struct source *file)
{
    parser->file = file->path;
    directives_parse_file(parser, file);
}

static void parse_named_file(struct parser *parser, const char *path, const struct place *place)
{
    struct source file = { 0 };

    if (path[0] != '/')
        source_refuse(parser, path, place, "is not an absolute path", 0);
    else if (source_open(parser, &file, parser_copy(parser, path, strlen(path)), place, false))
        parse_file(parser, &file);
}

/* False: there is no such file, the search goes on. */
static bool parse_if_there(struct parser *parser, const char *base, const char *rest)
{
    struct source file = { 0 };
    enum source_found found = source_search(parser, &file, base, rest);

    if (found == SOURCE_READ)
        parse_file(parser, &file);
    return found != SOURCE_ABSENT;
}

static void search_file(struct parser *parser)
{
    for (size_t i = 0; i < sizeof searched / sizeof *searched; i++) {
        const char *base = searched[i].variable ? parser->variable(searched[i].variable) : "";

        if (!base || (searched[i].variable && base[0] != '/'))
            continue;
        if (parse_if_there(parser, base, searched[i].rest))
            return;
    }
}

/* That of another version is refused whole: to go on without it would let out what an option rejects. */
static void parse_handed(struct parser *parser, const char *whole)
{
    static const struct place variable = { .source = "PTUNNEL_CONFIG" };
    struct source text = { .name = "PTUNNEL_CONFIG", .has_lines = true };

    if (strncmp(whole, CONFIG_HEADER, strlen(CONFIG_HEADER)) != 0) {
        complaint_say(parser, &variable,
                      "another version of ptunnel-run has set it: start the command again");
        return;
    }
    parser->first_counts = true;
    whole += strlen(CONFIG_HEADER);
    text.at = parser_copy(parser, whole, strlen(whole));
    text.end = text.at + strlen(text.at);
    directives_parse(parser, &text);
}

void files_read(struct parser *parser, const struct config_options *options)
{
    static const struct place option = { .source = "-r" }, rules_variable = { .source = "PTUNNEL_RULES" };
    const char *whole = options ? NULL : parser->variable("PTUNNEL_CONFIG");
    const char *named = options ? options->rules : NULL;

    if (whole && whole[0]) {
        parse_handed(parser, whole);
        return;
    }
    if (!named)
        named = parser->variable("PTUNNEL_RULES");
    if (!named)
        search_file(parser);
    else if (named[0])
        parse_named_file(parser, named, options && options->rules ? &option : &rules_variable);
}
