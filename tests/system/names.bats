#!/usr/bin/env bats
# Names: what look-ups answer, what becomes of the answers, and what rules change about it. The proxy is asked for what the
# program asked for.

load helpers
load lib/names

@test "the resolver calls answer as they do natively, but for the address" {
    need root mountns netns ip ipv6
    plain() {
        sed -E 's/192\.0\.2\.9|198\.1[89]\.[0-9]+\.[0-9]+/FOUR/g; s/2001:db8::[19]\>|fd70:7475:6e6e:656c::[0-9a-f:]+/SIX/g'
    }
    # among ADDRESS... : libc puts IPv4 first, as we do
    among() {
        apart unshare --net bash -c 'ip link set lo up
            for address in $1; do
                ip address add "$address" dev lo
            done
            [ ! -e /etc/gai.conf ] || mount --bind "$0" /etc/gai.conf
            exec "${@:2}"' "$BATS_TEST_TMPDIR/gai.conf" "$@"
    }
    [ -e /etc/gai.conf ] || skip 'needs: /etc/gai.conf'
    echo 'precedence ::ffff:0:0/96 100' > "$BATS_TEST_TMPDIR/gai.conf"
    among '192.0.2.9/32 2001:db8::9/128' "$PROGRAMS/resolve" both.example six.example | plain > "$BATS_TEST_TMPDIR/both"
    among '192.0.2.9/32' "$PROGRAMS/resolve" both.example six.example | plain > "$BATS_TEST_TMPDIR/four"
    rules 'tunnel .example' 'default tunnel' # or the file's addresses would do
    among '192.0.2.9/32 2001:db8::9/128' env LD_PRELOAD="$LIBRARY" PTUNNEL_PROXY="$PROXY" "$PROGRAMS/resolve" both.example six.example \
        > "$BATS_TEST_TMPDIR/tunnelled"
    # Who asks for both families with AI_ADDRCONFIG, as no hints at all do, gets what a machine without IPv6 says.
    local configured='^getaddrinfo[(]both.example, [^,]*, (0 [0-9]+ [0-9]+ 0x[0-9a-f]*[2367abef][0-9a-f])?[)] |^gai_error.*both.example'
    paste -d $'\001' "$BATS_TEST_TMPDIR/both" "$BATS_TEST_TMPDIR/four" |
        awk -F $'\001' -v configured="$configured" '{ print $1 ~ configured ? $2 : $1 }' > "$BATS_TEST_TMPDIR/native"
    grep -q '198.1.*fd70' "$BATS_TEST_TMPDIR/tunnelled"
    plain < "$BATS_TEST_TMPDIR/tunnelled" | diff "$BATS_TEST_TMPDIR/native" -
    [ "$(wc -l < "$BATS_TEST_TMPDIR/native")" -gt 3000 ]
}

# address_of NAME : as a program of its own is told
address_of() {
    preloaded "$PROGRAMS/resolve" -q "$1" | sed 's/ port.*//'
}

@test "what one command looks up, another connects to" {
    local address

    address=$(address_of "$NAME")
    contains "$address" 198.1
    run preloaded "$PROGRAMS/connect" "$address:$GREETER_PORT"
    contains "$output" 'connected, heard "hello"'
    asked_for "$NAME:$GREETER_PORT"
}

@test "look-up in a parent, connect in children made by fork, exec and posix_spawn" {
    need python3
    run preloaded "$(python)" - "$NAME" "$GREETER_PORT" "$PROGRAMS/connect" << 'END'
import os, socket, subprocess, sys
name, port, program = sys.argv[1:]
address = socket.getaddrinfo(name, None)[0][4][0]
if os.fork() == 0:
    print('fork', socket.create_connection((address, int(port)), 5).recv(100), flush=True)
    os._exit(0)
os.wait()
os.waitpid(os.posix_spawn(program, [program, f'{address}:{port}'], os.environ), 0)
if os.fork() == 0:
    os.execv(program, [program, f'{address}:{port}'])
os.wait()
END
    succeeds
    contains "$output" "fork b'hello"
    equal "$(grep -c 'connected, heard "hello"' <<< "$output")" 2
    equal "$(tail -n "+$((LOGGED + 1))" "$SCRIPTED_LOG" | grep -c "CONNECT $NAME:$GREETER_PORT 200")" 3
}

