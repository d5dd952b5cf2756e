/* connects COUNT ADDRESS PORT : so many blocking connections, one after the other; for counting and timing. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_in address = { .sin_family = AF_INET };

    if (argc != 4 || inet_pton(AF_INET, argv[2], &address.sin_addr) != 1)
        return 2;
    address.sin_port = htons((uint16_t)atoi(argv[3]));
    for (int left = atoi(argv[1]); left > 0; left--) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
            perror("connects");
            return 1;
        }
        close(fd);
    }
    return 0;
}
