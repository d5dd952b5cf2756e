#!/usr/bin/env bats
# ptunnel reads what ptunnel-run reads: one configuration for both. And what a direct target can do to it.

load helpers
load lib/listener

setup_file() {
    start_greeter
    start_scripted --on '*:7' "to 127.0.0.1:$GREETER_PORT" --on '*' 'status 403'
}

# a_rule_file LINE... : the user's own
a_rule_file() {
    export XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
    mkdir -p "$XDG_CONFIG_HOME/ptunnel"
    printf '%s\n' "$@" > "$XDG_CONFIG_HOME/ptunnel/rules"
}

# pipes OPTION... : what the target says through ptunnel -W
pipes() {
    run --separate-stderr timeout 20 "$PTUNNEL" "$@" < /dev/null
}

hears_twice() {
    equal "$(nc -N 127.0.0.1 "$LISTEN_PORT" < /dev/null)$(nc -N 127.0.0.1 "$LISTEN_PORT" < /dev/null)" hellohello
}

@test "the user's rule file is read: the proxy, its rules, its times" {
    a_rule_file "proxy $PROXY" 'tunnel a.test' 'reject b.test' 'default direct'
    pipes -W a.test:7
    succeeds
    contains "$output" hello
    pipes -W c.test:7
    contains "$output" hello
    pipes -W b.test:7
    fails_with 1
    contains "$stderr" "'b.test:7': a rule rejects this target"
    pipes --no-rules -W a.test:7
    fails_with 1
    contains "$stderr" 'no proxy is known: give -p HOST:PORT, or set PTUNNEL_PROXY' "a line 'proxy http://HOST:PORT'"
    a_rule_file "proxy $PROXY" 'tunel x'
    pipes -W a.test:7
    fails_with 1
    contains "$stderr" 'rules:2:1: ' tunel
    PTUNNEL_RULES=$BATS_TEST_TMPDIR/other pipes -W a.test:7
    fails_with 1
    contains "$stderr" "$BATS_TEST_TMPDIR/other"
}

@test "a password of the rule file is sent, and its timeout counts" {
    local start took

    start_scripted --on 'a.test:7' "auth me:secret; to 127.0.0.1:$GREETER_PORT" --on '*' hang
    a_rule_file "proxy http://me:secret@$PROXY" 'timeout 1'
    chmod 600 "$XDG_CONFIG_HOME/ptunnel/rules"
    pipes -W a.test:7
    succeeds
    contains "$output" hello
    start=${EPOCHREALTIME/[.,]/}
    pipes -W b.test:7
    took=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
    fails_with 1
    contains "$stderr" 'did not answer in time'
    [ "$took" -ge 1000 ] && [ "$took" -lt 15000 ]
}

@test "-v says once that the proxy is known to end both directions" {
    start_scripted --on '*' 'header "Proxy-agent: tinyproxy/1.11.1"; to 127.0.0.1:'"$GREETER_PORT"
    start_ptunnel --no-rules -v -p "$PROXY" 0:a.test:7
    hears_twice
    equal "$(listener_says | grep -c 'known to end both')" 1
    contains "$(listener_says)" "$PROXY: this proxy (tinyproxy) is known to end both directions" '--half-close delay:5'
    start_ptunnel --no-rules -v --half-close delay:1 -p "$PROXY" 0:a.test:7
    hears_twice
    lacks "$(listener_says)" 'known to end both'
    start_ptunnel --no-rules -p "$PROXY" 0:a.test:7
    hears_twice
    lacks "$(listener_says)" 'known to end both'
    start_scripted --on '*' 'header "Proxy-agent: Apache/2.4.71 (Debian)"; to 127.0.0.1:'"$GREETER_PORT"
    start_ptunnel --no-rules -v -p "$PROXY" 0:a.test:7
    hears_twice
    lacks "$(listener_says)" 'known to end both'
}

@test "a user of the command line is for the proxy of the rule file" {
    start_scripted --on '*' "auth me:secret; to 127.0.0.1:$GREETER_PORT"
    a_rule_file "proxy $PROXY"
    pipes -U me -P secret -W a.test:7
    succeeds
    contains "$output" hello
}