@test "a daemon that outlives the command connects to what the command looked up" {
    need python3
    local out=$BATS_TEST_TMPDIR/daemon

    preloaded "$(python)" - "$NAME" "$GREETER_PORT" "$out" 3>&- 4>&- << 'END'
import os, socket, sys
name, port, out = sys.argv[1:]
address = socket.getaddrinfo(name, None)[0][4][0]
reading, writing = os.pipe()
if os.fork() == 0:
    os.setsid()
    os.close(writing)
    os.read(reading, 1)     # until the command has ended
    with open(out + '.new', 'wb') as file:
        file.write(socket.create_connection((address, int(port)), 5).recv(100))
    os.rename(out + '.new', out)
END
    wait_until test -e "$out"
    equal "$(cat "$out")" hello
    asked_for "$NAME:$GREETER_PORT"
}

@test "CONNECT carries the name as it was asked for" {
    local name label

    label=$(printf 'x%.0s' {1..63})
    for name in Upper.Example xn--bcher-kva.example under_score.example "$label.example" "$label.$label.$label.${label:2}"; do
        run preloaded "$PROGRAMS/connect" "$(address_of "$name"):$GREETER_PORT"
        asked_for "$name:$GREETER_PORT"
    done
    run preloaded "$PROGRAMS/connect" "$(address_of dotted.example.):$GREETER_PORT"
    asked_for "dotted.example:$GREETER_PORT"
}

@test "an internationalized name is asked for as the proxy knows it" {
    local address

    need getent
    ldconfig -p | grep -q libidn2.so.0 || skip 'needs: libidn2-0'
    address=$(LC_ALL=C.UTF-8 preloaded getent ahosts bücher.example | sed -n '1s/ .*//p')
    contains "$address" 198.1
    run preloaded "$PROGRAMS/connect" "$address:$GREETER_PORT"
    asked_for "xn--bcher-kva.example:$GREETER_PORT"
}

@test "names that no proxy could be asked for are not known, and not looked up" {
    local label name

    need root mountns ptrace
    label=$(printf 'x%.0s' {1..64})
    for name in 'a b' "$label.example" 'a..b' "$(printf 'x.%.0s' {1..130})" $'a\r\nb'; do
        run traced "$PROGRAMS/resolve" -q "$name"
        fails_with 1
        equal "$output" 'Name or service not known'
        without "$RESOLVERS" "$TRACE"
    done
}

