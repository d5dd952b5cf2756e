#include <ptunnel/place.h>

#include <string.h>

void place_print(struct text *out, const struct place *place)
{
    text_add_foreign(out, place->source, strlen(place->source), 4096);
    if (place->line)
        text_print(out, ":%u", (unsigned)place->line);
    if (place->line && place->column)
        text_print(out, ":%u", (unsigned)place->column);
}