@test "-r comes before PTUNNEL_PROXY, which comes before the user's file; what loses is said with -v" {
    a_rule_file 'proxy 127.0.0.1:2'
    printf 'proxy %s\n' "$PROXY" > "$BATS_TEST_TMPDIR/rules"
    PTUNNEL_PROXY=127.0.0.1:1 pipes -r "$BATS_TEST_TMPDIR/rules" -W a.test:7
    succeeds
    contains "$output" hello
    equal "$stderr" ''
    PTUNNEL_PROXY=127.0.0.1:1 pipes -v -r "$BATS_TEST_TMPDIR/rules" -W a.test:7
    contains "$stderr" 'PTUNNEL_PROXY is not used: -r names a proxy'
    PTUNNEL_PROXY=$PROXY pipes -v -W a.test:7
    contains "$output" hello
    lacks "$stderr" 'not used'
    PTUNNEL_PROXY=127.0.0.1:1 pipes -v -p "$PROXY" -W a.test:7
    contains "$output" hello
    contains "$stderr" 'PTUNNEL_PROXY is not used: -p names a proxy'
    echo 'default tunnel' > "$BATS_TEST_TMPDIR/rules"
    PTUNNEL_PROXY=$PROXY pipes -v -r "$BATS_TEST_TMPDIR/rules" -W a.test:7
    contains "$output" hello
    lacks "$stderr" 'not used'
}

@test "the same of ptunnel-run" {
    printf 'proxy %s\n' "$PROXY" > "$BATS_TEST_TMPDIR/rules"
    PTUNNEL_PROXY=127.0.0.1:1 run --separate-stderr "$PTUNNEL_RUN" -r "$BATS_TEST_TMPDIR/rules" --check a.test:7
    succeeds
    equal "$stderr" ''
    PTUNNEL_PROXY=127.0.0.1:1 run --separate-stderr "$PTUNNEL_RUN" -v -r "$BATS_TEST_TMPDIR/rules" --check a.test:7
    succeeds
    contains "$stderr" 'PTUNNEL_PROXY is not used: -r names a proxy'
    PTUNNEL_PROXY=127.0.0.1:1 run --separate-stderr "$PTUNNEL_RUN" -v -p "$PROXY" --check a.test:7
    succeeds
    contains "$stderr" 'PTUNNEL_PROXY is not used: -p names a proxy'
}

@test "no proxy behind sudo: the words say why" {
    SUDO_USER=me pipes --no-rules -W a.test:7
    fails_with 1
    contains "$stderr" 'no proxy is known' 'sudo drops the environment'
    SUDO_USER=me run --separate-stderr "$PTUNNEL_RUN" --no-rules true
    fails_with 125
    contains "$stderr" 'no proxy is known' 'sudo drops the environment'
    run --separate-stderr "$PTUNNEL_RUN" --no-rules true
    lacks "$stderr" sudo
}

@test "a listener beyond loopback says once that it lends the proxy" {
    start_ptunnel --no-rules -p "$PROXY" '*:0:a.test:7' '0.0.0.0:0:b.test:7'
    equal "$(listener_says | grep -c 'whoever can connect there uses your proxy$')" 1
    start_ptunnel --no-rules -p "http://me:secret@$PROXY" '*:0:a.test:7'
    contains "$(listener_says)" 'whoever can connect there uses your proxy, with your password'
    start_ptunnel --no-rules -p "$PROXY" 127.0.0.1:0:a.test:7 localhost:0:a.test:7 "$BATS_TEST_TMPDIR/socket:a.test:7"
    lacks "$(listener_says)" 'uses your proxy'
    start_ptunnel --no-rules -q -p "$PROXY" '*:0:a.test:7'
    lacks "$(listener_says)" 'uses your proxy'
}

