#include "complaint.h"

enum { SHOWN_MOST = 60 };

struct text *complaint_start(struct parser *parser, const struct place *place)
{
    parser->bad = true;
    place_print(parser->wrong, place);
    text_add(parser->wrong, ": ");
    return parser->wrong;
}

void complaint_end(struct parser *parser)
{
    struct text *wrong = parser->wrong;

    text_add(wrong, "\n");
    if (!wrong->cut)
        return;
    while (wrong->at > wrong->start && wrong->at[-1] != '\n')
        wrong->at--;
    *wrong->at = '\0';
}

void complaint_say(struct parser *parser, const struct place *place, const char *words)
{
    text_add(complaint_start(parser, place), words);
    complaint_end(parser);
}

void complaint_add_expected(struct text *out, const char *what, const struct word *instead)
{
    text_print(out, "expected %s, not %s", what, instead ? "'" : "the end of the line");
    if (instead) {
        text_add_foreign(out, instead->text, instead->size, SHOWN_MOST);
        text_add(out, "'");
    }
}

void complaint_expected(struct parser *parser, const struct place *place, const char *what,
                        const struct word *instead)
{
    complaint_add_expected(complaint_start(parser, place), what, instead);
    complaint_end(parser);
}
