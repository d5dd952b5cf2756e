#!/usr/bin/env bats
# The library begins at its first use, which may be another library's constructor, before its own; and what it could not read
# then, for want of descriptors or memory, it reads at the next.

load helpers

setup_file() {
    start_greeter
    start_scripted --on '203.0.113.7:7' "to 127.0.0.1:$GREETER_PORT" --on 'early.test:7' "to 127.0.0.1:$GREETER_PORT" \
        --on '203.0.113.9:7' 'status 403'
    XDG_RUNTIME_DIR=$BATS_FILE_TMPDIR/run
    mkdir -m 700 "$XDG_RUNTIME_DIR"
    export PROXY XDG_RUNTIME_DIR
    build_early
    build_plugin
}

# Does what EARLY says, before the program and the libraries that are preloaded begin: whoever needs a library is begun after it.
build_early() {
    ${CC:-cc} -shared -fPIC -pthread -o "$BATS_FILE_TMPDIR/early.so" -xc - -ldl << 'END'
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void hear(int fd)
{
    char heard[16] = "";

    if (read(fd, heard, sizeof heard - 1) < 0)
        perror("read");
    printf("heard %s", heard);
    fflush(stdout);
    close(fd);
}

static void say_connect(int flags, const char *host)
{
    struct sockaddr_in target = { .sin_family = AF_INET, .sin_port = htons(7) };
    int fd = socket(AF_INET, SOCK_STREAM | flags, 0), error = 0;
    struct pollfd ready = { .fd = fd, .events = POLLOUT };
    socklen_t size = sizeof error;

    inet_pton(AF_INET, host, &target.sin_addr);
    if (connect(fd, (struct sockaddr *)&target, sizeof target) < 0 && !flags) {
        perror("connect");
        return;
    }
    if (flags && (poll(&ready, 1, 5000) != 1 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) || error))
        printf("not ready: %s\n", strerror(error));
    ready.events = POLLIN;
    poll(&ready, 1, 5000);
    hear(fd);
}

static void say_name(void)
{
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *list = NULL;
    int error = getaddrinfo("early.test", "7", &hints, &list), fd;

    if (error)
        puts(gai_strerror(error));
    fd = list ? socket(AF_INET, SOCK_STREAM, 0) : -1;
    if (list && connect(fd, list->ai_addr, list->ai_addrlen) < 0)
        perror("connect");
    hear(fd);
}

/* With an environment that names no library. */
static void say_child(char *program)
{
    char *argv[] = { program, "203.0.113.7:7", NULL }, *envp[] = { NULL };
    pid_t child;

    if (posix_spawn(&child, program, NULL, NULL, argv, envp) == 0)
        waitpid(child, NULL, 0);
}

static void say_plugin(const char *path)
{
    void *plugin = dlopen(path, RTLD_NOW | RTLD_DEEPBIND);
    void (*fetch)(void) = plugin ? (void (*)(void))dlsym(plugin, "fetch") : NULL;

    if (fetch)
        fetch();
    else
        puts(dlerror());
}

static void *say_in_thread(void *none)
{
    say_connect(0, "203.0.113.7");
    return none;
}

static void say_in_threads(void)
{
    pthread_t threads[8];

    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, say_in_thread, NULL);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
}

int early;

__attribute__((constructor)) static void begin(void)
{
    const char *what = getenv("EARLY");

    if (!what)
        return;
    if (strcmp(what, "connect") == 0)
        say_connect(0, "203.0.113.7");
    else if (strcmp(what, "refused") == 0)
        say_connect(0, "203.0.113.9");
    else if (strcmp(what, "poll") == 0)
        say_connect(SOCK_NONBLOCK, "203.0.113.7");
    else if (strcmp(what, "name") == 0)
        say_name();
    else if (strcmp(what, "child") == 0)
        say_child(getenv("CHILD"));
    else if (strcmp(what, "plugin") == 0)
        say_plugin(getenv("PLUGIN"));
    else if (strcmp(what, "threads") == 0)
        say_in_threads();
}
END
    ${CC:-cc} -o "$BATS_FILE_TMPDIR/program" -xc - -Wl,--no-as-needed -xnone "$BATS_FILE_TMPDIR/early.so" << 'END'
extern int early;
int main(void)
{
    return early;
}
END
}

build_plugin() {
    ${CC:-cc} -shared -fPIC -o "$BATS_FILE_TMPDIR/plugin.so" -xc - << 'END'
#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>

void fetch(void)
{
    struct sockaddr_in target = { .sin_family = AF_INET, .sin_port = htons(7) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char heard[16] = "";

    inet_pton(AF_INET, "203.0.113.7", &target.sin_addr);
    if (connect(fd, (struct sockaddr *)&target, sizeof target) < 0 || read(fd, heard, sizeof heard - 1) < 0)
        perror("fetch");
    printf("heard %s", heard);
    close(fd);
}
END
}

# early WHAT... : what its constructor says
early() {
    run --separate-stderr env EARLY="$1" CHILD="$PROGRAMS/connect" PLUGIN="$BATS_FILE_TMPDIR/plugin.so" \
        "$PTUNNEL_RUN" -p "$PROXY" "$BATS_FILE_TMPDIR/program"
}

@test "a constructor's connect() goes through the proxy" {
    early connect
    equal "$output$stderr" 'heard hello'
}

@test "a constructor's failed connect() is in the log" {
    early refused
    contains "$stderr" 'ptunnel: program[' "203.0.113.9:7 via $PROXY: 403 " 'connect: Permission denied'
}

@test "a constructor's non-blocking connect() is waited for by poll()" {
    early poll
    equal "$output$stderr" 'heard hello'
}

@test "a name that a constructor looks up is the proxy's to resolve" {
    early name
    equal "$output$stderr" 'heard hello'
    contains "$(< "$SCRIPTED_LOG")" 'CONNECT early.test:7 200'
}

@test "what a constructor starts is tunnelled, whatever its environment" {
    early child
    equal "$output$stderr" '203.0.113.7:7 connected, heard "hello"'
}

@test "a library that a constructor opens with RTLD_DEEPBIND is tunnelled" {
    early plugin
    equal "$output$stderr" 'heard hello'
}

@test "eight threads of a constructor begin at once" {
    early threads
    equal "$output$stderr" "$(yes 'heard hello' | head -n 8)"
}

# short WHAT : what the program says, which is told by a file with a password
short() {
    printf 'me:secret\n' > "$BATS_TEST_TMPDIR/password"
    printf 'proxy %s\ncredentials %s\ndefault tunnel\n' "$PROXY" "$BATS_TEST_TMPDIR/password" > "$BATS_TEST_TMPDIR/rules"
    chmod 600 "$BATS_TEST_TMPDIR"/{password,rules}
    run --separate-stderr "$PTUNNEL_RUN" -r "$BATS_TEST_TMPDIR/rules" "$PROGRAMS/short" "$1" 203.0.113.7 7
    equal "$output" "EACCES${NEWLINE}EACCES${NEWLINE}connected"
    equal "${#stderr_lines[@]}" 1
    contains "$stderr" 'ptunnel: short[' "$2" 'nothing is let out until the configuration can be read'
}

@test "no descriptor is left at the first connect(): the next one that finds some is tunnelled" {
    short files 'too many open files in this process'
}

@test "no memory is left at the first connect(): the next one that finds some is tunnelled" {
    short memory 'out of memory'
}