# A target whose queue is full: it drops SYNs. A line on its standard input lets it accept all; the one that is not its
# own hears "late" and is reset.
start_full_target() {
    FULL_PORT=$(free_port)
    mkfifo "$BATS_TEST_TMPDIR/full"
    spawn full "$(python)" -c 'import socket, struct, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen(0)
own = socket.create_connection(listener.getsockname())
open(sys.argv[2] + ".ready", "w")
open(sys.argv[2]).readline()
listener.accept()
late = listener.accept()[0]
late.sendall(b"late")
late.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
late.close()
open(sys.argv[2] + ".done", "w")
open(sys.argv[2]).readline()' "$FULL_PORT" "$BATS_TEST_TMPDIR/full"
    wait_until test -e "$BATS_TEST_TMPDIR/full.ready"
}

@test "--timeout counts for a direct target, too, when no proxy is known" {
    start_full_target
    pipes --no-rules -d --timeout 1 -W "127.0.0.1:$FULL_PORT"
    fails_with 1
    contains "$stderr" "127.0.0.1:$FULL_PORT: cannot connect directly: timed out"
    a_rule_file 'timeout 1'
    pipes -d -W "127.0.0.1:$FULL_PORT"
    fails_with 1
    contains "$stderr" "127.0.0.1:$FULL_PORT: cannot connect directly: timed out"
}

connecting() { # PORT : somebody has sent a SYN there and waits
    grep -qi ": [0-9A-F]*:[0-9A-F]* 0100007F:$(printf %04X "$1") 02 " /proc/net/tcp
}

@test "a direct target that speaks and resets before anybody looks is heard, and then its reset" {
    local client

    start_full_target
    start_ptunnel --no-rules -d "0:127.0.0.1:$FULL_PORT"
    spawn client "$(python)" -c 'import socket, sys
client, heard = socket.create_connection(("127.0.0.1", int(sys.argv[1]))), b""
try:
    while more := client.recv(100):
        heard += more
    print("end", heard)
except ConnectionResetError:
    print("reset", heard)' "$LISTEN_PORT"
    client=$SPAWNED
    wait_until connecting "$FULL_PORT"
    kill -STOP "$LISTENER"
    echo > "$BATS_TEST_TMPDIR/full"
    wait_until test -e "$BATS_TEST_TMPDIR/full.done"
    kill -CONT "$LISTENER"
    wait_until gone "$client"
    contains "$(cat "$(here)/client.out")" late
    lacks "$(listener_says)" 'cannot connect directly'
}

@test "no socket for the far side, for whatever reason: it waits, and does not spin" {
    local library=$BATS_TEST_TMPDIR/refuse.so calls=$BATS_TEST_TMPDIR/calls

    need gcc
    gcc -shared -fPIC -D_GNU_SOURCE -o "$library" -x c - << 'EOC'
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
int socket(int family, int type, int protocol)
{
    int fd = open(getenv("CALLS"), O_WRONLY | O_APPEND);

    if (fd < 0)
        return ((int (*)(int, int, int))dlsym(RTLD_NEXT, "socket"))(family, type, protocol);
    write(fd, ".", 1);
    close(fd);
    errno = EPERM;
    return -1;
}
EOC
    PTUNNEL_UNDER="env LD_PRELOAD=$library CALLS=$calls" start_ptunnel --no-rules -p "$PROXY" 0:a.test:7
    : > "$calls"
    spawn client bash -c 'exec 3<> /dev/tcp/127.0.0.1/$0 && head -c 5 <&3' "$LISTEN_PORT"
    wait_until listener_has_said 'accepting no more until a tunnel ends: operation not permitted'
    wait_until has_size "$calls" 3
    [ "$(stat -c %s "$calls")" -le 4 ]
    rm "$calls"
    wait_until grep -q hello "$(here)/client.out"
}

has_size() { # FILE SIZE
    [ "$(stat -c %s "$1")" -ge "$2" ]
}

