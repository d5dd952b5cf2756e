#!/usr/bin/env bats
# ptunnel-agent: who may ask it, what happens when it is stopped, killed or slow, and what becomes of its answers.

# shellcheck disable=SC2030,SC2031,SC2154 # bats: a test is a subshell, and `run` sets variables

load helpers
. "$ROOT/tests/system/lib/peers.bash"

# An agent that says what it is told to: FIELD for each question, and the questions go to $BATS_TEST_TMPDIR/asked.
start_played_agent() { # PERL-EXPRESSION : the answer to $leg
    mkdir -m 700 "$XDG_RUNTIME_DIR/ptunnel"
    # shellcheck disable=SC2016 # Perl's
    spawn agent perl -MSocket -e '
        socket(my $agent, AF_UNIX, SOCK_SEQPACKET, 0);
        bind($agent, pack_sockaddr_un($ARGV[0])) and listen($agent, 512) or die $!;
        open(my $asked, ">", $ARGV[1]) or die $!;
        $asked->autoflush(1);
        my $kept;
        while (accept(my $client, $agent)) {
            recv($client, my $question, 70000, 0);
            print $asked $question;
            my ($leg) = $question =~ /^1 ask \d+ (\d+)/;
            $kept = $client unless $leg;
            send($client, $leg ? eval $ARGV[2] : "ok\n", 0);
        }' "$AGENT_SOCKET" "$BATS_TEST_TMPDIR/asked" "$1"
    wait_until [ -S "$AGENT_SOCKET" ]
}

@test "no password in the environment, the command lines or the log of anybody; nobody may read the agent" {
    need squid krb5kdc
    echo 'a very secret word' > "$BATS_TEST_TMPDIR/password"
    chmod 600 "$BATS_TEST_TMPDIR/password"
    run through_peer "$DIGEST_PORT" --auth digest -U alice --password-file "$BATS_TEST_TMPDIR/password" -vvv -- bash -c '
        curl -s "http://127.0.0.1:$HTTP_PORT/hello"
        env
        cat /proc/$$/cmdline /proc/$$/environ | tr "\0" "\n"
        ps -eo args | grep -c "very secre[t]"'
    contains "$output" PTUNNEL_CONFIG 'alice@localhost' "${NEWLINE}0"
    lacks "$output" 'a very secret' 'a%20very%20secret'
    run tr '\0' '\n' < "/proc/$(agent_pid)/environ"
    lacks "$output" 'very secret'
    equal "$(stat -c %u "/proc/$(agent_pid)/environ")" 0 # nobody but root may read it
}

@test "no password in the memory of a program, and so in no core of it; the agent leaves no core" {
    need squid krb5kdc python3
    echo a-word-for-alice > "$BATS_TEST_TMPDIR/password"
    chmod 600 "$BATS_TEST_TMPDIR/password"
    through_peer "$DIGEST_PORT" --auth digest -U alice --password-file "$BATS_TEST_TMPDIR/password" -- python3 -c '
import os, socket, sys
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    print(error, os.getpid(), flush=True)
open(sys.argv[2]).read()' "$GREETER_PORT" "$(fifo finish)" > "$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    program=$!
    wait_until grep -qs Permission "$BATS_TEST_TMPDIR/out"
    contains "$(cat "$BATS_TEST_TMPDIR/out")" 'the password of alice (Digest)'
    run python3 -c '
import sys
found = set()
with open("/proc/%s/maps" % sys.argv[1]) as maps, open("/proc/%s/mem" % sys.argv[1], "rb") as memory:
    for start, end in (line.split()[0].split("-") for line in maps if " rw" in line):
        memory.seek(int(start, 16))
        data = memory.read(int(end, 16) - int(start, 16))
        found.update(word for word in sys.argv[2:] if word.encode() in data)
print(sorted(found))' "$(sed -n 's/.*Permission denied //p' "$BATS_TEST_TMPDIR/out")" a-word-for-alice alice@
    equal "$output" "['alice@']"
    echo > "$BATS_TEST_TMPDIR/finish"
    wait "$program"
    run grep '^Max core file size  *0  *0 ' "/proc/$(agent_pid)/limits"
    succeeds
}

