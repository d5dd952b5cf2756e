/* dlsym N : looks N names up, by handle, that nobody stands in front of: of libc and of libm in turn. Prints the nanoseconds that
 * one took. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char *const names[] = { "printf", "qsort", "pthread_create", "strtol", "getpid", "localtime_r", "memcpy", "regcomp" };

int main(int argc, char **argv)
{
    long count = argc > 1 ? atol(argv[1]) : 1000000;
    void *libc = dlopen("libc.so.6", RTLD_LAZY), *libm = dlopen("libm.so.6", RTLD_LAZY);
    struct timespec start, end;

    if (!libc || !libm)
        return 1;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    for (long i = 0; i < count; i++)
        if (!dlsym(i % 4 ? libc : libm, i % 4 ? names[i % 8] : "cos"))
            return 1;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    printf("%ld\n", ((end.tv_sec - start.tv_sec) * 1000000000 + end.tv_nsec - start.tv_nsec) / count);
    return 0;
}