@test "datagrams to a stand-in and stand-ins that mean nothing do not leave the machine" {
    need python3
    run preloaded "$(python)" - "$NAME" << 'END'
import errno, socket, sys
def code(call, *arguments):
    try:
        return call(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
four, six = socket.AF_INET, socket.AF_INET6
address = socket.getaddrinfo(sys.argv[1], 4000)[0][4]
address6 = socket.getaddrinfo(sys.argv[1], 4000, six)[0][4]
for family, to in (four, address), (six, address6):
    udp = socket.socket(family, socket.SOCK_DGRAM)
    print(code(udp.connect, to), code(udp.sendto, b'x', to), code(udp.sendmsg, [b'x'], [], 0, to))
print(code(socket.create_connection, ('198.18.1.1', 4000)), code(socket.create_connection, ('fd70:7475:6e6e:656c::7', 4000)))
print(code(udp.sendto, b'x', ('::ffff:198.18.1.1', 4000)))
import ctypes, os, struct
send = { 'x86_64': (44, 46, 307), 'aarch64': (206, 211, 269) }.get(os.uname().machine)
if send:
    libc = ctypes.CDLL(None, use_errno=True)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    to = ctypes.create_string_buffer(struct.pack('=HH4s8x', four, 0, socket.inet_aton(address[0])), 16)
    part = ctypes.create_string_buffer(struct.pack('PN', ctypes.addressof(to), 2))
    message = ctypes.create_string_buffer(struct.pack('PIxxxxPNPNixxxxNx', ctypes.addressof(to), 16, ctypes.addressof(part), 1, 0, 0, 0, 0))
    for number, arguments in zip(send, ((to, 2, 0, to, 16), (message, 0), (message, 1, 0))):
        libc.syscall(number, udp.fileno(), *arguments)
        print('by number', errno.errorcode[ctypes.get_errno()])
END
    succeeds
    contains "$output" "ENETUNREACH ENETUNREACH ENETUNREACH${NEWLINE}" "EHOSTUNREACH EHOSTUNREACH"
    [[ $(uname -m) != x86_64 && $(uname -m) != aarch64 ]] || equal "$(grep -c 'by number ENETUNREACH' <<< "$output")" 3
    contains "$output" "$NAME:4000: only TCP can be tunnelled" '198.18.1.1:4000: no name is known'
    equal "$(grep -c 'ENETUNREACH ENETUNREACH' <<< "$output")" 2
    not_asked
}

@test "a name that is direct at this port only is looked up when the port is known, all its addresses" {
    local address

    need root mountns
    rules 'direct late.example:'"$GREETER_PORT" 'default tunnel'
    address=$(address_of late.example) # here the file does not have it
    contains "$address" 198.1
    run apart env LD_PRELOAD="$LIBRARY" PTUNNEL_PROXY="$PROXY" "$PROGRAMS/connect" "$address:$GREETER_PORT"
    contains "$output" 'connected, heard "hello"'
    not_asked
    run preloaded "$PROGRAMS/connect" "$address:${HTTP_PORT:-1}"
    wait_until logged "CONNECT late.example:${HTTP_PORT:-1}"
}

@test "a name that is direct is looked up, and its address then goes direct" {
    need root mountns netns ptrace python3
    rules 'direct four.example' 'default tunnel'
    run apart unshare --net strace -f -qq -o "$TRACE" -e trace=connect -E LD_PRELOAD="$LIBRARY" \
        -E PTUNNEL_PROXY="$PROXY" "$(python)" -c "
import socket
try:
    socket.create_connection(('four.example', 4000))
except OSError as error:
    print(error)"
    contains "$(cat "$TRACE")" 'sin_port=htons(4000), sin_addr=inet_addr("192.0.2.1")'
    contains "$output" 'Network is unreachable'
}

@test "names local: looked up here, and still the proxy is asked for the name" {
    need root mountns python3
    rules 'default tunnel' 'names local'
    run apart env LD_PRELOAD="$LIBRARY" PTUNNEL_PROXY="$PROXY" "$(python)" -c "
import socket
connection = socket.create_connection(('four.example', $GREETER_PORT), 5)
print(connection.getpeername(), connection.recv(100))"
    contains "$output" "'192.0.2.1'" hello
    asked_for "four.example:$GREETER_PORT"
}

@test "a name below .local is looked up here, unless a rule says something of it" {
    local i words=('default tunnel' 'direct .local' 'tunnel .corp.local')

    need root mountns netns ptrace python3
    echo '192.0.2.5 host.corp.local' >> "$BATS_FILE_TMPDIR/hosts"
    for ((i = 0; i < 3; i++)); do
        rules 'loopback tunnel' "${words[i]}" "$([ $i -eq 0 ] || echo 'default tunnel')"
        run apart unshare --net strace -f -qq -o "$TRACE" -e trace=connect -E LD_PRELOAD="$LIBRARY" \
            -E PTUNNEL_PROXY=127.0.0.1:1 "$(python)" -c "
import socket
print(socket.getaddrinfo('host.corp.local', 4000)[0][4][0])
try:
    socket.create_connection(('host.corp.local', 4000))
except OSError as error:
    print(error)"
        case $i in
        0) contains "$output" '192.0.2.5:4000 via 127.0.0.1:1' "192.0.2.5${NEWLINE}" ;;
        1) contains "$(cat "$TRACE")" 'sin_port=htons(4000), sin_addr=inet_addr("192.0.2.5")' ;;
        2) contains "$output" 'host.corp.local:4000 via 127.0.0.1:1' "198.1" ;;
        esac
    done
}

