#!/usr/bin/env bats
# What /etc/hosts says of a name that would get a stand-in: this machine's names are its own, and others have the file's
# address, of which the rules speak. No resolver is asked.

load helpers
load lib/names

# hosts LINE... : the file, for `apart`
hosts() {
    need root mountns
    printf '127.0.0.1 localhost\n' > "$BATS_FILE_TMPDIR/hosts"
    printf '%s\n' "$@" >> "$BATS_FILE_TMPDIR/hosts"
}

# look_ups NAME... : what each call answers for each name, through the library; connections are in $TRACE
look_ups() {
    run traced "$(python)" - "$@" << 'END'
import socket, sys
def code(call, *arguments):
    try:
        answer = call(*arguments)
        return ",".join(sorted({a[4][0] for a in answer})) if isinstance(answer, list) else answer
    except socket.gaierror as error:
        return error.args[1]
    except OSError as error:
        return "none"
for name in sys.argv[1:]:
    print(name, *(code(socket.getaddrinfo, name, 4000, family, socket.SOCK_STREAM)
                  for family in (0, socket.AF_INET, socket.AF_INET6)), code(socket.gethostbyname, name), sep="; ")
END
    succeeds
}

connects_to() { # NAME
    run apart env LD_PRELOAD="$LIBRARY" PTUNNEL_PROXY="$PROXY" "$(python)" -c "
import socket
try:
    print(socket.create_connection(('$1', $GREETER_PORT), 5).recv(100))
except OSError as error:
    print(error)"
}

@test "names of this machine are its own: no proxy and no resolver is asked, for the other family neither" {
    need ptrace python3
    hosts '127.0.0.1 localhost4 myapp.dev' '::1 six.dev' $'0.0.0.0\tads.example\r' '127.0.0.1 Both.dev # a comment' '::1 both.dev'
    look_ups localhost4 myapp.dev six.dev ads.example both.dev
    equal "$output" "localhost4; 127.0.0.1; 127.0.0.1; Name or service not known; 127.0.0.1
myapp.dev; 127.0.0.1; 127.0.0.1; Name or service not known; 127.0.0.1
six.dev; ::1; Name or service not known; ::1; Name or service not known
ads.example; 0.0.0.0; 0.0.0.0; Name or service not known; 0.0.0.0
both.dev; 127.0.0.1,::1; 127.0.0.1; ::1; 127.0.0.1"
    without "$RESOLVERS" "$TRACE"
    for name in localhost4 myapp.dev MyApp.dev; do
        connects_to "$name"
        contains "$output" hello
    done
    not_asked
    connects_to myapp.dev. # which no libc finds there
    asked_for "myapp.dev:$GREETER_PORT"
}

@test "a resolver is not asked for such a name by the resolver's own functions, either" {
    need ptrace python3
    hosts '127.0.0.1 myapp.dev'
    run traced "$(python)" -c "
import ctypes
libc = ctypes.CDLL(None)
print('query', libc.res_query(b'myapp.dev', 1, 1, ctypes.create_string_buffer(512), 512))"
    contains "$output" 'query -1'
    without "$RESOLVERS" "$TRACE"
}

@test "another machine's name: the rules for the address count, and the proxy is asked for that" {
    need ptrace python3
    hosts '203.0.113.7 intranet.example intranet'
    connects_to intranet
    asked_for "203.0.113.7:$GREETER_PORT"
    look_ups intranet.example
    equal "$output" 'intranet.example; 203.0.113.7; 203.0.113.7; Name or service not known; 203.0.113.7'
    without "$RESOLVERS" "$TRACE"
    rules 'reject 203.0.113.0/24' 'default tunnel'
    connects_to intranet
    contains "$output" refused
    rules 'reject 203.0.113.0/24:1-1000' 'tunnel *' 'default reject'
    connects_to intranet.example
    equal "$(tail -n "+$((LOGGED + 1))" "$SCRIPTED_LOG" | grep ^CONNECT | uniq -c | tr -s ' ')" \
        " 2 CONNECT 203.0.113.7:$GREETER_PORT 200"
}

@test "a rule for the name comes first" {
    need python3
    hosts '203.0.113.7 intranet.example'
    rules 'tunnel .example' 'reject 203.0.113.7' 'default tunnel'
    connects_to intranet.example
    asked_for "intranet.example:$GREETER_PORT"
}

@test "a rule for some ports of the name: the address counts at the others" {
    need python3
    hosts '203.0.113.7 intranet.example'
    rules 'tunnel intranet.example:22' 'default tunnel'
    connects_to intranet.example
    asked_for "203.0.113.7:$GREETER_PORT"
    rules "tunnel intranet.example:$GREETER_PORT" 'reject 203.0.113.7' 'default tunnel'
    connects_to intranet.example
    asked_for "intranet.example:$GREETER_PORT"
}

explained() { # OPTION... : of ptunnel-run
    apart "$PTUNNEL_RUN" --no-rules -p proxy.invalid:3128 "$@"
}

@test "--explain says what the file has to do with it" {
    hosts '203.0.113.7 intranet.example' '127.0.0.1 myapp.dev'
    run explained --explain intranet.example:22 myapp.dev:80 other.example:22
    equal "$output" 'intranet.example:22 (203.0.113.7 in /etc/hosts): tunnel via proxy.invalid:3128, default tunnel
myapp.dev:80 (127.0.0.1 in /etc/hosts): direct, it is this machine or link-local, and no rule names it
other.example:22: tunnel via proxy.invalid:3128, default tunnel'
    run explained -x 203.0.113.7:25 -t intranet.example:22 --default tunnel --explain intranet.example
    equal "$output" 'intranet.example:1-21 (203.0.113.7 in /etc/hosts): tunnel via proxy.invalid:3128, --default: default tunnel
intranet.example:22: tunnel via proxy.invalid:3128, -t: tunnel intranet.example:22
intranet.example:23-24 (203.0.113.7 in /etc/hosts): tunnel via proxy.invalid:3128, --default: default tunnel
intranet.example:25 (203.0.113.7 in /etc/hosts): reject, -x: reject 203.0.113.7:25
intranet.example:26-65535 (203.0.113.7 in /etc/hosts): tunnel via proxy.invalid:3128, --default: default tunnel'
}

@test "ptunnel asks for the address, too" {
    hosts '203.0.113.7 intranet.example' '127.0.0.1 myapp.dev'
    for name in intranet.example myapp.dev; do
        run apart "$BUILD/ptunnel" -p "$PROXY" -W "$name:$GREETER_PORT" < /dev/null
        equal "$output" hello
    done
    asked_for "203.0.113.7:$GREETER_PORT"
    asked_for "myapp.dev:$GREETER_PORT"
}

@test "the host * is libc's own" {
    need python3
    run preloaded "$(python)" -c "
import socket
print(socket.getaddrinfo('*', 80, socket.AF_INET, socket.SOCK_STREAM, 0, socket.AI_PASSIVE)[0][4][0])"
    equal "$output" 0.0.0.0
}

@test "a file of five megabytes: five milliseconds" {
    run "$BUILD/bench/hosts"
    succeeds
}
