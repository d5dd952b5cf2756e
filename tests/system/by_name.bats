#!/usr/bin/env bats
# Functions that are found by their names at run time, in libc itself: they are in the tunnel all the same. Other libraries that stand
# in front of libc, before and behind ours, find what they look for.

load helpers

LIBC=libc.so.6

setup_file() {
    start_greeter
    start_scripted --on '203.0.113.7:7' "to 127.0.0.1:$GREETER_PORT" --on 'name.test:7' "to 127.0.0.1:$GREETER_PORT"
    XDG_RUNTIME_DIR=$BATS_FILE_TMPDIR/run
    mkdir -m 700 "$XDG_RUNTIME_DIR"
    export PROXY XDG_RUNTIME_DIR
    build_replacer
}

# Replaces connect() by what libc's own handle gives, and counts.
build_replacer() {
    ${CC:-cc} -shared -fPIC -o "$BATS_FILE_TMPDIR/replacer.so" -xc - -ldl << 'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    static __thread int depth;
    int (*libc_connect)(int, const struct sockaddr *, socklen_t) =
        (int (*)(int, const struct sockaddr *, socklen_t))dlsym(dlopen("libc.so.6", RTLD_LAZY), "connect");
    int result;

    if (++depth > 3)
        _exit(99);
    if (write(2, "replaced\n", 9) < 0)
        _exit(98);
    result = libc_connect(fd, address, size);
    depth--;
    return result;
}
END
}

asks() { # HOW : by this way
    run --separate-stderr "$PTUNNEL_RUN" -p "$PROXY" "$PROGRAMS/asks" "$1" "$LIBC" 203.0.113.7 7
    equal "$1: $output$stderr" "$1: hello"
}

@test "connect() found by a handle, a version, in the program, as the next, as the default" {
    for how in handle version program next default itself; do
        asks "$how"
    done
}

@test "Python's ctypes, from libc itself: connect(), getaddrinfo(), poll()" {
    cat > "$BATS_TEST_TMPDIR/call.py" << 'END'
import ctypes, socket, struct
libc = ctypes.CDLL("libc.so.6", use_errno=True)
address = struct.pack("=H", socket.AF_INET) + struct.pack("!H", 7) + socket.inet_aton("203.0.113.7") + bytes(8)
s = socket.socket()
print(libc.connect(s.fileno(), address, len(address)), s.recv(9).decode().strip())

s = socket.socket()
s.setblocking(False)
libc.connect(s.fileno(), address, len(address))
waiting = ctypes.create_string_buffer(struct.pack("=ihh", s.fileno(), 4, 0))
print(libc.poll(waiting, 1, 5000), s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), s.getpeername()[0])

class Info(ctypes.Structure):
    pass
Info._fields_ = [("flags", ctypes.c_int), ("family", ctypes.c_int), ("type", ctypes.c_int), ("protocol", ctypes.c_int),
                 ("size", ctypes.c_uint), ("address", ctypes.POINTER(ctypes.c_ubyte)), ("name", ctypes.c_char_p),
                 ("next", ctypes.c_void_p)]
found = ctypes.POINTER(Info)()
print(libc.getaddrinfo(b"name.test", b"7", None, ctypes.byref(found)), found[0].address[4] == 198 and found[0].address[5] in (18, 19))
END
    run --separate-stderr "$PTUNNEL_RUN" -p "$PROXY" "$(python)" "$BATS_TEST_TMPDIR/call.py"
    equal "$output$stderr" "0 hello${NEWLINE}1 0 203.0.113.7${NEWLINE}0 True"
}

@test "a constructor that asks before the library has begun" {
    ${CC:-cc} -shared -fPIC -o "$BATS_TEST_TMPDIR/early.so" -DEARLY -xc - -ldl << 'END'
#include <arpa/inet.h>
#include <dlfcn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int early;

__attribute__((constructor)) static void begin(void)
{
    struct sockaddr_in target = { .sin_family = AF_INET, .sin_port = htons(7) };
    int (*call)(int, const struct sockaddr *, socklen_t) =
        (int (*)(int, const struct sockaddr *, socklen_t))dlsym(dlopen("libc.so.6", RTLD_LAZY), "connect");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char heard[16] = "";

    inet_pton(AF_INET, "203.0.113.7", &target.sin_addr);
    if (call(fd, (struct sockaddr *)&target, sizeof target) < 0 || read(fd, heard, sizeof heard - 1) < 0)
        perror("early");
    printf("%s", heard);
}
END
    echo 'extern int early; int main(void) { return early; }' > "$BATS_TEST_TMPDIR/main.c"
    ${CC:-cc} -o "$BATS_TEST_TMPDIR/program" "$BATS_TEST_TMPDIR/main.c" "$BATS_TEST_TMPDIR/early.so"
    run --separate-stderr "$PTUNNEL_RUN" -p "$PROXY" "$BATS_TEST_TMPDIR/program"
    equal "$output$stderr" hello
}

# beside ORDER LIBRARY PROGRAM... : with another preloaded library before ours, or behind it
beside() {
    local list=$2:$LIBRARY

    [ "$1" = before ] || list=$LIBRARY:$2
    run --separate-stderr timeout -k 1 20 env LD_PRELOAD="$list" PTUNNEL_PROXY="$PROXY" "${@:3}"
}

@test "a library behind ours that finds libc's connect() by handle has it, and we come first" {
    beside behind "$BATS_FILE_TMPDIR/replacer.so" "$PROGRAMS/connect" 203.0.113.7:7
    equal "$output$stderr" '203.0.113.7:7 connected, heard "hello"replaced'
}

@test "a library before ours that finds libc's connect() by handle has it, and we do not call each other" {
    beside before "$BATS_FILE_TMPDIR/replacer.so" "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    equal "$output$stderr" "127.0.0.1:$GREETER_PORT connected, heard \"hello\"replaced"
}

# The first of these that is there.
library() {
    local dir

    for dir in "/usr/lib/$(${CC:-cc} -print-multiarch)" /usr/lib64 /usr/lib; do
        [ ! -e "$dir/$1" ] || { echo "$dir/$1" && return; }
    done
    skip "needs: $1"
}

@test "socket_wrapper, behind ours and before" {
    wrapper=$(library libsocket_wrapper.so)
    beside behind "$wrapper" "$PROGRAMS/connect" 203.0.113.7:7
    equal "$output$stderr" '203.0.113.7:7 connected, heard "hello"'
    beside before "$wrapper" "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    equal "$output$stderr" "127.0.0.1:$GREETER_PORT connected, heard \"hello\""
}

@test "Dante's libsocks, behind ours and before" {
    socks=$(library libsocksd.so.0)
    printf 'route { from: 0.0.0.0/0 to: 0.0.0.0/0 via: direct }\n' > "$BATS_TEST_TMPDIR/socks.conf"
    export SOCKS_CONF=$BATS_TEST_TMPDIR/socks.conf
    beside behind "$socks" "$PROGRAMS/connect" 203.0.113.7:7
    contains "$output" '203.0.113.7:7 connected, heard "hello"'
    beside before "$socks" "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    contains "$output" "127.0.0.1:$GREETER_PORT connected, heard \"hello\""
}