@test "resolvers refuse: nobody is asked on port 53, and there is no data for what is tunnelled" {
    need root mountns ptrace python3
    rules 'default tunnel' 'resolvers refuse'
    run traced "$(python)" - << 'END'
import ctypes, errno, socket
def code(call, *arguments):
    try:
        return call(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print(code(udp.sendto, b'x', ('127.0.0.1', 53)), code(udp.connect, ('127.0.0.1', 53)))
print(code(socket.create_connection, ('127.0.0.1', 53)), code(socket.create_connection, ('192.0.2.53', 53)))
libc = ctypes.CDLL(None)
print('query', libc.res_query(b'only-proxy.example', 1, 1, ctypes.create_string_buffer(512), 512),
      ctypes.c_int.in_dll(libc, 'h_errno').value if hasattr(libc, 'h_errno') else '')
print('old name', libc.__res_search(b'only-proxy.example', 1, 15, ctypes.create_string_buffer(512), 512))
END
    succeeds
    contains "$output" 'ENETUNREACH ENETUNREACH' 'ECONNREFUSED ECONNREFUSED' 'query -1' 'old name -1'
    without 'htons\(53\)' "$TRACE"
}

@test "a program that speaks to the proxy itself finds it by its name" {
    need root mountns curl nginx
    echo '127.0.0.1 proxy.example' >> "$BATS_FILE_TMPDIR/hosts"
    run apart env LD_PRELOAD="$LIBRARY" PTUNNEL_PROXY="http://proxy.example:$SCRIPTED_PORT" PTUNNEL_LOOPBACK=1 \
        curl -sS --proxytunnel --proxy "http://proxy.example:$SCRIPTED_PORT" "http://$NAME:$HTTP_PORT/hello"
    equal "$output" 'hello from the target'
    asked_for "$NAME:$HTTP_PORT"
    equal "$(tail -n "+$((LOGGED + 1))" "$SCRIPTED_LOG" | grep -c ^CONNECT)" 1
}

@test "localhost, literals and the machine's own name are what they are natively" {
    local name

    for name in localhost LOCALHOST 127.0.0.1 127.1 0x7f000001 ::1 "$(hostname)"; do
        equal "$(preloaded "$PROGRAMS/resolve" -q "$name")" "$("$PROGRAMS/resolve" -q "$name")"
    done
}

@test "with --loopback this machine's addresses keep their names" {
    need root mountns python3
    export PTUNNEL_LOOPBACK=1
    run apart env LD_PRELOAD="$LIBRARY" PTUNNEL_PROXY="$PROXY" "$(python)" -c "
import socket
print(socket.gethostbyaddr('127.0.0.1')[0], socket.gethostbyaddr('::1')[0], socket.getnameinfo(('127.0.0.1', 80), 0)[0])"
    equal "$output" 'localhost localhost localhost'
}

@test "a look-up that fails says why in h_errno, too" {
    need root mountns python3
    run apart env LD_PRELOAD="$LIBRARY" PTUNNEL_PROXY="$PROXY" "$(python)" -c "
import socket
for call, argument in (socket.gethostbyaddr, '192.0.2.7'), (socket.gethostbyaddr, '2001:db8::7'):
    try:
        print(call(argument))
    except OSError as error:
        print(error)"
    equal "$output" "[Errno 1] Unknown host${NEWLINE}[Errno 1] Unknown host"
    run preloaded "$(python)" -c "
import ctypes
libc = ctypes.CDLL(None)
libc.__h_errno_location.restype = ctypes.POINTER(ctypes.c_int)
room, found, error = ctypes.create_string_buffer(4096), ctypes.c_void_p(), ctypes.c_int()
for call, arguments in (libc.gethostbyname_r, (b'a..b',)), (libc.gethostbyname2_r, (b'a..b', 2)), (libc.gethostbyaddr_r, (b'\xc0\0\2\7', 4, 2)):
    libc.__h_errno_location()[0] = 0
    call(*arguments, room, ctypes.byref(room, 64), 4000, ctypes.byref(found), ctypes.byref(error))
    print(found.value, error.value, libc.__h_errno_location()[0])"
    equal "$output" "None 1 1${NEWLINE}None 1 1${NEWLINE}None 1 1"
}

@test "CPython's own tests of look-ups have the same results natively and tunnelled" {
    local result

    /usr/bin/python3 -c 'import test.test_socket, test.test_asyncio' 2> /dev/null ||
        skip 'needs: libpython3.11-testsuite'
    for result in native tunnelled; do
        [ $result = native ] || export LD_PRELOAD=$LIBRARY PTUNNEL_PROXY=$PROXY
        timeout 120 /usr/bin/python3 -W ignore -m test -v test_socket test_asyncio -m '*GeneralModuleTests*' \
            -m '*addrinfo*' -m '*nameinfo*' -m '*hostby*' -m '*resolv*' -m '*Host*' -m '*create_connection*' 2>&1 |
            grep -E '^test.*\.\.\. ' | sed -E 's/ \.\.\. .*(ok|FAIL|ERROR)$/ \1/; s/ \.\.\. skipped.*/ skipped/' |
            sort > "$BATS_TEST_TMPDIR/$result"
    done
    unset LD_PRELOAD
    [ "$(grep -c ' ok$' "$BATS_TEST_TMPDIR/native")" -gt 100 ]
    diff "$BATS_TEST_TMPDIR/native" "$BATS_TEST_TMPDIR/tunnelled"
}

@test "the ranges can be set" {
    local address

    rules 'default tunnel' 'stand-ins 10.77.0.0/16 [fd00:77::]/96'
    address=$(address_of "$NAME")
    contains "$address" 10.77.
    run preloaded "$PROGRAMS/connect" "$address:$GREETER_PORT"
    contains "$output" 'connected, heard "hello"'
    asked_for "$NAME:$GREETER_PORT"
}

@test "who is root in a user namespace of his own has his own map, and leaves root's alone" {
    need root mountns setpriv
    setpriv --reuid=65534 --regid=65534 --clear-groups unshare --user --map-root-user true 2> /dev/null || skip 'needs: userns'
    cp "$LIBRARY" "$PROGRAMS/resolve" "$BATS_TEST_TMPDIR"
    chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR"/{libptunnel.so,resolve}
    # shellcheck disable=SC2016 # the inner shell's
    run timeout 30 unshare --mount bash -c '
        mount --make-rprivate /
        mount -t tmpfs none /run
        mount -t tmpfs -o mode=1777 none /dev/shm
        mkdir -m 700 /dev/shm/ptunnel-0
        cd "$0"
        setpriv --reuid=65534 --regid=65534 --clear-groups unshare --user --map-root-user \
            env -u XDG_RUNTIME_DIR LD_PRELOAD="$0/libptunnel.so" PTUNNEL_PROXY="$1" ./resolve -q "$2"
        find /dev/shm -type f -printf "%p %u\n"' "$BATS_TEST_TMPDIR" "$PROXY" "$NAME"
    equal "$(sed 's/^198[.0-9]* port 0/FOUR/' <<< "$output")" "FOUR${NEWLINE}/dev/shm/ptunnel-65534/names nobody"
}

# bwrap leaves nothing to write to: a helper's look-up is its parent's all the same, and so is the parent's a later helper's.
HELPER='
import os, socket, sys
def ask(name):
    r, w = os.pipe()
    if os.fork() == 0:
        os.write(w, socket.getaddrinfo(name, 0, socket.AF_INET, socket.SOCK_STREAM)[0][4][0].encode())
        os._exit(0)
    os.close(w)
    return os.read(r, 99).decode()
for name in sys.argv[2:]:
    print(socket.create_connection((ask(name), int(sys.argv[1]))).recv(5).decode())'

@test "a helper looks up, the parent connects, and nothing can be written" {
    need bwrap python3
    bwrap --ro-bind / / true 2> /dev/null || skip 'needs: what bwrap needs'
    mkdir -m 700 "$BATS_TEST_TMPDIR/runtime"
    run --separate-stderr env XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/runtime" bwrap --ro-bind / / --proc /proc --dev-bind /dev /dev \
        --remount-ro /dev timeout 20 env LD_PRELOAD="$LIBRARY" PTUNNEL_PROXY="$PROXY" \
        python3 -c "$HELPER" "$GREETER_PORT" "$NAME" "$NAME" "other.$NAME"
    equal "$output" "$(printf '%s\n' hello hello hello)"
    contains "$stderr" 'those forked from it only'
    [ -z "$(ls "$BATS_TEST_TMPDIR/runtime")" ]
    asked_for "other.$NAME:$GREETER_PORT"
}

@test "where the map can be written a fork makes nothing, and maps nothing" {
    need strace
    traced_fork() {
        strace -f -qq -e trace=mmap,openat,mkdir -o "$BATS_TEST_TMPDIR/trace" -E LD_PRELOAD="$LIBRARY" -E PTUNNEL_PROXY="$PROXY" \
            "$BASH" -c '(:); (:)'
    }
    traced_fork
    without 'MAP_SHARED.*MAP_ANONYMOUS|ptunnel-names' "$BATS_TEST_TMPDIR/trace"
}
