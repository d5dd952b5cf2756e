#include <ptunnel/carried.h>
#include <ptunnel/deadline.h>

/* In decimal: a long is too short for them where it has 32 bits. */
static void add_bytes(struct text *out, uint64_t bytes)
{
    if (bytes >= 10)
        add_bytes(out, bytes / 10);
    text_add_number(out, (unsigned long)(bytes % 10));
}

void carried_print_time(const struct carried *carried, struct text *out)
{
    unsigned long passed = (unsigned long)((deadline_now() - carried->since) / 1000000);

    text_print(out, "%lu.%lu%lu%lu s", passed / 1000, passed / 100 % 10, passed / 10 % 10, passed % 10);
}

void carried_print(const struct carried *carried, struct text *out)
{
    carried_print_time(carried, out);
    text_add(out, ", bytes sent: ");
    add_bytes(out, carried->sent);
    text_add(out, ", received: ");
    add_bytes(out, carried->received);
}
