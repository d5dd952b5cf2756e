/* lookup NAME [SERVER [HOW]] : the addresses of getaddrinfo(3), or with SERVER what it answers to a query from a socket
 * that is not connected, by sendto(2) or, if HOW says so, sendmsg or sendmmsg (in pieces), by recvmsg(2) and from whom. Built static, so that nothing can be preloaded into it. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int list(const char *name)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
    char text[INET6_ADDRSTRLEN];
    int error = getaddrinfo(name, NULL, &hints, &found);

    if (error) {
        printf("%s\n", gai_strerror(error));
        return 1;
    }
    for (; found; found = found->ai_next) {
        getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
        printf("%s\n", text);
    }
    return 0;
}

static size_t query(char *out, const char *name)
{
    static const char head[] = "\x12\x34\1\0\0\1\0\0\0\0\0", type[] = "\0\1\0\1";
    char *at = out + 12;

    memcpy(out, head, 12);
    while (*name) {
        size_t size = strcspn(name, ".");

        *at++ = (char)size;
        memcpy(at, name, size);
        at += size;
        name += size + (name[size] == '.');
    }
    *at++ = 0;
    memcpy(at, type, 4);
    return (size_t)(at + 4 - out);
}

static ssize_t send_by(const char *how, int fd, char *message, size_t size, struct sockaddr_in *to)
{
    struct iovec pieces[] = { { message, 12 }, { NULL, 0 }, { message + 12, size - 12 } };
    struct mmsghdr heads[] = {
        { .msg_hdr = { .msg_name = to, .msg_namelen = sizeof *to, .msg_iov = pieces, .msg_iovlen = 3 } },
        { .msg_hdr = { .msg_name = to, .msg_namelen = sizeof *to, .msg_iov = pieces, .msg_iovlen = 1 } },
    };
    int count;

    if (!how)
        return sendto(fd, message, size, 0, (struct sockaddr *)to, sizeof *to);
    if (strcmp(how, "sendmsg") == 0)
        return sendmsg(fd, &heads[0].msg_hdr, 0);
    count = sendmmsg(fd, heads, 2, 0);
    return count >= 1 ? (ssize_t)heads[0].msg_len : -1;
}

static int ask(const char *name, const char *server, const char *how)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(53) }, from = { 0 };
    char message[512], control[64], who[INET_ADDRSTRLEN];
    struct iovec piece = { message, sizeof message };
    struct msghdr head = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &piece, .msg_iovlen = 1,
                           .msg_control = control, .msg_controllen = sizeof control };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    size_t size = query(message, name);
    ssize_t got;

    inet_pton(AF_INET, server, &to.sin_addr);
    if (send_by(how, fd, message, size, &to) != (ssize_t)size) {
        perror(how ? how : "sendto");
        return 1;
    }
    got = recvmsg(fd, &head, 0); /* waits */
    if (got < 0) {
        perror("recvmsg");
        return 1;
    }
    inet_ntop(AF_INET, &from.sin_addr, who, sizeof who);
    printf("%s:%d code %d answers %d\n", who, ntohs(from.sin_port), message[3] & 15, message[7]);
    return 0;
}

int main(int argc, char **argv)
{
    return argc == 2 ? list(argv[1]) : argc == 3 || argc == 4 ? ask(argv[1], argv[2], argv[3]) : 2;
}