@test "the agent is killed, and started again: connections fail in words, then open" {
    need squid krb5kdc
    mkfifo "$BATS_TEST_TMPDIR/go"
    through_peer "$KERBEROS_PORT" --auth negotiate -- bash -c '
        fetch() { curl -s "http://127.0.0.1:$HTTP_PORT/hello" || echo "curl: $?"; }
        fetch
        for i in 1 2; do read -r < "$1"; fetch; done' bash "$BATS_TEST_TMPDIR/go" > "$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    wait_until grep -qs hello "$BATS_TEST_TMPDIR/out"
    pid=$(agent_pid)
    kill -9 "$pid"
    wait_until gone "$pid"
    echo > "$BATS_TEST_TMPDIR/go"
    wait_until grep -qs 'curl: 7' "$BATS_TEST_TMPDIR/out"
    "$PTUNNEL_RUN" -p "localhost:$KERBEROS_PORT" --auth negotiate -- true
    echo > "$BATS_TEST_TMPDIR/go"
    wait $!
    contains "$(cat "$BATS_TEST_TMPDIR/out")" 'the agent is gone: start it with ptunnel-run'
    equal "$(grep -c '^hello' "$BATS_TEST_TMPDIR/out")" 2
}

@test "the agent is stopped: the program's loop goes on, and so does the connection when the agent does" {
    need squid krb5kdc python3
    through_peer "$KERBEROS_PORT" --auth negotiate -- true
    pid=$(agent_pid)
    run through_peer "$KERBEROS_PORT" --auth negotiate -- python3 -c '
import asyncio, os, signal, sys, time
agent, port = int(sys.argv[1]), int(sys.argv[2])
async def one():
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    data = await reader.read()
    writer.close()
    return data
async def watch(worst):
    while True:
        start = time.monotonic()
        await asyncio.sleep(0.01)
        worst[0] = max(worst[0], time.monotonic() - start - 0.01)
async def main():
    worst = [0.0]
    ticking = asyncio.create_task(watch(worst))
    os.kill(agent, signal.SIGSTOP)
    tasks = [asyncio.create_task(one()) for i in range(20)]
    await asyncio.sleep(1.5)
    print("done while stopped:", sum(task.done() for task in tasks))
    os.kill(agent, signal.SIGCONT)
    print("opened:", sum(data.startswith(b"hello") for data in await asyncio.gather(*tasks)))
    print("held up:", worst[0] < 0.15)
    ticking.cancel()
asyncio.run(main())' "$pid" "$GREETER_PORT"
    contains "$output" 'done while stopped: 0' 'opened: 20' 'held up: True'
}

@test "another user gets nothing from the agent" {
    need root setpriv squid krb5kdc perl
    through_peer "$KERBEROS_PORT" --auth negotiate -- true
    chmod a+x "$XDG_RUNTIME_DIR" "$XDG_RUNTIME_DIR/ptunnel"
    chmod a+rw "$AGENT_SOCKET"
    run ask_agent
    contains "$output" 'field' 'Proxy-Authorization: Negotiate '
    run ask_agent "${ORDINARY[@]}"
    equal "$output" 'answer: '
}

ask_agent() { # [COMMAND]...
    "$@" timeout 10 perl -MSocket -e '
        socket(my $agent, AF_UNIX, SOCK_SEQPACKET, 0);
        connect($agent, pack_sockaddr_un($ARGV[0])) or die "connect: $!";
        send($agent, "1 ask $$ 1 on t.test:22 localhost:$ARGV[1] negotiate - -\n", 0);
        recv($agent, my $answer, 65536, 0);
        print "answer: $answer"' "$AGENT_SOCKET" "$KERBEROS_PORT"
}

@test "from another network namespace" {
    need root netns squid krb5kdc
    run through_peer "$KERBEROS_PORT" --auth negotiate -- bash -c '
        curl -s "http://127.0.0.1:$HTTP_PORT/hello"
        unshare --net curl -s "http://127.0.0.1:$HTTP_PORT/hello" || echo "curl: $?"'
    contains "$output" 'hello from the target' 'curl: 7'
    lacks "$output" 'agent is gone'
}

