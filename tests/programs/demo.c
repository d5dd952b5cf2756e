/* The demo's two ends, and its patience.
 *
 *   demo target PATH ADDRESS          answers on a UNIX socket, which no connect() to an IP address reaches; says "ready PORT", a
 *                                     port of ADDRESS on which nobody else can listen
 *   demo client ADDRESS PORT          is any program: a plain connect(), a line in
 *   demo within SECONDS COMMAND...    becomes the command, which SIGALRM ends after so long
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
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

/* Bound, but not listening: whoever connects is refused, also where a server of this machine listens on all addresses. */
static int keep_port(const char *host)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (inet_pton(AF_INET, host, &address.sin_addr) != 1 || bind(fd, (struct sockaddr *)&address, size) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        return -1;
    return ntohs(address.sin_port);
}

static int target(const char *path, const char *host)
{
    static const char greeting[] = "hello, this is the target speaking\n";
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), port = keep_port(host), client;

    if (port < 0 || strlen(path) >= sizeof address.sun_path)
        return 2;
    strcpy(address.sun_path, path);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 8) < 0)
        return 1;
    printf("ready %d\n", port); /* whoever started us waits for this line */
    fflush(stdout);
    while ((client = accept(listener, NULL, NULL)) >= 0) {
        if (send(client, greeting, sizeof greeting - 1, MSG_NOSIGNAL) < 0)
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

/* The alarm outlives the exec, and asks for no second process. */
static int within(const char *seconds, char **command)
{
    sigset_t alarms;

    signal(SIGALRM, SIG_DFL);
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &alarms, NULL);
    alarm((unsigned)atoi(seconds));
    execvp(command[0], command);
    perror(command[0]);
    return 127;
}

int main(int argc, char **argv)
{
    if (argc > 3 && strcmp(argv[1], "within") == 0)
        return within(argv[2], argv + 3);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 4 && strcmp(argv[1], "target") == 0)
        return target(argv[2], argv[3]);
    if (argc == 4 && strcmp(argv[1], "client") == 0)
        return client(argv[2], argv[3]);
    fprintf(stderr, "usage: demo target PATH ADDRESS | client ADDRESS PORT | within SECONDS COMMAND...\n");
    return 2;
}
