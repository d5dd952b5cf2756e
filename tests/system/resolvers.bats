#!/usr/bin/env bats
# Programs that ask a resolver themselves, by UDP to port 53: with `resolvers answer` what they ask about tunnelled names is
# answered from the map of names, and nobody else hears of it.

load helpers
load lib/names

setup() {
    mkdir -m 700 "$BATS_TEST_TMPDIR/run"
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
    TRACE=$BATS_TEST_TMPDIR/trace
    LOGGED=$(wc -l < "$SCRIPTED_LOG")
    LOG=$SCRIPTED_LOG
    cat > "$BATS_TEST_TMPDIR/ask.py" << 'END'
import errno, select, socket, struct, sys
TYPES = { 'A': 1, 'PTR': 12, 'MX': 15, 'AAAA': 28, 'HTTPS': 65 }
def query(name, kind, number):
    labels = b''.join(bytes([len(one)]) + one.encode() for one in name.split('.') if one)
    return struct.pack('>HHHHHH', number, 0x100, 1, 0, 0, 0) + labels + b'\0' + struct.pack('>HH', TYPES[kind], 1)
def told(answer):
    number, flags, _, answers, _, _ = struct.unpack('>HHHHHH', answer[:12])
    data = answer[-4:] if answers and answer[-6:-4] == b'\0\4' else answer[-16:]
    code = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'][flags & 15]
    if not answers:
        return number, code
    if len(data) == 4:
        return number, code, socket.inet_ntop(socket.AF_INET, data)
    return number, code, answer[12:] if b'\7example' in answer[-16:] else socket.inet_ntop(socket.AF_INET6, data)
def code(call, *arguments):
    try:
        return call(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
END
}

# asking [LINE...] : a program of Python's that has the functions above, apart and traced, with these rules
asking() {
    { cat "$BATS_TEST_TMPDIR/ask.py" && cat; } > "$BATS_TEST_TMPDIR/program.py"
    rules 'default tunnel' "$@"
    run --separate-stderr traced "$(python)" "$BATS_TEST_TMPDIR/program.py"
    succeeds
}

@test "a socket that is not connected hears the answer from whom it asked" {
    need root mountns netns ptrace python3
    asking 'resolvers answer' << 'END'
for server in ('127.0.0.1', 53), ('203.0.113.53', 53), ('127.0.0.53', 53):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for number, kind in enumerate(('A', 'AAAA', 'HTTPS', 'MX')):
        q = query('only-proxy.example', kind, number)
        assert s.sendto(q, server) == len(q)
    assert select.select([s], [], [], 0)[0]
    for number in range(4):
        answer, sender = s.recvfrom(600)
        assert sender == server, sender
        print(*told(answer))
END
    equal "$(grep -c '^0 NOERROR 198.1' <<< "$output")" 3
    equal "$(grep -c '^1 NOERROR fd70:7475' <<< "$output")" 3
    equal "$(grep -c '^2 NOERROR$' <<< "$output")" 3
    equal "$(grep -c '^3 REFUSED$' <<< "$output")" 3
    without 'htons\(53\)' "$TRACE"
}

@test "a connected socket stays connected to its server, and hears it" {
    need root mountns python3 ptrace
    asking 'resolvers answer' << 'END'
for family, server in (socket.AF_INET, ('127.0.0.1', 53)), (socket.AF_INET, ('203.0.113.53', 53)), (socket.AF_INET6, ('::1', 53)), (socket.AF_INET6, ('::ffff:127.0.0.1', 53)):
    s = socket.socket(family, socket.SOCK_DGRAM)
    try:
        s.connect(server)
    except OSError as error:    # no way there on this machine
        print('4 NOERROR 198.1')
        print('5 NOERROR 198.1')
        continue
    name = s.getsockname()[:2]
    assert s.send(query('only-proxy.example', 'A', 4)) > 0
    assert s.getpeername()[:2] == server and s.getsockname()[:2] == name
    print(*told(s.recv(600)))
    q = query('only-proxy.example', 'A', 5)
    s.sendmsg([q[:18], q[18:]])
    answer, _, _, sender = s.recvmsg(600)
    assert sender[:2] == server
    print(*told(answer))
    assert s.getpeername()[:2] == server
END
    equal "$(grep -c '^[45] NOERROR 198.1' <<< "$output")" 8
    without '(sendto|sendmsg)\([^)]*htons\(53\)' "$TRACE"
}

@test "the address that was answered is the name's, forth and back" {
    need root mountns python3 ptrace
    asking 'resolvers answer' << END
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(query('$NAME', 'A', 1), ('127.0.0.1', 53))
address = told(s.recv(600))[2]
print(socket.create_connection((address, $GREETER_PORT), 5).recv(5))
s.sendto(query('.'.join(reversed(address.split('.'))) + '.in-addr.arpa', 'PTR', 2), ('127.0.0.1', 53))
print(told(s.recv(600)))
s.sendto(query('7.2.0.192.in-addr.arpa', 'PTR', 3), ('127.0.0.1', 53))
print(told(s.recv(600)))
END
    contains "$output" "b'hello'" 'only-proxy' "(3, 'NXDOMAIN')"
    asked_for "$NAME:$GREETER_PORT"
    without 'htons\(53\)' "$TRACE"
}

@test "names that are direct are asked of the real server" {
    need root mountns python3 ptrace
    asking 'resolvers answer' 'direct .direct.example' << 'END'
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(query('a.direct.example', 'A', 1), ('127.0.0.1', 53))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(('127.0.0.1', 53))
s.send(query('b.direct.example', 'A', 1))
END
    grep -q 'a.*direct.*htons(53)' "$TRACE"
    grep -q '"[^"]*b\\6direct' "$TRACE"
}

@test "who listens at port 53 is a resolver, and left alone" {
    need root mountns netns python3 ptrace ip
    { cat "$BATS_TEST_TMPDIR/ask.py" && cat; } > "$BATS_TEST_TMPDIR/program.py" << 'END'
server, client = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for i in range(2))
server.bind(('127.0.0.1', 53))
client.sendto(query('only-proxy.example', 'A', 7), ('127.0.0.1', 53))
print(len(server.recv(600)))
END
    rules 'default tunnel' 'resolvers answer'
    run --separate-stderr unshare --net bash -c 'ip link set lo up; exec "$@"' bash env LD_PRELOAD="$LIBRARY" PTUNNEL_PROXY="$PROXY" \
        "$(python)" "$BATS_TEST_TMPDIR/program.py"
    equal "$output" 36
}

