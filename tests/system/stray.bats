#!/usr/bin/env bats
# One stray packet fails: in a network whose only way out is the proxy programs of all kinds send nothing elsewhere. What is
# known to get past stands in a table, with the remedy; it fails, too, when that no longer gets past.

load helpers
load lib/stray

setup_file() {
    has root && has netns && has ip && has setpriv && has nsenter && has python3 || return 0
    hold_namespaces
    connect_namespaces
    furnish
    start_gate
}

setup() {
    need root netns ip setpriv nsenter python3
    CASES=0
}

# row NAME COMMAND... : through the proxy, to NAME.test:80 at least, and nowhere else. A program that is not there is passed over.
row() {
    has "$2" || return 0
    CASES=$((CASES + 1))
    output=$(tunnelled_user -q "${@:2}") || true
    asked_gate "$1.test:80" || fails "$1" "the proxy was not asked for it"
    none_strayed "$1"
}

none_strayed() { # NAME
    local found

    found=$(strays "$1")
    [ -z "$found" ] || fails "$1" "$found"
}

fails() { # NAME WORDS
    printf '%s: %s\nit said: %s\n' "$1" "$2" "$output" >> "$BATS_TEST_TMPDIR/failures"
}

all_well() { # AT-LEAST-SO-MANY
    equal "$(cat "$BATS_TEST_TMPDIR/failures" 2> /dev/null)" ''
    [ "$CASES" -ge "$1" ]
}

@test "a packet that strays is seen: by TCP, UDP, ICMP and IPv6, and by a look-up" {
    as_user timeout 1 "$STRAY/connect" 203.0.113.7:80 || true
    contains "$(strays tcp)" 'TCP 203.0.113.7:80'
    as_user "$STRAY/sandbox" getuid 1 to 203.0.113.7:9 > /dev/null
    equal "$(strays udp)" 'UDP 203.0.113.7:9'
    as_user timeout 1 "$STRAY/resolve" -q nobody.test || true
    contains "$(strays look-up)" "UDP $GATE:53"
    ! has ipv6 || {
        as_user timeout 1 "$STRAY/connect" '[2001:db8::7]:80' || true
        contains "$(strays six)" 'TCP 2001:db8::7:80'
    }
    equal "$(strays nothing)" ''
}

@test "programs" {
    row curl curl -sS -m 10 http://curl.test/hello
    row wget wget -q -T 10 -t 1 -O - http://wget.test/hello
    row git git ls-remote http://git.test/repository.git
    row ssh ssh -p 80 -o BatchMode=yes -o ConnectTimeout=10 -o StrictHostKeyChecking=no ssh.test true
    row python3 /usr/bin/python3 -c 'import urllib.request as r; print(r.urlopen("http://python3.test/hello", timeout=10).read())'
    row asyncio /usr/bin/python3 -c 'import asyncio; asyncio.run(asyncio.open_connection("asyncio.test", 80))'
    row perl perl -MIO::Socket::INET -e 'IO::Socket::INET->new(PeerAddr => "perl.test", PeerPort => 80) or die "no"'
    row php php -r 'echo file_get_contents("http://php.test/hello");'
    row ruby ruby -rnet/http -e 'puts Net::HTTP.get(URI("http://ruby.test/hello"))'
    row node node -e 'require("http").get("http://node.test/hello", r => r.pipe(process.stdout))'
    row guile guile --no-auto-compile -c '(use-modules (web client)) (http-get "http://guile.test/hello")'
    echo 'close [socket tclsh.test 80]' > "$STRAY/tclsh"
    row tclsh tclsh "$STRAY/tclsh"
    row lynx lynx -dump http://lynx.test/hello
    row nc nc -z nc.test 80
    row socat socat -u OPEN:/dev/null TCP:socat.test:80
    row openssl openssl s_client -connect openssl.test:80
    row aria2c aria2c -q --async-dns=false --max-tries=1 -o - -d /tmp http://aria2c.test/hello
    row bash bash -c 'exec 3<> /dev/tcp/bash.test/80'
    row getent bash -c 'getent hosts getent.test && exec 3<> /dev/tcp/getent.test/80'
    all_well 6
}

# built NAME COMPILER... : a program that looks its name up and connects
built() {
    has "$2" || return 1
    "${@:2}" -o "$STRAY/$1" -xc - << 'END'
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
int main(int argc, char **argv)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
    int fd;

    if (getaddrinfo(argv[1], "80", &hints, &found))
        return puts("no such name"), 1;
    fd = socket(found->ai_family, SOCK_STREAM, 0);
    return connect(fd, found->ai_addr, found->ai_addrlen) < 0 ? perror("connect"), 1 : 0;
}
END
}

@test "C programs: dynamic, of musl, and static ones" {
    ! built dynamic gcc || row dynamic "$STRAY/dynamic" dynamic.test
    ! built musl musl-gcc || row musl "$STRAY/musl" musl.test
    for static in "gcc -static -w" "musl-gcc -static"; do
        built static $static 2> /dev/null || continue
        output=$(tunnelled_user "$STRAY/static" static.test) || true
        none_strayed static
    done
    all_well 1
}

