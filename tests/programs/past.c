/* past WAY HOST PORT : connects by a way on which no library that is preloaded comes along, or has the C library look the
 * name up by itself: what is known to get past, see system/stray.bats. "open", or the error.
 *
 *     instruction    a system call by an instruction of the program's own
 *     namespace      the functions of a second C library, which dlmopen(3) loads
 *     network        getnetbyname(3)             login    ruserok(3)             shell    rcmd(3)
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* 0 or the error */
static int connect_by_instruction(int fd, const struct sockaddr_in *address)
{
#if defined __x86_64__
    long result = SYS_connect;

    __asm__ volatile("syscall"
                     : "+a"(result)
                     : "D"((long)fd), "S"(address), "d"(sizeof *address)
                     : "rcx", "r11", "memory");
    return (int)-result;
#elif defined __aarch64__
    register long number __asm__("x8") = SYS_connect;
    register long first __asm__("x0") = fd;
    register const void *second __asm__("x1") = address;
    register long third __asm__("x2") = sizeof *address;

    __asm__ volatile("svc 0" : "+r"(first) : "r"(number), "r"(second), "r"(third) : "memory");
    return (int)-first;
#else
    (void)fd, (void)address;
    return ENOSYS;
#endif
}

static int connect_of_another(int fd, const struct sockaddr_in *address)
{
    void *library = dlmopen(LM_ID_NEWLM, "libc.so.6", RTLD_NOW);
    int (*call)(int, const struct sockaddr *, socklen_t) =
        library ? (__typeof__(call))dlsym(library, "connect") : NULL;
    int *(*number)(void) = library ? (__typeof__(number))dlsym(library, "__errno_location") : NULL;

    if (!call || !number)
        return ENOSYS;
    return call(fd, (const struct sockaddr *)address, sizeof *address) < 0 ? *number() : 0;
}

static int look_up(const char *way, const char *host, uint16_t port)
{
    char *copy = strdup(host);

    if (strcmp(way, "network") == 0)
        return getnetbyname(host) ? 0 : ENOENT;
    if (strcmp(way, "login") == 0)
        return ruserok(host, 0, "me", "me") < 0 ? ENOENT : 0;
    return rcmd(&copy, htons(port), "me", "me", "true", NULL) < 0 ? ENOENT : 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_STREAM, 0), error;

    if (argc != 4)
        return 2;
    address.sin_port = htons((uint16_t)atoi(argv[3]));
    if (inet_pton(AF_INET, argv[2], &address.sin_addr) != 1)
        error = look_up(argv[1], argv[2], (uint16_t)atoi(argv[3]));
    else if (strcmp(argv[1], "namespace") == 0)
        error = connect_of_another(fd, &address);
    else
        error = connect_by_instruction(fd, &address);
    puts(error ? strerror(error) : "open");
    return error != 0;
}
