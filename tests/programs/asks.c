/* asks HOW LIBRARY ADDRESS PORT : finds connect() by its name at run time, connects by it and says what it hears.
 *
 *   handle     of LIBRARY, by dlsym(3)
 *   version    of LIBRARY, by dlvsym(3), in the version that this libc calls it by
 *   default    RTLD_DEFAULT      next    RTLD_NEXT      program    the program's own handle
 *   itself     of LIBRARY, by the dlsym() that LIBRARY's handle gives */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef int connect_function(int fd, const struct sockaddr *address, socklen_t size);
typedef void *dlsym_function(void *handle, const char *name);

/* connect() is as old as the libc of its machine: one of these is its version. */
static void *in_its_version(void *handle)
{
    void *found = NULL;
#ifdef __GLIBC__
    static const char *const versions[] = { "GLIBC_2.0", "GLIBC_2.2.5", "GLIBC_2.4", "GLIBC_2.17" };

    for (size_t i = 0; !found && i < sizeof versions / sizeof *versions; i++)
        found = dlvsym(handle, "connect", versions[i]);
#else
    found = dlsym(handle, "connect");
#endif
    return found;
}

static void *find(const char *how, const char *library)
{
    void *handle = dlopen(library, RTLD_LAZY);
    dlsym_function *ask = (dlsym_function *)dlsym(RTLD_DEFAULT, "dlsym");

    if (strcmp(how, "default") == 0)
        return dlsym(RTLD_DEFAULT, "connect");
    if (strcmp(how, "next") == 0)
        return dlsym(RTLD_NEXT, "connect");
    if (strcmp(how, "program") == 0)
        handle = dlopen(NULL, RTLD_LAZY);
    if (strcmp(how, "version") == 0)
        return handle ? in_its_version(handle) : NULL;
    if (strcmp(how, "itself") == 0 && handle)
        ask = (dlsym_function *)dlsym(handle, "dlsym");
    return handle && ask ? ask(handle, "connect") : NULL;
}

int main(int argc, char **argv)
{
    struct sockaddr_in target = { .sin_family = AF_INET };
    connect_function *call;
    char heard[16] = "";
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (argc != 5 || inet_pton(AF_INET, argv[3], &target.sin_addr) != 1)
        return 2;
    target.sin_port = htons((uint16_t)atoi(argv[4]));
    call = (connect_function *)find(argv[1], argv[2]);
    if (!call) {
        puts(dlerror());
        return 1;
    }
    if (call(fd, (struct sockaddr *)&target, sizeof target) < 0 || read(fd, heard, sizeof heard - 1) < 0) {
        perror("asks");
        return 1;
    }
    printf("%s", heard);
    return 0;
}
