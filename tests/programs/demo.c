/* The demo's two ends. `demo target PATH` answers on a UNIX socket, which no connect() to an IP address reaches;
 * `demo client ADDRESS PORT` is any program: a plain connect(), a line out, a line in. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(const char *what)
{
    printf("client:  %s: %s\n", what, strerror(errno));
    return 1;
}

static int target(const char *path)
{
    static const char greeting[] = "hello, this is the target speaking\n";
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), client;

    if (strlen(path) >= sizeof address.sun_path)
        return 2;
    strcpy(address.sun_path, path);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 8) < 0)
        return 1;
    puts("ready"); /* whoever started us waits for this line */
    fflush(stdout);
    while ((client = accept(listener, NULL, NULL)) >= 0) {
        if (write(client, greeting, sizeof greeting - 1) < 0)
            perror("target");
        close(client);
    }
    return 1;
}

static int client(const char *host, const char *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char line[128];
    ssize_t got;

    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        return 2;
    printf("client:  connect(%d, %s:%s)\n", fd, host, port);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return fail("connect");
    got = recv(fd, line, sizeof line - 1, 0);
    if (got <= 0)
        return fail("recv");
    line[got] = '\0';
    printf("client:  connected, and read on the same descriptor: %s", line);
    return 0;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 3 && strcmp(argv[1], "target") == 0)
        return target(argv[2]);
    if (argc == 4 && strcmp(argv[1], "client") == 0)
        return client(argv[2], argv[3]);
    fprintf(stderr, "usage: demo target PATH | demo client ADDRESS PORT\n");
    return 2;
}
