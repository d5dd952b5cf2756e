#!/usr/bin/env bats
# A name that is asked for in both families has a stand-in of each, and however a program tries them, the proxy is asked
# for the name once.

load helpers

NAME=only-proxy.example

setup_file() {
    start_greeter
    start_http
    start_scripted --on 'slow.example:*' "delay 400; to 127.0.0.1:${HTTP_PORT:-$GREETER_PORT}" --on 'no.example:*' 'status 403' \
        --on "*:$GREETER_PORT" "to 127.0.0.1:$GREETER_PORT" --on '*' "to 127.0.0.1:${HTTP_PORT:-$GREETER_PORT}"
}

setup() {
    LOGGED=$(wc -l < "$SCRIPTED_LOG")
}

# asked TARGET : how often the proxy was, in this test
asked() {
    tail -n "+$((LOGGED + 1))" "$SCRIPTED_LOG" | grep -c "^CONNECT $1 "
}

@test "programs that take IPv6 alone, or are bound to it, get there" {
    need python3 curl nginx ipv6
    run --separate-stderr tunnelled curl -6 -sS "http://$NAME/hello"
    equal "$output" 'hello from the target'
    run --separate-stderr tunnelled curl --interface ::1 -sS "http://$NAME/hello"
    equal "$output" 'hello from the target'
    run --separate-stderr tunnelled wget --bind-address=::1 -qO- "http://$NAME/hello"
    equal "$output" 'hello from the target'
    equal "$(asked "$NAME:80")" 3
}

@test "bound to an IPv6 address, it is dialled although IPv4 was used a moment ago" {
    need python3 ipv6
    run --separate-stderr tunnelled "$(python)" -c "
import socket
four, six = (next(one for one in socket.getaddrinfo('$NAME', $GREETER_PORT, type=1) if one[0] == family)
             for family in (socket.AF_INET, socket.AF_INET6))
for family, to, bound in (four[0], four[4], None), (six[0], six[4], ('::1', 0)), (six[0], six[4], None):
    s = socket.socket(family)
    if bound:
        s.bind(bound)
    try:
        s.connect(to)
        print(s.recv(5))
    except OSError as error:
        print(error)"
    equal "$output" "b'hello'${NEWLINE}b'hello'${NEWLINE}[Errno 101] Network is unreachable"
    equal "$(asked "$NAME:$GREETER_PORT")" 2
}

# once COMMAND... : however slow the proxy is, it is asked once for slow.example:80, and it works
once() {
    LOGGED=$(wc -l < "$SCRIPTED_LOG")
    run --separate-stderr tunnelled "$@"
    contains "$1: $output $stderr" 'hello'
    equal "$1: $(asked slow.example:80)" "$1: 1"
}

@test "a slow proxy is asked once by programs that try the other family meanwhile" {
    need nginx
    ! has curl || once curl -sS http://slow.example/hello
    ! has node || once node -e "
require('http').get({ host: 'slow.example', path: '/hello', autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 50 },
    reply => reply.pipe(process.stdout))"
    ! has python3 || once "$(python)" -c "
import asyncio
async def get():
    read, write = await asyncio.open_connection('slow.example', 80, happy_eyeballs_delay=0.05)
    write.write(b'GET /hello HTTP/1.0\r\n\r\n')
    print(await read.read())
asyncio.run(get())"
    ! has java || {
        cat > "$BATS_TEST_TMPDIR/Get.java" << 'END'
public class Get {
    public static void main(String[] arguments) throws Exception {
        new java.net.URL("http://slow.example/hello").openStream().transferTo(System.out);
    }
}
END
        once java -XX:+UseSerialGC "$BATS_TEST_TMPDIR/Get.java"
    }
}

@test "a refused name is asked for once, and what the program says is the refusal" {
    need python3
    run --separate-stderr tunnelled "$(python)" -c "
import socket
try:
    socket.create_connection(('no.example', 80), 5)
except OSError as error:
    print(error)"
    equal "$output" '[Errno 13] Permission denied'
    equal "$(asked no.example:80)" 1
}

@test "another port is another target" {
    need python3
    run --separate-stderr tunnelled "$(python)" -c "
import socket
four, six = (next(one[4] for one in socket.getaddrinfo('$NAME', $GREETER_PORT, type=1) if one[0] == family)
             for family in (socket.AF_INET, socket.AF_INET6))
a = socket.create_connection(four)
for port in $GREETER_PORT, 81:
    s = socket.socket(socket.AF_INET6)
    print(s.connect_ex((six[0], port)))"
    equal "$output" "101${NEWLINE}0"
}