# A target that answers a line, and says when the end of file came: before a second was over, or after. "leaves" in
# the line: it ends by itself.
start_answering_target() {
    ANSWERING_PORT=$(free_port)
    spawn answering "$(python)" -c 'import socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client = listener.accept()[0]
    line = client.recv(100)
    client.sendall(b"answer\n")
    started = time.monotonic()
    if b"leaves" not in line:
        assert client.recv(100) == b""
        client.sendall(b"late\n" if time.monotonic() - started >= 1 else b"at once\n")
    client.close()' "$ANSWERING_PORT"
    wait_listen answering "$ANSWERING_PORT"
    start_scripted --on '*' "to 127.0.0.1:$ANSWERING_PORT"
}

@test "--half-close delay: the end is passed on when the target has spoken and been silent" {
    need nc
    start_answering_target
    start_ptunnel --no-rules -p "$PROXY" --half-close delay:1 0:a.test:7
    equal "$(echo hi | timeout 20 nc -N 127.0.0.1 "$LISTEN_PORT")" "answer${NEWLINE}late"
    equal "$(echo hi | timeout 20 "$PTUNNEL" --no-rules -p "$PROXY" --half-close delay:1 -W a.test:7)" "answer${NEWLINE}late"
    equal "$(echo hi | timeout 20 "$PTUNNEL" --no-rules -p "$PROXY" --half-close keep -W a.test:7)" "answer${NEWLINE}at once"
}

@test "--half-close delay: the end is passed on when the target has ended" {
    need nc
    start_answering_target
    start_ptunnel --no-rules -p "$PROXY" --half-close delay:86400 0:a.test:7
    equal "$(echo leaves | timeout 20 nc -N 127.0.0.1 "$LISTEN_PORT")" answer
    wait_until at_rest
}

@test "--half-close delay: the answer is heard through a proxy that ends both" {
    need nc tinyproxy
    start_answering_target
    start_tinyproxy
    start_ptunnel --no-rules -p "$PROXY" --half-close delay:1 "0:127.0.0.1:$ANSWERING_PORT"
    contains "$(echo hi | timeout 20 nc -N 127.0.0.1 "$LISTEN_PORT")" answer
}

@test "--half-close and --keepalive take what they can" {
    local word

    for word in delay delay: delay:0 delay:x delay:86401 keepx ''; do
        pipes --no-rules -p "$PROXY" --half-close "$word" -W a.test:7
        fails_with 2
        contains "$stderr" "--half-close '$word': expected keep, or delay:"
    done
    pipes --no-rules -p "$PROXY" --keepalive 0 -W a.test:7
    fails_with 2
    contains "$stderr" "--keepalive '0': expected whole seconds"
}

# asks PORT SECONDS : the kernel will ask the peers of both sides within so long
asks() {
    [ "$(awk -v port=":$(printf %04X "$1")$" -v most=$(($2 * 100)) '
        function value(digits,    i, sum) { for (i = 1; i <= length(digits); i++) sum = sum * 16 + index("0123456789ABCDEF", substr(digits, i, 1)) - 1; return sum }
        ($2 ~ port || $3 ~ port) && $4 == "01" && $6 ~ /^02:/ && value(substr($6, 4)) <= most { found = 1 }
        END { print found + 0 }' /proc/net/tcp)" = 1 ]
}

@test "--keepalive: the kernel asks on both sides" {
    local silent

    silent=$(free_port)
    spawn silent "$(python)" -c 'import socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(3600)' "$silent"
    wait_listen silent "$silent"
    start_scripted --on '*' "to 127.0.0.1:$silent"
    start_ptunnel --no-rules -p "$PROXY" --keepalive 7 0:a.test:7
    exec 6<> "/dev/tcp/127.0.0.1/$LISTEN_PORT"
    wait_until asks "$LISTEN_PORT" 7
    wait_until asks "$SCRIPTED_PORT" 7
    exec 6>&-
    start_ptunnel --no-rules -p "$PROXY" 0:a.test:7
    exec 6<> "/dev/tcp/127.0.0.1/$LISTEN_PORT"
    wait_until asks "$LISTEN_PORT" 86400
    run ! asks "$LISTEN_PORT" 60
    exec 6>&-
}
