#!/usr/bin/env bats
# Libraries that a program opens while it runs: they are in the tunnel, and found where they were.

load helpers

setup_file() {
    start_greeter
    start_scripted_before "$GREETER_PORT"
    export PROXY
    mkdir "$BATS_FILE_TMPDIR/beside"
    build_plugin
    build_opener
}

# Says what it hears at an address.
build_plugin() {
    ${CC:-cc} -shared -fPIC -o "$BATS_FILE_TMPDIR/beside/plugin.so" -xc - << 'END'
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int fetch(const char *address, const char *port)
{
    struct sockaddr_in target = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char heard[16] = "";

    inet_pton(AF_INET, address, &target.sin_addr);
    if (connect(fd, (struct sockaddr *)&target, sizeof target) < 0 || read(fd, heard, sizeof heard - 1) < 0)
        perror("fetch");
    fputs(heard, stdout);
    return close(fd);
}
END
}

# Opens it by its bare name, which only the RUNPATH of the program leads to.
build_opener() {
    # shellcheck disable=SC2016 # $ORIGIN is the loader's
    ${CC:-cc} -o "$BATS_FILE_TMPDIR/opener" -Wl,-rpath,'$ORIGIN/beside',--enable-new-dtags -xc - -ldl << 'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    void *plugin = dlopen("plugin.so", RTLD_NOW | (argc > 3 && strcmp(argv[3], "deep") == 0 ? RTLD_DEEPBIND : 0));
    int (*fetch)(const char *, const char *) = plugin ? (int (*)(const char *, const char *))dlsym(plugin, "fetch") : 0;

    if (fetch)
        return fetch(argv[1], argv[2]);
    puts(dlerror());
    return 1;
}
END
}

plugin_hears() { # [deep]
    run tunnelled "$BATS_FILE_TMPDIR/opener" 203.0.113.7 "$GREETER_PORT" "$@"
    succeeds
    equal "$output" hello
}

@test "what a plug-in connects to goes through the proxy" {
    plugin_hears
}

@test "so does what one that is opened with RTLD_DEEPBIND connects to" {
    plugin_hears deep
}
