#!/usr/bin/env bats
# The log: the time of each line, its two formats, how long it gets, and what a tunnel has carried.

load helpers
. "$ROOT/tests/system/lib/listener.bash"

setup_file() {
    start_greeter
    start_scripted --on '*:403' 'status 403' --on '203.0.113.7:*' "to 127.0.0.1:$GREETER_PORT"
    export PROXY="127.0.0.1:$SCRIPTED_PORT"
}

UTC='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z'

# Between before the run and after it, whatever the time zone is.
@test "a line in a file has the time, by UTC" {
    local log=$BATS_TEST_TMPDIR/log before after said

    before=$(date -u +%FT%T)
    TZ=Pacific/Kiritimati run timeout 20 "$PTUNNEL_RUN" -p "$PROXY" --log "$log" "$PROGRAMS/connect" 203.0.113.9:403
    after=$(date -u +%FT%T.999Z)
    [[ $(cat "$log") =~ ^($UTC)\ ptunnel:\ connect\[[0-9]+\]:\ 203\.0\.113\.9:403\ via\  ]]
    said=${BASH_REMATCH[1]}
    [[ ! $said < $before && ! $said > $after ]]
}

@test "on standard error the time is in front with -v, and not of the one line about a failure" {
    run --separate-stderr timeout 20 "$PTUNNEL_RUN" -p "$PROXY" "$PROGRAMS/connect" 203.0.113.9:403
    [[ $stderr =~ ^ptunnel:\ connect ]]
    run --separate-stderr timeout 20 "$PTUNNEL_RUN" -v -p "$PROXY" "$PROGRAMS/connect" 203.0.113.9:403
    [[ $stderr =~ ^$UTC\ ptunnel:\ connect ]]
}

json() { # FILE FIELD...: of each line, which must be an object of exactly the five fields
    python3 - "$@" << 'END'
import json, sys
for line in open(sys.argv[1]):
    said = json.loads(line)
    assert list(said) == ["time", "program", "pid", "level", "message"], said
    assert isinstance(said["pid"], int), said
    print(*(said[field] for field in sys.argv[2:]))
END
}

@test "--log-format json: an object a line, from the library, its children, the listener and the supervisor" {
    local log=$BATS_TEST_TMPDIR/log

    run timeout 20 "$PTUNNEL_RUN" -v --log-format json --log "$log" -p "$PROXY" \
        env -i sh -c "$PROGRAMS/connect 203.0.113.9:403; $PROGRAMS/connect 203.0.113.7:7"
    run json "$log" program level message
    [ "$status" -eq 0 ]
    contains "$output" "connect failure 203.0.113.9:403 via $PROXY: 403"
    contains "$output" "connect connection 203.0.113.7:7 via $PROXY: open"

    start_ptunnel -v --log-format json --log "$log.listener" -p "$PROXY" 0:203.0.113.9:403
    run timeout 20 "$PROGRAMS/connect" "127.0.0.1:$LISTEN_PORT"
    wait_until grep -q '"failure"' "$log.listener"
    run json "$log.listener" program level message
    [ "$status" -eq 0 ]
    contains "$output" "ptunnel failure 203.0.113.9:403 via $PROXY: 403"
}

@test "PTUNNEL_LOG_FORMAT is as --log-format, and an outer ptunnel-run's is not an inner one's" {
    local log=$BATS_TEST_TMPDIR/log

    PTUNNEL_LOG_FORMAT=json run timeout 20 "$PTUNNEL_RUN" --log "$log" -p "$PROXY" "$PROGRAMS/connect" 203.0.113.9:403
    run json "$log" program
    equal "$output" connect
    run timeout 20 "$PTUNNEL_RUN" -p "$PROXY" --log-format json "$PTUNNEL_RUN" -p "$PROXY" --log "$log.inner" "$PROGRAMS/connect" 203.0.113.9:403
    [[ $(cat "$log.inner") =~ ^$UTC\ ptunnel:\ connect ]]
}

@test "a format that is none is refused, with its origin" {
    run "$PTUNNEL_RUN" -p "$PROXY" --log-format xml true
    [ "$status" -eq 125 ]
    equal "${lines[0]}" "ptunnel-run: --log-format 'xml': expected text or json"
    PTUNNEL_LOG_FORMAT=xml run "$PTUNNEL_RUN" -p "$PROXY" true
    [ "$status" -eq 125 ]
    equal "${lines[0]}" "ptunnel-run: PTUNNEL_LOG_FORMAT 'xml': expected text or json"
    PTUNNEL_LOG_FORMAT=xml run timeout 10 "$PTUNNEL" -p "$PROXY" "$(free_port):a.example:1"
    [ "$status" -eq 1 ]
    equal "${lines[0]}" "ptunnel: PTUNNEL_LOG_FORMAT 'xml': expected text or json"
}