@test "the listener and the pipe ask the same agent" {
    need squid krb5kdc
    . "$ROOT/tests/system/lib/listener.bash"
    start_ptunnel --auth negotiate -p "localhost:$KERBEROS_PORT" "0:127.0.0.1:$HTTP_PORT"
    for ((i = 0; i < 5; i++)); do
        run curl -s "http://127.0.0.1:$LISTEN_PORT/hello"
        equal "$output" 'hello from the target'
    done
    mkfifo "$BATS_TEST_TMPDIR/in"
    exec 5<> "$BATS_TEST_TMPDIR/in"
    run timeout 10 "$PTUNNEL" --auth digest -U alice -P pw -p "localhost:$DIGEST_PORT" -W "127.0.0.1:$GREETER_PORT" <&5
    exec 5>&-
    contains "$output" hello
}

@test "a field of 40 KB arrives whole, from a socket whose buffer has room for a tenth of it" {
    need perl python3
    start_scripted_before "$GREETER_PORT"
    start_played_agent '"field\nProxy-Authorization: Negotiate " . "x" x 40000 . "\r\n"'
    run through_peer "$SCRIPTED_PORT" --auth negotiate -- python3 -c '
import socket, sys
for blocking in True, False:
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    s.settimeout(20) if blocking else s.setblocking(False)
    if blocking:
        s.connect(("203.0.113.7", int(sys.argv[1])))
    else:
        import select
        s.connect_ex(("203.0.113.7", int(sys.argv[1])))
        select.select([], [s], [], 20)
        s.setblocking(True)
    print(s.recv(5))' "$GREETER_PORT"
    equal "$output" "b'hello'${NEWLINE}b'hello'"
    run awk '/^HEADER Proxy-Authorization: Negotiate x/ { print length($4), $4 ~ /^x*$/ }' "$SCRIPTED_LOG"
    equal "$output" "40000 1${NEWLINE}40000 1"
}

@test "407 after 407: six requests, each with the challenges of the one before, then it is a refusal" {
    need perl
    start_scripted --on '*' 'status 407; header "Proxy-Authenticate: X one"; header "Proxy-Authenticate: Y two"; header "Content-Length: 0"; keep'
    start_played_agent '"field\nProxy-Authorization: X $leg\r\n"'
    run through_peer "$SCRIPTED_PORT" --auth negotiate -- curl -s http://203.0.113.7:80/
    fails_with 7
    contains "$output" ': 407 '
    run sed -n 's/^HEADER Proxy-Authorization: X //p' "$SCRIPTED_LOG"
    equal "$(xargs <<< "$output")" '1 2 3 4 5 6'
    equal "$(grep -c '^Proxy-Authenticate: X one$' "$BATS_TEST_TMPDIR/asked")" 5
    equal "$(grep -c '^Proxy-Authenticate: Y two$' "$BATS_TEST_TMPDIR/asked")" 5
}

# What comes between the two requests, and on how many connections the proxy sees them.
@test "however the first 407 comes: its body is skipped, or the connection made again" {
    need perl
    start_played_agent '$leg == 1 ? "field\n" : "field\nProxy-Authorization: Basic dTpw\r\n"'
    for reply in 'keep' 'keep; lf' 'keep; noreason' 'keep; chunk 1' 'keep; chunk 7' 'keep; pad 3000' 'interim 102; keep' 'http10' '' 'end reset'; do
        start_scripted --on "203.0.113.7:$GREETER_PORT" "auth u:p; to 127.0.0.1:$GREETER_PORT; $reply"
        run through_peer "$SCRIPTED_PORT" --auth negotiate -- nc -d 203.0.113.7 "$GREETER_PORT"
        contains "$reply: $output" hello
    done
}

@test "a Kerberos server that swallows everything holds up nobody" {
    need python3 squid krb5kdc
    get_ticket "$BATS_TEST_TMPDIR/fresh"
    kill -STOP "$KDC"
    KRB5CCNAME=FILE:$BATS_TEST_TMPDIR/fresh run through_peer "$KERBEROS_PORT" --auth negotiate --timeout 2 -- python3 -c '
import asyncio, sys, time
async def main():
    worst = 0
    connecting = asyncio.create_task(asyncio.open_connection("127.0.0.1", int(sys.argv[1])))
    while not connecting.done():
        start = time.monotonic()
        await asyncio.sleep(0.01)
        worst = max(worst, time.monotonic() - start - 0.01)
    print("held up:", worst > 0.15, connecting.exception())
asyncio.run(main())' "$GREETER_PORT"
    kill -CONT "$KDC"
    contains "$output" 'held up: False [Errno 13]' 'the agent did not answer'
}