@test "children, by every function that starts one" {
    local way

    for way in execve execv execvp execvpe execveat fexecve execl execlp execle posix_spawn posix_spawnp system popen; do
        for front in '' vfork-; do
            row "$front$way" "$STRAY/children" "$front$way" /usr/bin/curl -sS "http://$front$way.test/hello"
        done
    done
    row sh sh -c 'env -i /usr/bin/curl -sS -m 10 http://sh.test/hello'
    row xargs bash -c 'echo http://xargs.test/hello | env -u LD_PRELOAD xargs curl -sS -m 10'
    row subprocess /usr/bin/python3 -c '
import subprocess
subprocess.run(["curl", "-sS", "-m", "10", "http://subprocess.test/hello"], env={})'
    all_well 10
}

@test "sandboxes that refuse a system call with an error" {
    local call

    for call in setsockopt getsockopt setsockopt,getsockopt fcntl poll ppoll recvfrom sendto futex rt_sigprocmask \
        epoll_ctl gettid getpid madvise mmap openat close pread64 pwrite64 getuid; do
        CASES=$((CASES + 1))
        output=$(tunnelled_user -q --resolvers refuse "$STRAY/sandbox" "$call" 1 tcp 203.0.113.7:7 asking 203.0.113.7:7 \
            tcp sandbox.test:7 udp sandbox.test:9 to sandbox.test:9 udp 203.0.113.53:53 to 203.0.113.53:53) || true
        none_strayed "$call"
    done
    all_well 20
}

@test "what programs find by name in libc itself, and what they say by number" {
    row ctypes /usr/bin/python3 -c '
import ctypes, socket, struct
address = socket.gethostbyname("ctypes.test")
libc, fd = ctypes.CDLL("libc.so.6"), socket.socket()
print(libc.connect(fd.fileno(), struct.pack("=HH4s8x", socket.AF_INET, socket.htons(80), socket.inet_aton(address)), 16))'
    row number /usr/bin/python3 -c '
import ctypes, os, socket, struct
address = socket.gethostbyname("number.test")
libc, fd = ctypes.CDLL(None), socket.socket()
print(libc.syscall({"x86_64": 42, "aarch64": 203}[os.uname().machine], fd.fileno(),
                   struct.pack("=HH4s8x", socket.AF_INET, socket.htons(80), socket.inet_aton(address)), 16))'
    row fastopen /usr/bin/python3 -c '
import socket
fd = socket.socket()
try: fd.sendto(b"x", socket.MSG_FASTOPEN, ("fastopen.test", 80))
except OSError: fd.connect(("fastopen.test", 80))'
    all_well 2
}

@test "names of this machine, and datagrams to names, stay here" {
    output=$(tunnelled_user -q /usr/bin/python3 -c '
import socket
for name in "localhost", "myapp.dev":
    for family in socket.AF_INET, socket.AF_INET6:
        try: socket.getaddrinfo(name, 80, family)
        except OSError as error: print(error)
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try: datagrams.sendto(b"x", ("datagram.test", 443))
except OSError as error: print(error)')
    contains "$output" unreachable
    equal "$(strays stays)" ''
}

@test "a proxy that is there is not gone round with --fallback direct" {
    spawn closing nsenter -t "$OUTSIDE" --net "$BUILD/tests/proxy" --listen "$GATE:$((STRAY_PORT + 1))" --on '*' close
    wait_until grep -qs ^listening "$BATS_TEST_TMPDIR/closing.out"
    strays before > /dev/null
    run as_user "$STRAY/ptunnel-run" --no-rules --fallback direct -p "$GATE:$((STRAY_PORT + 1))" "$STRAY/connect" 203.0.113.7:80
    contains "$output" ECONNRESET
    equal "$(strays fallback | grep -v "TCP $GATE:$((STRAY_PORT + 1))")" ''
}

# past NAME PACKET REMEDY COMMAND... : the command gets past with such a packet, and with the option REMEDY, if there is one,
# it does not.
past() {
    has "$4" || return 0
    CASES=$((CASES + 1))
    output=$(LIMIT=3 tunnelled_user -q "${@:4}") || true
    [[ $(strays "past-$1") == *"$2"* ]] || fails "$1" "it no longer gets past ($2): take it out of the table, and of the manuals"
    [ -n "$3" ] || return 0
    output=$(LIMIT=3 tunnelled_user -q $3 "${@:4}") || true
    none_strayed "remedied-$1"
}

@test "what is known to get past, and the remedy" {
    past aria2c "UDP $GATE:53" '--resolvers refuse' \
        aria2c -q --max-tries=1 --connect-timeout=1 --timeout=1 -d /tmp -o - http://aria2c-past.test/hello
    past host "UDP $GATE:53" '--resolvers refuse' host -W 1 -R 1 host-past.test
    past dig "UDP $GATE:53" '--resolvers refuse' dig +tries=1 +time=1 dig-past.test
    past emptied "UDP $GATE:53" --strict=filter "$STRAY/children" emptied-execve "$STRAY/resolve" -q emptied.test
    past datagrams 'UDP 203.0.113.7:53' '--resolvers refuse' "$STRAY/sandbox" getuid 1 to 203.0.113.7:53
    past QUIC 'UDP 203.0.113.7:443' '' "$STRAY/sandbox" getuid 1 to 203.0.113.7:443 # only TCP is tunnelled
    all_well 3
}
