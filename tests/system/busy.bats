#!/usr/bin/env bats
# Kernels on which connect(AF_UNSPEC) is EBUSY while a thread sleeps in a call on the socket (5.10, some of 6.4 to 6.6), played by a
# library behind ours: a failed tunnel is told all the same, and not a byte goes to the proxy.

load helpers

setup_file() {
    need_compiler
    cat > "$BATS_FILE_TMPDIR/busy.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    static int (*next)(int, const struct sockaddr *, socklen_t);

    if (!next)
        next = (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");
    if (address && address->sa_family == AF_UNSPEC && getenv("BUSY")) {
        errno = EBUSY;
        return -1;
    }
    return next(fd, address, size);
}
END
    "${CC:-cc}" -shared -fPIC -o "$BATS_FILE_TMPDIR/busy.so" "$BATS_FILE_TMPDIR/busy.c" -ldl
    cat > "$BATS_FILE_TMPDIR/ask.py" <<'END'
import errno, os, select, socket, sys
def said(call):
    try:
        return call()
    except OSError as error:
        return errno.errorcode[error.errno]
client = socket.socket()
client.setblocking(sys.argv[1] == "blocking")
peer = ("203.0.113.7", int(sys.argv[2]))
print(errno.errorcode[client.connect_ex(peer)])
if sys.argv[1] != "blocking":
    poll = select.poll()
    poll.register(client, select.POLLOUT)
    print(poll.poll(9000)[0][1] & (select.POLLHUP | select.POLLOUT) != 0)
    print(errno.errorcode.get(client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)))
print(said(client.getpeername), said(lambda: client.send(b"secret")))
del os.environ["BUSY"]
print(errno.errorcode.get(client.connect_ex((peer[0], 2)), 0), errno.errorcode.get(client.connect_ex((peer[0], 2)), 0))
END
    start_scripted --on '*:1' hang --on '*:2' 'raw "HTTP/1.1 200 OK\r\n\r\n"; end hang' --on '*:3' 'status 403'
    export PROXY SCRIPTED_LOG
}

need_compiler() {
    command -v "${CC:-cc}" > /dev/null || skip "needs: cc"
}

ask() { # KIND PORT
    need python3
    BUSY=1 LD_PRELOAD="$LIBRARY $BATS_FILE_TMPDIR/busy.so" PTUNNEL_PROXY=$PROXY PTUNNEL_CONFIG=$'#ptunnel 1\ntimeout 1' PTUNNEL_VERBOSE=-1 \
        run timeout 30 python3 "$BATS_FILE_TMPDIR/ask.py" "$@"
}

nothing_early() {
    run grep -c ^EARLY "$SCRIPTED_LOG"
    equal "$output" 0
}

@test "not blocking: the failure is told once, and the socket is nobody's until it can be let go" {
    ask waits 1
    equal "$output" "EINPROGRESS
True
ETIMEDOUT
ENOTCONN EPIPE
ECONNABORTED EINPROGRESS"
    nothing_early
    ask waits 3
    contains "$output" "EACCES${NEWLINE}ENOTCONN EPIPE"
    nothing_early
}

@test "blocking: connect() fails, and the socket does not stay with the proxy" {
    ask blocking 1
    equal "$output" "ETIMEDOUT
ENOTCONN EPIPE
0 EISCONN"
    nothing_early
}
