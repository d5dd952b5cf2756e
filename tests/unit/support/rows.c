#include "rows.h"

#include <stdio.h>
#include <stdlib.h>

enum { TESTS_MOST = 1024 };

static struct CMUnitTest tests[TESTS_MOST];
static size_t count;

static char *name_of(const char *test_name, const void *row)
{
    char *name;
    int size = row ? asprintf(&name, "%s: %s", test_name, *(const char *const *)row)
                   : asprintf(&name, "%s", test_name);

    if (size < 0)
        abort();
    return name;
}

void rows_add(const char *test_name, const void *rows, size_t rows_count, size_t row_size,
              CMUnitTestFunction test)
{
    for (size_t i = 0; i < rows_count; i++) {
        const char *row = rows ? (const char *)rows + i * row_size : NULL;

        if (count == TESTS_MOST) {
            fprintf(stderr, "more than %d tests: raise TESTS_MOST\n", TESTS_MOST);
            abort();
        }
        tests[count++] = (struct CMUnitTest){
            .name = name_of(test_name, row),
            .test_func = test,
            .initial_state = (void *)(uintptr_t)row,
        };
    }
}

int rows_run(const char *group)
{
    return _cmocka_run_group_tests(group, tests, count, NULL, NULL);
}