@test "a blocking connect() is there as soon as an agent that was stopped goes on" {
    need squid krb5kdc python3
    through_peer "$KERBEROS_PORT" --auth negotiate -- true
    run through_peer "$KERBEROS_PORT" --auth negotiate -- python3 -c '
import os, signal, socket, sys, threading, time
agent, port = int(sys.argv[1]), int(sys.argv[2])
os.kill(agent, signal.SIGSTOP)
threading.Timer(0.5, os.kill, (agent, signal.SIGCONT)).start()
start = time.monotonic()
print(socket.create_connection(("127.0.0.1", port)).recv(5), 0.5 <= time.monotonic() - start < 3)' "$(agent_pid)" "$GREETER_PORT"
    equal "$output" "b'hello' True"
}

@test "the units: systemd takes them, and the agent a socket that systemd made" {
    need systemd-analyze systemd-socket-activate perl squid krb5kdc
    for unit in socket service; do
        sed "s|^ExecStart=|&$BUILD/|" "$ROOT/helper/ptunnel-agent.$unit" > "$BATS_TEST_TMPDIR/ptunnel-agent.$unit"
    done
    run systemd-analyze --user verify --man=no "$BATS_TEST_TMPDIR/ptunnel-agent.socket" "$BATS_TEST_TMPDIR/ptunnel-agent.service"
    succeeds
    equal "$(grep ptunnel <<< "$output")" ''
    mkdir -m 700 "$XDG_RUNTIME_DIR/ptunnel"
    mkdir -p "$BATS_TEST_TMPDIR/config/ptunnel"
    printf 'proxy http://localhost:%s\nauth negotiate\nloopback tunnel\n' "$KERBEROS_PORT" > "$BATS_TEST_TMPDIR/config/ptunnel/rules"
    XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config spawn activate systemd-socket-activate --seqpacket -l "$AGENT_SOCKET" \
        -E XDG_CONFIG_HOME -E KRB5CCNAME -E KRB5_CONFIG -E XDG_RUNTIME_DIR "$BUILD/ptunnel-agent"
    wait_until [ -S "$AGENT_SOCKET" ]
    XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config LD_PRELOAD=$LIBRARY run curl -s "http://127.0.0.1:$HTTP_PORT/hello"
    equal "$output" 'hello from the target'
}

# Of a process that has nothing to do: it has slept through two looks at it.
rests() { # PID
    local before

    before=$(grep -h '^voluntary' "/proc/$1/status")
    sleep 0.1
    [ "$before" = "$(grep -h '^voluntary' "/proc/$1/status")" ]
}

# Once the agent runs, ptunnel-run asks for a token itself, which no stopped worker makes: so there is a shell in which the library is.
@test "tokens are made ahead for whoever asks often: four need no worker, and none outlives the ticket that it was made with" {
    need squid krb5kdc
    get_ticket "$BATS_TEST_TMPDIR/cache"
    KRB5CCNAME=FILE:$BATS_TEST_TMPDIR/cache through_peer "$KERBEROS_PORT" --auth negotiate --timeout 1 -- bash -c '
        fetch() { for ((i = 0; i < $1; i++)); do curl -s "http://127.0.0.1:$HTTP_PORT/hello" || echo "curl: $?"; done; }
        fetch 12
        read -r < "$1/go"; fetch 4; fetch 1
        read -r < "$1/go"; fetch 12
        read -r < "$1/go"; fetch 1' bash "$BATS_TEST_TMPDIR" > "$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    mkfifo "$BATS_TEST_TMPDIR/go"
    exec 5<> "$BATS_TEST_TMPDIR/go"
    lines_are 12
    workers_stop
    echo >&5
    lines_are 18
    equal "$(grep -c '^hello' "$BATS_TEST_TMPDIR/out")" 16
    contains "$(cat "$BATS_TEST_TMPDIR/out")" 'the agent did not answer' 'curl: 7'
    kill -CONT "${workers[@]}"
    echo >&5
    lines_are 30
    workers_stop
    get_ticket "$BATS_TEST_TMPDIR/cache"
    echo >&5
    wait $!
    kill -CONT "${workers[@]}"
    exec 5>&-
    equal "$(grep -c '^hello' "$BATS_TEST_TMPDIR/out")" 28
    equal "$(grep -c '^curl: 7' "$BATS_TEST_TMPDIR/out")" 2
}

