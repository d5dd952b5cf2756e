#include "parser.h"

#include <ptunnel/arena.h>

#include <string.h>

void *parser_alloc(struct parser *parser, size_t size)
{
    void *memory = arena_alloc(size);

    if (!memory)
        parser->no_memory = true;
    return memory;
}

const char *parser_copy(struct parser *parser, const char *text, size_t size)
{
    char *copy = parser_alloc(parser, size + 1);

    return copy ? memcpy(copy, text, size) : "";
}