@test "a log over 1 MiB becomes NAME.1 when ptunnel-run starts, and nothing is lost when many start at once" {
    local log=$BATS_TEST_TMPDIR/log n

    head -c 1048576 /dev/zero | tr '\0' x > "$log"
    chmod 600 "$log"
    "$PTUNNEL_RUN" -p "$PROXY" --log "$log" true
    [ ! -e "$log.1" ]
    echo x >> "$log"
    echo older > "$log.1"
    for n in {1..20}; do "$PTUNNEL_RUN" -p "$PROXY" --log "$log" "$PROGRAMS/connect" 203.0.113.9:403 & done
    wait
    equal "$(stat -c %s "$log.1")" 1048578
    equal "$(grep -c 403 "$log")" 20
}

@test "the library never moves a log: a command that runs on writes where it began" {
    local log=$BATS_TEST_TMPDIR/log

    head -c 1048577 /dev/zero | tr '\0' x > "$log"
    chmod 600 "$log"
    LD_PRELOAD=$LIBRARY PTUNNEL_PROXY=$PROXY PTUNNEL_LOG=$log "$PROGRAMS/connect" 203.0.113.9:403 || true
    [ ! -e "$log.1" ]
    contains "$(tail -c 200 "$log")" 'via'
}

# What each end wrote and read is known: 70,000 bytes up, 3 down.
start_taker() { # -> TAKER_PORT: reads to the end, says "all"
    spawn taker python3 -u -c '
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1])
    while True:
        s = server.accept()[0]
        while s.recv(65536): pass
        s.sendall(b"all")
        s.close()'
    wait_until test -s "$(here)/taker.out"
    TAKER_PORT=$(< "$(here)/taker.out")
}

SEND='
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.sendall(bytes(70000))
s.shutdown(1)
print(len(s.recv(9)))
s.close()'

@test "ptunnel -v: a tunnel that ends says how long it was open, and the bytes each way" {
    start_taker
    start_scripted --on '*:7' "to 127.0.0.1:$TAKER_PORT"
    start_ptunnel -v -p "127.0.0.1:$SCRIPTED_PORT" 0:taker.example:7
    run python3 -c "$SEND" 127.0.0.1 "$LISTEN_PORT"
    equal "$output" 3
    wait_until listener_has_said 'taker.example:7: closed after '
    listener_says | grep -qE "^$UTC ptunnel: taker.example:7: closed after [0-9]+\.[0-9]{3} s, bytes sent: 70000, received: 3$"
}

@test "ptunnel: SIGUSR1 writes down the tunnels that are there, and ends nothing" {
    local said

    start_scripted --on 'slow.example:*' hang --on 'banner.example:*' "to 127.0.0.1:$GREETER_PORT"
    start_ptunnel -p "127.0.0.1:$SCRIPTED_PORT" 0:banner.example:7 0:slow.example:7
    exec 5<> "/dev/tcp/127.0.0.1/${LISTEN_PORTS[0]}" 6<> "/dev/tcp/127.0.0.1/${LISTEN_PORTS[1]}"
    read -r -t 10 <&5
    wait_until grep -q '^CONNECT slow.example:7' "$SCRIPTED_LOG"
    kill -USR1 "$LISTENER"
    wait_until listener_has_said 'banner.example:7: open for '
    wait_until listener_has_said 'slow.example:7: being opened for '
    listener_has_said 'ptunnel: tunnels: 2'
    listener_says | grep -qE '^ptunnel: banner.example:7: open for [0-9]+\.[0-9]{3} s, bytes sent: 0, received: 6$'
    exec 5>&- 6>&-
    exec 5<> "/dev/tcp/127.0.0.1/${LISTEN_PORTS[0]}"
    read -r -t 10 said <&5
    exec 5>&-
    equal "$said" hello
}

@test "a program's tunnel that is closed says the bytes each way, with --log or -v" {
    local log=$BATS_TEST_TMPDIR/log

    start_taker
    start_scripted --on '*:7' "to 127.0.0.1:$TAKER_PORT" --on '*:9' "to 127.0.0.1:$GREETER_PORT"
    run timeout 20 "$PTUNNEL_RUN" --log "$log" -p "127.0.0.1:$SCRIPTED_PORT" python3 -c "$SEND" taker.example 7
    equal "$output" 3
    [[ $(cat "$log") =~ ^$UTC' ptunnel: python3['[0-9]+']: taker.example:7: closed after '[0-9]+\.[0-9]{3}' s, bytes sent: 70000, received: 3'$ ]]
    run --separate-stderr timeout 20 "$PTUNNEL_RUN" -v -p "127.0.0.1:$SCRIPTED_PORT" python3 -c "$SEND" taker.example 7
    contains "$stderr" "s, bytes sent: 70000, received: 3"
    run --separate-stderr timeout 20 "$PTUNNEL_RUN" -p "127.0.0.1:$SCRIPTED_PORT" python3 -c "$SEND" taker.example 7
    equal "$stderr" ''
}

