/* short files|memory ADDRESS PORT : connects while there is not one descriptor, or not a page of memory, to be had,
 * twice, and once more when there is again. Says what each connect() said. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in target = { .sin_family = AF_INET };

static int try(int fd)
{
    return connect(fd, (struct sockaddr *)&target, sizeof target) < 0 ? errno : 0;
}

static void while_short_of_files(int fds[2], int errors[2])
{
    const struct rlimit few = { 32, 32 };
    int held[32], count = 0;

    setrlimit(RLIMIT_NOFILE, &few);
    while ((held[count] = open("/dev/null", O_RDONLY)) >= 0)
        count++;
    for (int i = 0; i < 2; i++)
        errors[i] = try(fds[i]);
    while (count > 0)
        close(held[--count]);
}

static void while_short_of_memory(int fds[2], int errors[2])
{
    struct rlimit before, none;

    getrlimit(RLIMIT_AS, &before);
    none = before;
    none.rlim_cur = 1;
    setrlimit(RLIMIT_AS, &none);
    for (int i = 0; i < 2; i++)
        errors[i] = try(fds[i]);
    setrlimit(RLIMIT_AS, &before);
}

int main(int argc, char **argv)
{
    int fds[3], errors[3];

    if (argc != 4 || inet_pton(AF_INET, argv[2], &target.sin_addr) != 1)
        return 2;
    target.sin_port = htons((uint16_t)atoi(argv[3]));
    for (int i = 0; i < 3; i++)
        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
    if (strcmp(argv[1], "files") == 0)
        while_short_of_files(fds, errors);
    else
        while_short_of_memory(fds, errors);
    errors[2] = try(fds[2]);
    for (int i = 0; i < 3; i++)
        printf("%s\n", errors[i] ? strerrorname_np(errors[i]) : "connected");
    return 0;
}