lines_are() { # COUNT
    wait_until lines_are_now "$1"
}

lines_are_now() {
    [ "$(wc -l < "$BATS_TEST_TMPDIR/out")" -ge "$1" ]
}

# The agent's workers, when they have made all the tokens that they want.
workers_stop() {
    local pid

    pid=$(agent_pid)
    wait_until rests "$pid"
    read -ra workers <<< "$(cat "/proc/$pid/task/$pid/children")"
    kill -STOP "${workers[@]}"
}

# An agent whose minute is a twentieth of a second.
@test "it ends when nobody has asked for long, nobody who told it of a proxy is there, and no process has its socket's name" {
    need cc perl systemd-socket-activate
    sed 's/MINUTE = 60000/MINUTE = 50/' "$ROOT/helper/ptunnel-agent.c" > "$BATS_TEST_TMPDIR/agent.c"
    run grep -c 'MINUTE = 50,' "$BATS_TEST_TMPDIR/agent.c"
    equal "$output" 1
    cc -std=gnu11 -D_GNU_SOURCE '-DPTUNNEL_VERSION="0"' -I"$ROOT/include" -I"$ROOT/helper" -include "$ROOT/preload/core/base/offsets.h" \
        -o "$BATS_TEST_TMPDIR/agent" "$BATS_TEST_TMPDIR/agent.c" "$BUILD"/obj/helper/agent/*.o "$BUILD"/obj/helper/relay/loop.o \
        "$BUILD"/obj/helper/common/{usage,libc_net}.o "$BUILD/libptunnel-core.a"
    mkdir -m 700 "$XDG_RUNTIME_DIR/ptunnel"
    spawn activate systemd-socket-activate --seqpacket -l "$AGENT_SOCKET" "$BATS_TEST_TMPDIR/agent"
    agent=$SPAWNED
    wait_until [ -S "$AGENT_SOCKET" ]
    # shellcheck disable=SC2016 # Perl's
    perl -MSocket -e '
        $| = 1;
        socket(my $agent, AF_UNIX, SOCK_SEQPACKET, 0);
        connect($agent, pack_sockaddr_un($ARGV[0])) or die "connect: $!";
        send($agent, "1 know localhost:1 basic - alice\npw\n\n", 0);
        recv($agent, my $answer, 100, 0);
        print $answer;
        <STDIN>' "$AGENT_SOCKET" < <(read -r < "$(fifo stay)") > "$BATS_TEST_TMPDIR/told" 3>&- &
    teller=$!
    wait_until grep -qs ok "$BATS_TEST_TMPDIR/told"
    many_minutes
    PTUNNEL_CONFIG="agent $AGENT_SOCKET" spawn holder sleep 60
    holder=$SPAWNED
    wait_until grep -qs "$AGENT_SOCKET" "/proc/$holder/environ"
    echo > "$(fifo stay)"
    wait "$teller"
    many_minutes
    kill "$holder"
    wait_until gone "$agent"
}

fifo() { # NAME -> its path
    [ -p "$BATS_TEST_TMPDIR/$1" ] || mkfifo "$BATS_TEST_TMPDIR/$1"
    echo "$BATS_TEST_TMPDIR/$1"
}

# The agent wakes each of its minutes: thirty of them pass, and it is still there.
many_minutes() {
    local start

    start=$(wakes)
    wait_until has_woken $((start + 30))
}

wakes() {
    sed -n 's/^voluntary_ctxt_switches:\s*//p' "/proc/$agent/status"
}

has_woken() { # COUNT
    [ "$(wakes)" -ge "$1" ]
}
