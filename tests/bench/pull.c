/* pull ADDRESS PORT : connects, blocking, reads 1 GiB, and prints how fast it was, in MB/s. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static char buffer[256 * 1024];
    struct sockaddr_in to = { .sin_family = AF_INET };
    struct timespec begin, end;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    long long left = 1LL << 30;
    ssize_t got;

    if (argc != 3)
        return 2;
    to.sin_port = htons((unsigned short)atoi(argv[2]));
    inet_pton(AF_INET, argv[1], &to.sin_addr);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
        perror("connect");
        return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &begin);
    while (left > 0 && (got = read(fd, buffer, sizeof buffer)) > 0)
        left -= got;
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.0f\n", (double)((1LL << 30) - left) / 1e6 /
                         ((double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9));
    return left > 0;
}