@test "resolvers allow: the first question that goes past us is said, once" {
    need root mountns python3 ptrace
    asking << 'END'
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(3):
    s.sendto(query('only-proxy.example', 'A', i), ('127.0.0.1', 53))
END
    equal "$(grep -c 'only-proxy.example: asks a resolver itself' <<< "$stderr")" 1
    contains "$stderr" "'--resolvers answer'"
    grep -q 'htons(53)' "$TRACE"
    rules 'default tunnel' 'direct only-proxy.example'
    run --separate-stderr traced "$(python)" "$BATS_TEST_TMPDIR/program.py"
    equal "$stderr" ''
}

# finds COMMAND... : it is told a stand-in, and sends nothing to port 53
finds() {
    rules 'default tunnel' 'resolvers answer'
    run --separate-stderr traced "$@"
    contains "$1: $output$stderr" 198.1
    without '(sendto|sendmsg|sendmmsg)\([^)]*htons\(53\)' "$TRACE"
}

@test "node's dns.resolve, drill and aria2c are answered" {
    need root mountns ptrace
    ! has node || {
        finds node -e "require('dns').resolve('$NAME', (error, found) => console.log(error, found))"
        finds node -e "require('dns').promises.resolve4('$NAME').then(console.log)"
    }
    ! has drill || finds drill "$NAME" @127.0.0.1
    ! has aria2c || {
        rules 'default tunnel' 'resolvers answer'
        need nginx
        run --separate-stderr traced aria2c -q -d "$BATS_TEST_TMPDIR" --async-dns=true "http://$NAME:$HTTP_PORT/hello"
        equal "$(cat "$BATS_TEST_TMPDIR/hello")" 'hello from the target'
        asked_for "$NAME:$HTTP_PORT"
        without '(sendto|sendmsg|sendmmsg)\([^)]*htons\(53\)' "$TRACE"
    }
}
