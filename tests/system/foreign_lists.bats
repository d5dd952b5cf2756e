#!/usr/bin/env bats
# Another preloaded library behind ours has a getaddrinfo() of its own (proxychains does): its lists are its own.

load helpers

setup_file() {
    start_greeter
    start_scripted --on 'name.test:7' "to 127.0.0.1:$GREETER_PORT" --on 'other-name.test:7' 'status 403'
    XDG_RUNTIME_DIR=$BATS_FILE_TMPDIR/run
    mkdir -m 700 "$XDG_RUNTIME_DIR"
    export PROXY XDG_RUNTIME_DIR
    build_foreign
    build_program
}

# Answers from one block, and ends the program when the block is not as it was left.
build_foreign() {
    ${CC:-cc} -shared -fPIC -o "$BATS_FILE_TMPDIR/foreign.so" -xc - << 'END'
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct answer {
    struct addrinfo info;
    struct sockaddr_in address;
    char name[16];
};

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    struct answer *answer = calloc(1, sizeof *answer);

    answer->address.sin_family = AF_INET;
    answer->address.sin_port = htons(service ? atoi(service) : 0);
    if (!host || !inet_aton(host, &answer->address.sin_addr))
        answer->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    snprintf(answer->name, sizeof answer->name, "%s", host ? host : "localhost");
    answer->info.ai_family = AF_INET;
    answer->info.ai_socktype = SOCK_STREAM;
    answer->info.ai_addrlen = sizeof answer->address;
    answer->info.ai_addr = (struct sockaddr *)&answer->address;
    answer->info.ai_canonname = answer->name;
    *out = &answer->info;
    return 0;
}

void freeaddrinfo(struct addrinfo *info)
{
    struct answer *answer = (struct answer *)info;

    if (info->ai_canonname != answer->name || strncmp(answer->name, "198.1", 5) != 0)
        abort();
    free(info);
}
END
}

# program NAME... : the canonical names, while all lists are there; then they are freed, and asked for again; what the first one says
build_program() {
    ${CC:-cc} -o "$BATS_FILE_TMPDIR/program" -xc - << 'END'
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME }, *lists[8];
    char heard[16] = "";

    for (int turn = 0; turn < 2; turn++) {
        for (int i = 1; i < argc; i++)
            if (getaddrinfo(argv[i], "7", &hints, &lists[i]))
                return 1;
        for (int i = 1; i < argc; i++)
            puts(lists[i]->ai_canonname);
        if (turn == 1) {
            int fd = socket(AF_INET, SOCK_STREAM, 0);

            if (connect(fd, lists[1]->ai_addr, lists[1]->ai_addrlen) < 0 || read(fd, heard, sizeof heard - 1) < 0)
                perror("program");
            printf("%s", heard);
        }
        for (int i = 1; i < argc; i++)
            freeaddrinfo(lists[i]);
    }
    return 0;
}
END
}

names_are_right() { # PRELOADED...
    local names=$'name.test\nother-name.test\na-name-that-is-longer-than-digits.test'

    run --separate-stderr env LD_PRELOAD="$1" "$PTUNNEL_RUN" -p "$PROXY" "$BATS_FILE_TMPDIR/program" name.test other-name.test \
        a-name-that-is-longer-than-digits.test
    succeeds
    equal "$output$stderr" "$names$NEWLINE$names${NEWLINE}hello"
}

@test "its lists have the program's names, and go back as they came" {
    names_are_right "$BATS_FILE_TMPDIR/foreign.so"
}

@test "libc's lists have the program's names, too" {
    names_are_right ''
}
