#include <ptunnel/place.h>

#include <string.h>

void place_print(struct text *out, const struct place *place)
{
    text_add_foreign(out, place->source, strlen(place->source), 4096);
    for (int i = 0; i < 2; i++) {
        uint32_t number = i == 0 ? place->line : place->column;

        if (number == 0)
            return;
        text_add(out, ":");
        text_add_number(out, number);
    }
}
