/* A test is a row of a table: each becomes a cmocka test of its own, so that what fails is named. Includes
 * what cmocka.h needs before it. */
#ifndef UNIT_ROWS_H
#define UNIT_ROWS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* The rows of a table whose first member is `const char *name`; the test finds its row in *state. */
#define ROWS(table, test) rows_add(#test, table, COUNT(table), sizeof *(table), test)
/* A test without a table. */
#define STORY(test) rows_add(#test, NULL, 1, 0, test)

void rows_add(const char *test_name, const void *rows, size_t count, size_t row_size,
              CMUnitTestFunction test);
int rows_run(const char *group); /* what main() returns */

#endif
