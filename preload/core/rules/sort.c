#include "sort.h"

#include <stdbool.h>
#include <string.h>

enum { FEW = 32, BYTE_VALUES = 256 };

static void insert_records(char *records, char *spare, size_t count, size_t size, size_t key_at,
                           size_t key_size)
{
    for (size_t i = 1; i < count; i++) {
        size_t to = i;

        while (to > 0 &&
               memcmp(records + (to - 1) * size + key_at, records + i * size + key_at, key_size) > 0)
            to--;
        if (to == i)
            continue;
        memcpy(spare, records + i * size, size);
        memmove(records + (to + 1) * size, records + to * size, (i - to) * size);
        memcpy(records + to * size, spare, size);
    }
}

/* One pass of a radix sort (LSD), by the byte at byte_at. False, with nothing moved, if it is the same in
 * all. */
static bool pass(const char *from, char *to, size_t count, size_t size, size_t byte_at)
{
    size_t starts[BYTE_VALUES] = { 0 }, sum = 0;

    for (size_t i = 0; i < count; i++)
        starts[(unsigned char)from[i * size + byte_at]]++;
    if (starts[(unsigned char)from[byte_at]] == count)
        return false;
    for (size_t i = 0; i < BYTE_VALUES; i++) {
        size_t here = starts[i];

        starts[i] = sum;
        sum += here;
    }
    for (size_t i = 0; i < count; i++)
        memcpy(to + starts[(unsigned char)from[i * size + byte_at]]++ * size, from + i * size, size);
    return true;
}

void sort_records(char *records, char *spare, size_t count, size_t size, size_t key_at, size_t key_size)
{
    char *from = records, *to = spare;

    if (count <= FEW) {
        insert_records(records, spare, count, size, key_at, key_size);
        return;
    }
    for (size_t byte = key_size; byte-- > 0;)
        if (pass(from, to, count, size, key_at + byte)) {
            char *before = from;

            from = to;
            to = before;
        }
    if (from != records)
        memcpy(records, from, count * size);
}
