#!/usr/bin/env bats
# One stray packet fails: in a network whose only way out is the proxy programs of all kinds send nothing elsewhere. What is
# known to get past stands in a table, with the remedy; it fails, too, when that no longer gets past.

load helpers
load lib/sandbox
load lib/stray
load lib/supervise

setup_file() {
    has_namespaces && has ip && has setpriv && has nsenter && has python3 || return 0
    hold_namespaces
    connect_namespaces
    furnish
    start_gate
}

setup() {
    has_namespaces || skip 'needs: network namespaces'
    need ip setpriv nsenter python3
    CASES=0
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

# nginx, as the client of what it hands on to
proxy_pass() {
    has nginx && has curl || return 0
    cat > "$STRAY/nginx.conf" << END
daemon off; pid nginx.pid; error_log stderr; events { }
http { access_log off; client_body_temp_path body; proxy_temp_path proxied; fastcgi_temp_path fast; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
       server { listen 127.0.0.1:8080; location / { proxy_pass http://nginx.test; } } }
END
    # shellcheck disable=SC2016 # the inner shell's
    row nginx bash -c 'PATH=$PATH:/usr/sbin; nginx -p "$1" -c "$0" & curl -sS --retry 20 --retry-connrefused --retry-delay 0 \
        --retry-max-time 10 http://127.0.0.1:8080/hello; kill $!' "$STRAY/nginx.conf" "$STRAY/home/"
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
    row redis-cli redis-cli -h redis-cli.test -p 80 ping
    row ab ab -n 1 http://ab.test/hello
    row wrk wrk -c 1 -t 1 -d 1 http://wrk.test/hello
    PORT=7 row psql psql 'host=psql.test port=7 connect_timeout=5' -c 'select 1'
    row rsync rsync rsync://rsync.test:80/
    row scp scp -P 80 -o BatchMode=yes -o ConnectTimeout=10 -o StrictHostKeyChecking=no scp.test:file .
    row git-ssh git -c core.sshCommand='ssh -o BatchMode=yes' ls-remote ssh://git-ssh.test:80/repository
    PORT=7 row git-git git ls-remote git://git-git.test:7/repository
    row lua lua5.4 -e 'require("socket").connect("lua.test", 80)'
    row gawk gawk 'BEGIN { way = "/inet/tcp/0/gawk.test/80"; print "x" |& way; way |& getline }'
    row apt-helper /usr/lib/apt/apt-helper download-file http://apt-helper.test/hello "$STRAY/home/apt"
    row fiddle ruby -rfiddle -rsocket -e '
libc = Fiddle.dlopen("libc.so.6")
connect = Fiddle::Function.new(libc["connect"], [Fiddle::TYPE_INT, Fiddle::TYPE_VOIDP, Fiddle::TYPE_INT], Fiddle::TYPE_INT)
address = Socket.sockaddr_in(80, IPSocket.getaddress("fiddle.test"))
p connect.call(Socket.new(:INET, :STREAM).fileno, address, address.bytesize)'
    proxy_pass
    row getent bash -c 'getent hosts getent.test && exec 3<> /dev/tcp/getent.test/80'
    all_well 6
}

# compiled NAME COMPILER... : a program that looks its name up and connects
compiled() {
    has "$2" || return 1
    "${@:2}" -o "$STRAY/$1" -xc - 2> /dev/null << 'END'
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

@test "C programs of glibc and musl" {
    ! compiled dynamic gcc || row dynamic "$STRAY/dynamic" dynamic.test
    ! compiled musl musl-gcc || row musl "$STRAY/musl" musl.test
    all_well 1
}

@test "what is supervised: static programs, Go's, and what shall be; without a supervisor they are refused" {
    need_supervisor || skip 'needs: a supervisor'
    ! compiled static gcc -static -w || row static "$STRAY/static" static.test
    ! compiled static-musl musl-gcc -static || row static-musl "$STRAY/static-musl" static-musl.test
    ! has busybox-static || row busybox busybox wget -q -O - http://busybox.test/hello
    ! has go || {
        static_programs
        go_program
        install -m 755 "$GO" "$STRAY/go"
        PORT=7 row go "$STRAY/go" dial go.test:7
    }
    ! compiled dynamic gcc || row supervised --supervise "$STRAY/dynamic" supervised.test
    for program in host dig; do # which send their questions by sendto(), or by sendmsg()
        ! has "$program" || output=$(LIMIT=5 tunnelled_user --supervise "$program" supervised.test) || true
        none_strayed "$program"
    done
    output=$(tunnelled_user --supervise /usr/bin/python3 -c '
import socket
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.settimeout(3)
print(datagrams.sendmsg([b"\0\1\1\0\0\1\0\0\0\0\0\0", b"\7message\4test\0\0\1\0\1"], [], 0, ("203.0.113.53", 53)), datagrams.recv(512)[7])')
    contains "$output" '30 1'
    none_strayed message
    output=$(tunnelled_user --no-supervise "$STRAY/static" static.test) || true
    contains "$output" 'statically linked'
    none_strayed no-supervise
    all_well 1
}

# With liburing there are two ways into the kernel: by its shared library, whose name the file has, and by what is taken from it.
ring() { # FLAG...
    has gcc && gcc -o "$STRAY/ring" -xc - "$@" 2> /dev/null << 'END'
#include <arpa/inet.h>
#include <liburing.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(80) };
    struct io_uring_cqe *done;
    struct io_uring ring;
    int error = io_uring_queue_init(2, &ring, 0);

    inet_pton(AF_INET, argv[1], &address.sin_addr);
    if (error < 0)
        return puts(strerror(-error)), 1;
    io_uring_prep_connect(io_uring_get_sqe(&ring), socket(AF_INET, SOCK_STREAM, 0), (void *)&address, sizeof address);
    io_uring_submit(&ring);
    return io_uring_wait_cqe(&ring, &done) < 0 || done->res < 0 ? puts("failed"), 1 : 0;
}
END
}

@test "liburing: without a ring, and with a supervisor or --strict=filter" {
    ring -luring || skip 'needs: liburing-dev'
    ! need_supervisor || output=$(tunnelled_user "$STRAY/ring" 203.0.113.7) || true
    none_strayed ring
    output=$(tunnelled_user --no-supervise "$STRAY/ring" 203.0.113.7) || true
    contains "$output" liburing 'let a listener connect for it'
    output=$(tunnelled_user --strict=filter --no-supervise "$STRAY/ring" 203.0.113.7) || true
    contains "$output" liburing
    output=$(tunnelled_user --strict=filter bash -c "'$STRAY/ring' 203.0.113.7") || true
    contains "$output" liburing 'it is not started'
    none_strayed strict
    all_well 0
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

    for call in "${CALLS[@]}" mmap; do
        CASES=$((CASES + 1))
        output=$(tunnelled_user -q --resolvers refuse "$STRAY/sandbox" "$call" 1 tcp 203.0.113.7:7 asking 203.0.113.7:7 \
            fast 203.0.113.7:7 tcp sandbox.test:7 udp sandbox.test:9 to sandbox.test:9 udp 203.0.113.53:53 to 203.0.113.53:53) || true
        none_strayed "$call"
    done
    all_well 30
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
    spawn_outside closing "$BUILD/tests/proxy" --listen "$GATE:$((STRAY_PORT + 1))" --on '*' close
    wait_until grep -qs ^listening "$BATS_TEST_TMPDIR/closing.out"
    strays before > /dev/null
    run as_user "$STRAY/ptunnel-run" --no-rules --fallback direct -p "$GATE:$((STRAY_PORT + 1))" "$STRAY/connect" 203.0.113.7:80
    contains "$output" ECONNRESET
    equal "$(strays fallback | grep -v "TCP $GATE:$((STRAY_PORT + 1))")" ''
}

@test "children by every function, with every broken environment" {
    # shellcheck disable=SC2016 # the inner shell's
    output=$(LIMIT=120 tunnelled_user --timeout 10 bash -c '
        for kind in $("$0" --broken | grep -v emptied-); do
            for way in $("$0"); do
                echo "$kind$way: $("$0" "$kind$way" "$1" 203.0.113.8:7)"
            done
        done' "$STRAY/children" "$STRAY/connect")
    none_strayed broken
    CASES=$(grep -c ': 203.0.113.8:7 connected, heard "hello"$' <<< "$output")
    equal "$(grep -v ': 203.0.113.8:7 connected, heard "hello"$' <<< "$output")" ''
    all_well 100
}

@test "a library whose constructor connects, looks up and starts a program" {
    need gcc
    gcc -shared -fPIC -o "$STRAY/libearly.so" -xc - << 'END'
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
int early;
__attribute__((constructor)) static void begin(void)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
    char *argv[] = { "curl", "-sS", "-m", "10", "http://early-child.test/hello", NULL }, *envp[] = { NULL };

    if (getaddrinfo("early.test", "80", &hints, &found) == 0)
        connect(socket(found->ai_family, SOCK_STREAM, 0), found->ai_addr, found->ai_addrlen);
    if (vfork() == 0) {
        execve("/usr/bin/curl", argv, envp);
        _exit(1);
    }
    wait(NULL);
}
END
    echo 'extern int early; int main(void) { return early; }' |
        gcc -o "$STRAY/constructed" -xc - -Wl,--no-as-needed -xnone "$STRAY/libearly.so"
    row early "$STRAY/constructed"
    ! has curl || asked_gate early-child.test:80 || fails early-child 'the proxy was not asked for it'
    all_well 1
}

@test "datagrams whose address has no family, which are of IPv4 to the kernel" {
    for resolvers in refuse answer; do
        output=$(tunnelled_user -q --resolvers "$resolvers" /usr/bin/python3 -c '
import ctypes, socket, struct
libc = ctypes.CDLL(None)
for host in "203.0.113.53", socket.gethostbyname("unspecified.test"):
    to = struct.pack("=HH4s8x", socket.AF_UNSPEC, socket.htons(53), socket.inet_aton(host))
    query = b"\0\1\1\0\0\1\0\0\0\0\0\0\013unspecified\4test\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        print(libc.sendto(datagrams.fileno(), query, len(query), 0, to, 16))')
        none_strayed "$resolvers"
    done
    all_well 0
}

@test "names that are none: nobody is asked for them" {
    output=$(LIMIT=30 tunnelled_user -q /usr/bin/python3 -c '
import ctypes
libc = ctypes.CDLL(None)
result = ctypes.c_void_p()
for name in [b"1.2.3.4.", b"0x7f.1", b"b\xc3\xbccher.test", b"bad name", b"a" * 64 + b".test", b"a" * 300, b"dot..test", b".lead", b"a/b",
             b"a@b", b"1.2.3.4.5", b"2001:db8::1%2", b"[::1]", b"a:b", b"*.test", b"\xff"]:
    for flags in 0, 2, 0x40:
        hints = ctypes.create_string_buffer(48)
        hints[0] = flags
        libc.getaddrinfo(name, b"80", hints, ctypes.byref(result))
    libc.gethostbyname(name)')
    none_strayed names
    all_well 0
}

# past NAME PACKET REMEDY COMMAND... : the command gets past with such a packet, and with the option REMEDY, if there is one,
# it does not.
past() {
    has "$4" || return 0
    CASES=$((CASES + 1))
    output=$(LIMIT=5 tunnelled_user -q "${@:4}") || true
    [[ $(strays "past-$1") == *"$2"* ]] || fails "$1" "it no longer gets past ($2): take it out of the table, and of the manuals"
    [ -n "$3" ] || return 0
    output=$(LIMIT=5 tunnelled_user -q $3 "${@:4}") || true
    none_strayed "remedied-$1"
}

# A library of LD_AUDIT has a C library of its own.
auditor() {
    gcc -shared -fPIC -o "$STRAY/audit.so" -xc - << 'END'
#include <arpa/inet.h>
#include <sys/socket.h>
unsigned la_version(unsigned version)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(80) };

    inet_pton(AF_INET, "203.0.113.7", &address.sin_addr);
    connect(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), (struct sockaddr *)&address, sizeof address);
    return version;
}
END
}

@test "what is known to get past, and the remedy" {
    past aria2c "UDP $GATE:53" '--resolvers refuse' \
        aria2c -q --max-tries=1 --connect-timeout=1 --timeout=1 -d /tmp -o - http://aria2c-past.test/hello
    past host "UDP $GATE:53" '--resolvers refuse' host -W 1 -R 1 host-past.test
    past dig "UDP $GATE:53" '--resolvers refuse' dig +tries=1 +time=1 dig-past.test
    past emptied "UDP $GATE:53" --strict=filter "$STRAY/children" emptied-execve "$STRAY/resolve" -q emptied.test
    past namespace 'TCP 203.0.113.7:80' --supervise "$STRAY/past" namespace 203.0.113.7 80
    past instruction 'TCP 203.0.113.7:80' --supervise "$STRAY/past" instruction 203.0.113.7 80
    past network "UDP $GATE:53" --supervise "$STRAY/past" network network.test 80
    past login "UDP $GATE:53" --supervise "$STRAY/past" login login.test 80
    past shell "UDP $GATE:53" --supervise "$STRAY/past" shell shell.test 80
    ! ring -l:liburing.a || past ring 'TCP 203.0.113.7:80' --strict=filter "$STRAY/ring" 203.0.113.7
    ! has gcc || {
        auditor
        past audit 'TCP 203.0.113.7:80' --supervise env LD_AUDIT="$STRAY/audit.so" true
    }
    past datagrams 'UDP 203.0.113.7:53' '--resolvers refuse' "$STRAY/sandbox" getuid 1 to 203.0.113.7:53
    past QUIC 'UDP 203.0.113.7:443' --strict "$STRAY/sandbox" getuid 1 to 203.0.113.7:443 # only TCP is tunnelled
    all_well 3
}