# The target speaks first and closes: its bytes may come with the proxy's answer, and its end before the program's.
@test "what came with the proxy's answer is the target's, and its end is no byte" {
    local log=$BATS_TEST_TMPDIR/log n

    start_scripted --on '*:9' "to 127.0.0.1:$GREETER_PORT"
    for n in 1 2 3 4 5; do
        run timeout 20 "$PTUNNEL_RUN" --log "$log" -p "127.0.0.1:$SCRIPTED_PORT" python3 -c '
import socket, sys
s = socket.create_connection(("banner.example", 9))
while s.recv(1): pass
s.close()'
    done
    equal "$(sed 's/.*, bytes/bytes/' "$log" | sort | uniq -c | xargs)" "5 bytes sent: 0, received: 6"
}

@test "what a program leaves open is said at its exit" {
    local log=$BATS_TEST_TMPDIR/log

    start_scripted --on '*:9' "to 127.0.0.1:$GREETER_PORT"
    run timeout 20 "$PTUNNEL_RUN" --log "$log" -p "127.0.0.1:$SCRIPTED_PORT" python3 -c '
import os, socket, sys
s = [socket.create_connection(("banner.example", 9)) for i in range(3)]
for one in s: one.recv(6); one.detach()
if os.fork() == 0: sys.exit()
os.wait()'
    equal "$(sed 's/.*, bytes/bytes/' "$log" | sort | uniq -c | xargs)" "3 bytes sent: 0, received: 6"
}

@test "a duplicate keeps a tunnel open, a forked child's end is not the tunnel's, another socket with the number is another" {
    local log=$BATS_TEST_TMPDIR/log

    start_scripted --on '*:9' "to 127.0.0.1:$GREETER_PORT"
    run timeout 20 "$PTUNNEL_RUN" --log "$log" -p "127.0.0.1:$SCRIPTED_PORT" python3 -c '
import os, socket
def said(): return sum("closed after" in line for line in open(os.environ["PTUNNEL_LOG"])) if os.path.exists(os.environ["PTUNNEL_LOG"]) else 0
s = socket.create_connection(("banner.example", 9))
copy = s.dup()
s.close()
print(said())
if os.fork() == 0:
    copy.close()
    os._exit(0)
os.wait()
print(said())
number = copy.fileno()
os.closerange(number, number + 1)
copy.detach()
print(said())
a, b = socket.socketpair()
os.dup2(a.fileno(), number)
os.close(number)
print(said())
s = socket.create_connection(("banner.example", 9))
os.dup2(a.fileno(), s.fileno())
print(said())'
    equal "$output" "$(printf '%s\n' 0 0 1 1 2)"
}

# --stats: the sum is exactly what the proxy and the targets saw.
@test "--stats: the command's status, and the sum of its connections, at its end" {
    start_taker
    start_scripted --on 'taker.example:*' "to 127.0.0.1:$TAKER_PORT" --on '*:9' "to 127.0.0.1:$GREETER_PORT" --on '*:403' 'status 403'
    run --separate-stderr timeout 30 "$PTUNNEL_RUN" --stats -x rejected.example -p "127.0.0.1:$SCRIPTED_PORT" sh -c "
        python3 -c '$SEND' taker.example 7; python3 -c '$SEND' taker.example 7
        $PROGRAMS/connect 203.0.113.9:403; $PROGRAMS/connect '[2001:db8::1]:403'
        python3 -c '$SEND' rejected.example 7 2> /dev/null # by each family
        exit 42"
    [ "$status" -eq 42 ]
    equal "$stderr" "ptunnel-run: targets: 4, tunnels: 2, failed: 4, direct by fallback: 0
  target             tunnels  failed fallback   bytes sent     received  proxy
  taker.example:7          2       0        0       140000            6  $PROXY
  203.0.113.9:403          0       1        0            0            0  $PROXY: 403 Forbidden (many proxies allow CONNECT only to port 443)
  [2001:db8::1]:403        0       1        0            0            0  $PROXY: 403 Forbidden (many proxies allow CONNECT only to port 443)
  rejected.example:7       0       2        0            0            0  -: rejected by reject rejected.example"
    [ -z "$(ls -d "$XDG_RUNTIME_DIR"/ptunnel-stats-* 2> /dev/null)" ]
}

@test "--stats: a supervised program's connections count" {
    need busybox-static
    start_scripted --on '*:9' "to 127.0.0.1:$GREETER_PORT"
    run --separate-stderr timeout 30 "$PTUNNEL_RUN" --stats -p "127.0.0.1:$SCRIPTED_PORT" busybox nc banner.example 9
    contains "$stderr" "targets: 1, tunnels: 1, failed: 0, direct by fallback: 0"
    [[ $stderr =~ banner.example:9\ +1 ]]
}

@test "--stats: fallbacks, and what went past" {
    run --separate-stderr timeout 30 "$PTUNNEL_RUN" --stats --fallback direct -p "127.0.0.1:$(free_port)" \
        "$PROGRAMS/connect" "127.0.0.2:$GREETER_PORT"
    contains "$stderr" "tunnels: 0, failed: 0, direct by fallback: 0" # this machine is no target
    run --separate-stderr timeout 30 "$PTUNNEL_RUN" --stats --loopback --fallback direct -p "127.0.0.1:$(free_port)" \
        "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    contains "$stderr" "targets: 1, tunnels: 0, failed: 1, direct by fallback: 1"
    run --separate-stderr timeout 30 "$PTUNNEL_RUN" --stats -p "$PROXY" python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(bytes.fromhex('1234010000010000000000000161076578616d706c650000010001'), ('127.0.0.1', 53))"
    contains "$stderr" "  a.example: asks a resolver itself, past the proxy"
}

@test "--stats: signals reach the command, and how it ends is how ptunnel-run ends" {
    "$PTUNNEL_RUN" --stats -p "$PROXY" sh -c 'trap "exit 7" TERM; echo ready; while :; do sleep 0.1; done' \
        > "$BATS_TEST_TMPDIR/out" 2> "$BATS_TEST_TMPDIR/err" 3>&- &
    wait_until grep -q ready "$BATS_TEST_TMPDIR/out"
    kill -TERM $!
    status=0
    wait $! || status=$?
    [ "$status" -eq 7 ]
    run timeout 20 "$PTUNNEL_RUN" --stats -p "$PROXY" sh -c 'kill -KILL $$'
    [ "$status" -eq 137 ]
    run -127 timeout 20 "$PTUNNEL_RUN" --stats -p "$PROXY" /nonexistent
    [ "$status" -eq 127 ]
}

# Else nobody would tell ptunnel-run of the command's end.
@test "--stats: who starts it may ignore SIGCHLD, and so does the command then" {
    run timeout 20 env --ignore-signal=CHLD "$PTUNNEL_RUN" --stats -p "$PROXY" grep '^SigIgn' /proc/self/status
    [ "$status" -eq 0 ]
    (((16#${lines[0]##*[[:blank:]]} >> 16 & 1) == 1))
}

@test "--stats: a terminal's ^C reaches the command once, ^Z stops both, and both go on" {
    need python3
    run timeout 30 python3 - "$PTUNNEL_RUN" "$PROXY" << 'END'
import os, pty, signal, sys

def shell():
    """A shell with job control, of one job."""
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execv(sys.argv[1], [sys.argv[1], "--stats", "-p", sys.argv[2], "python3", "-u", "-c", """
import signal, time
count = [0]
def on(*_): count[0] += 1
signal.signal(signal.SIGINT, on)
print("ready")
while count[0] == 0: time.sleep(0.05)
time.sleep(0.3)
print("count", count[0])"""])
    while True:
        status = os.waitpid(pid, os.WUNTRACED)[1]
        if not os.WIFSTOPPED(status): break
        print("stopped", flush=True)
        os.killpg(pid, signal.SIGCONT)
    print("ended", status, flush=True)

pid, fd = pty.fork()
if pid == 0:
    shell()
    os._exit(0)
out = b""
def until(word):
    global out
    while word not in out: out += os.read(fd, 4096)
until(b"ready")
os.write(fd, b"\x1a")
until(b"stopped")
os.write(fd, b"\x03")
until(b"ended 0")
assert out.count(b"stopped") == 1, out
print(out.decode().replace("\r", "").split("count ")[1][0])
END
    equal "$output" 1
}

@test "--stats does not go with what has a log or an end of its own" {
    run "$PTUNNEL_RUN" --stats --log x -p "$PROXY" true
    equal "$status ${lines[0]}" "125 ptunnel-run: --stats has a log of its own: leave --log and --log-format out"
    run "$PTUNNEL_RUN" --stats --show -p "$PROXY"
    equal "$status ${lines[0]}" "125 ptunnel-run: --stats belongs to a command"
}
