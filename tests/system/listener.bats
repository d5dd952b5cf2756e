#!/usr/bin/env bats
# ptunnel: programs that know nothing of a proxy connect to a local port, or speak through the pipe of -W.

load helpers
load lib/listener

setup_file() {
    local files=$BATS_FILE_TMPDIR/files

    mkdir "$files"
    head -c 67108864 /dev/urandom > "$files/64M"
    start_sshd
    start_squid
    start_tinyproxy
    start_http
    start_dovecot
    start_crowd
    start_greeter
    start_rsync "$files"
    make_repository "$files/repository.git"
    start_git_daemon "$files"
    # shellcheck disable=SC2086 # the ports that are there
    start_scripted_before ${HTTP_PORT:-} ${SSH_PORT:-} $GIT_PORT ${IMAP_PORT:-} $CROWD_PORT $GREETER_PORT ${RSYNC_PORT:-}
}

imap_login() { # PROXY FAMILY
    need dovecot curl root
    listen_through "$@" "$IMAP_PORT"
    run curl -sv --max-time 20 "imap://me:open@127.0.0.1:$LISTEN_PORT/INBOX" -X NOOP
    succeeds
    contains "$output" 'OK Logged in' 'OK NOOP completed'
    went_through "$IMAP_PORT"
}

@test "IMAP login through squid" { imap_login squid 4; }
@test "IMAP login through squid, IPv6" { imap_login squid 6; }
@test "IMAP login through the scripted proxy" { imap_login scripted 4; }
@test "IMAP login through the scripted proxy, IPv6" { imap_login scripted 6; }
@test "IMAP login through tinyproxy" { imap_login tinyproxy 4; }

http_keeps_alive() { # PROXY FAMILY
    need nginx curl
    listen_through "$@" "$HTTP_PORT"
    run curl -sv --noproxy '*' "http://127.0.0.1:$LISTEN_PORT/hello?[1-3]"
    succeeds
    equal "$(grep -c '^hello from the target' <<< "$output")" 3
    equal "$(grep -c 'Re-using existing connection' <<< "$output")" 2
    went_through "$HTTP_PORT"
}

@test "HTTP keep-alive through squid" { http_keeps_alive squid 4; }
@test "HTTP keep-alive through squid, IPv6" { http_keeps_alive squid 6; }
@test "HTTP keep-alive through the scripted proxy" { http_keeps_alive scripted 4; }
@test "HTTP keep-alive through the scripted proxy, IPv6" { http_keeps_alive scripted 6; }
@test "HTTP keep-alive through tinyproxy" { http_keeps_alive tinyproxy 4; }

@test "git clones through the listener" {
    listen_through squid 4 "$GIT_PORT"
    run git clone -q "git://127.0.0.1:$LISTEN_PORT/repository.git" "$BATS_TEST_TMPDIR/clone"
    succeeds
    equal "$(cat "$BATS_TEST_TMPDIR/clone/file")" 'from the repository'
}

@test "ssh through the listener" {
    need ssh sshd login-shell
    listen_through squid 4 "$SSH_PORT"
    run ssh -F "$SSH_CONFIG" -p "$LISTEN_PORT" 127.0.0.1 'echo "the target heard: $(cat)"; exit 7' <<< 'hello'
    fails_with 7
    equal "$output" 'the target heard: hello'
}

proxy_command() { # PROXY FAMILY
    need ssh sshd login-shell
    through "$@"
    run ssh -F "$SSH_CONFIG" -o "ProxyCommand=$PTUNNEL -p $PROXY -W %h:%p" "$HOST" 'sha256sum; exit 7' \
        < "$BATS_FILE_TMPDIR/files/64M"
    fails_with 7
    equal "$output" "$(sha256sum < "$BATS_FILE_TMPDIR/files/64M")"
    went_through "$SSH_PORT"
}

@test "ssh with ProxyCommand ptunnel -W through squid" { proxy_command squid 4; }
@test "ssh with ProxyCommand ptunnel -W through the scripted proxy" { proxy_command scripted 4; }
@test "ssh with ProxyCommand ptunnel -W through squid, IPv6" { proxy_command squid 6; }
@test "ssh with ProxyCommand ptunnel -W through tinyproxy" { proxy_command tinyproxy 4; }

@test "ssh says why its ProxyCommand failed" {
    need ssh
    start_scripted --on '*' 'status 403 Not from here'
    run ssh -F "$SSH_CONFIG" -o "ProxyCommand=$PTUNNEL -p $PROXY -W %h:%p" example.org true
    fails_with 255
    contains "$output" "ptunnel: example.org:$SSH_PORT via $PROXY: 403 Not from here"
}

@test "64 MiB each way at once arrive intact" {
    local here=$BATS_TEST_TMPDIR files=$BATS_FILE_TMPDIR/files port there

    head -c 67108864 /dev/urandom > "$here/other"
    "$PROGRAMS/crowd" wait < "$files/64M" > "$here/heard-there" 2> "$here/waits" 3>&- &
    there=$!
    wait_until grep -qs listening "$here/waits"
    port=$(sed -n 's/^listening //p' "$here/waits")
    start_scripted_before "$port"
    start_ptunnel -p "$PROXY" "0:203.0.113.7:$port"
    timeout 60 "$PROGRAMS/crowd" pipe "$LISTEN_PORT" < "$here/other" > "$here/heard-here"
    wait "$there"
    cmp "$files/64M" "$here/heard-here"
    cmp "$here/other" "$here/heard-there"
}

# start_summer -> SUMMER_PORT. Says what it has heard when it has heard its end: a checksum.
start_summer() {
    spawn summer "$(python)" -c '
import hashlib, socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    client, heard = listener.accept()[0], hashlib.sha256()
    while piece := client.recv(65536):
        heard.update(piece)
    client.sendall(heard.hexdigest().encode())
    client.close()'
    wait_until test -s "$BATS_TEST_TMPDIR/summer.out"
    SUMMER_PORT=$(cat "$BATS_TEST_TMPDIR/summer.out")
    start_scripted_before "$SUMMER_PORT"
}

@test "a client that has ended its side hears the answer" {
    need nc
    start_summer
    start_ptunnel -p "$PROXY" "0:203.0.113.7:$SUMMER_PORT"
    run timeout 30 nc -N 127.0.0.1 "$LISTEN_PORT" < "$BATS_FILE_TMPDIR/files/64M"
    equal "$output  -" "$(sha256sum < "$BATS_FILE_TMPDIR/files/64M")"
}

@test "a pipe that has ended its side hears the answer, be its input a file, a pipe or a socket" {
    local wanted

    start_summer
    wanted=$(sha256sum < "$BATS_FILE_TMPDIR/files/64M")
    run timeout 30 "$PTUNNEL" -p "$PROXY" -W "203.0.113.7:$SUMMER_PORT" < "$BATS_FILE_TMPDIR/files/64M"
    succeeds
    equal "$output  -" "$wanted"
    run timeout 30 "$PTUNNEL" -p "$PROXY" -W "203.0.113.7:$SUMMER_PORT" < <(cat "$BATS_FILE_TMPDIR/files/64M")
    succeeds
    equal "$output  -" "$wanted"
    run timeout 30 "$(python)" -c '
import socket, subprocess, sys
ours, theirs = socket.socketpair()
process = subprocess.Popen(sys.argv[2:], stdin=theirs, stdout=theirs)
theirs.close()
ours.sendall(open(sys.argv[1], "rb").read())
ours.shutdown(socket.SHUT_WR)
print(ours.recv(64, socket.MSG_WAITALL).decode(), ours.recv(1), process.wait())' \
        "$BATS_FILE_TMPDIR/files/64M" "$PTUNNEL" -p "$PROXY" -W "203.0.113.7:$SUMMER_PORT"
    equal "$output" "${wanted%  -} b'' 0"
}

@test "rsync through the listener" {
    need rsync
    listen_through squid 4 "$RSYNC_PORT"
    run rsync "rsync://127.0.0.1:$LISTEN_PORT/files/64M" "$BATS_TEST_TMPDIR/copy"
    succeeds
    cmp "$BATS_FILE_TMPDIR/files/64M" "$BATS_TEST_TMPDIR/copy"
}

@test "a client that says nothing hears the greeting although it ended its side first" {
    need nc
    listen_through scripted 4 "$GREETER_PORT"
    run nc -N 127.0.0.1 "$LISTEN_PORT" < /dev/null
    equal "$output" hello
}

@test "a target's reset is a reset for the client" {
    listen_for_crowd
    run "$PROGRAMS/crowd" reset "$LISTEN_PORT"
    equal "$output" reset
}

@test "ends and resets of 3000 clients reach the target, and leave nothing behind" {
    local before

    start_crowd
    start_scripted_before "$CROWD_PORT"
    listen_for_crowd
    "$PROGRAMS/crowd" churn "$LISTEN_PORT" 300 20 > /dev/null
    wait_until at_rest
    before=$(resident "$LISTENER")
    run "$PROGRAMS/crowd" churn "$LISTEN_PORT" 2700 20
    equal "$output" 'done 2700'
    wait_until at_rest
    grown_at_most "$before" 256
    kill "$CROWD"
    wait_until gone "$CROWD"
    contains "$(cat "$BATS_TEST_TMPDIR/crowd.out")" 'connections 3000 ends 2100 resets 900'
}

@test "5000 connections by ab leave descriptors and memory as they were" {
    local before

    need ab nginx
    listen_through scripted 4 "$HTTP_PORT"
    ab -q -n 500 -c 20 "http://127.0.0.1:$LISTEN_PORT/hello" > /dev/null
    wait_until at_rest
    before=$(resident "$LISTENER")
    run ab -q -n 5000 -c 20 "http://127.0.0.1:$LISTEN_PORT/hello"
    contains "$output" 'Complete requests:      5000' 'Failed requests:        0'
    wait_until at_rest
    grown_at_most "$before" 256
}

@test "100 idle tunnels cost no system call in five seconds" {
    need ptrace
    listen_for_crowd
    hold 100
    timeout 5 strace -f -o "$BATS_TEST_TMPDIR/calls" -p "$LISTENER" 2> /dev/null || true
    # the one that it waits in
    run cat "$BATS_TEST_TMPDIR/calls"
    [ "${#lines[@]}" -eq 1 ]
    contains "$output" epoll_wait detached
    release
}

# accept4 socket setsockopt*2 connect send epoll_ctl*2 recv; read and write each way; both ends read, one passed on; close*2
@test "a request and its answer cost 18 calls and the waiting, none of them in vain" {
    need ptrace ab nginx
    listen_through scripted 4 "$HTTP_PORT"
    ab -q -n 1 "http://127.0.0.1:$LISTEN_PORT/hello" > /dev/null
    wait_until at_rest
    spawn strace strace -e 'trace=%network,read,write,close,epoll_ctl' -o "$BATS_TEST_TMPDIR/calls" -p "$LISTENER"
    wait_until grep -qs attached "$BATS_TEST_TMPDIR/strace.out"
    ab -q -n 1 "http://127.0.0.1:$LISTEN_PORT/hello" > /dev/null
    wait_until at_rest
    kill "$SPAWNED"
    wait_until gone "$SPAWNED"
    run cat "$BATS_TEST_TMPDIR/calls"
    lacks "$output" EAGAIN
    equal "$(grep -c '(.* = ' "$BATS_TEST_TMPDIR/calls")" 18
}

@test "2000 open tunnels, all alive" {
    local before

    listen_for_crowd
    before=$(resident "$LISTENER")
    hold 2000
    [ "$(descriptors "$LISTENER")" -ge 4000 ]
    grown_at_most "$before" 1000
    release
    wait_until at_rest
}

@test "without descriptors nobody is lost and nothing spins" {
    local used

    PTUNNEL_UNDER='prlimit --nofile=64' listen_for_crowd
    hold 20
    # These wait for room: 64 descriptors are enough for 28 tunnels.
    "$PROGRAMS/crowd" churn "$LISTEN_PORT" 100 50 > "$BATS_TEST_TMPDIR/churned" 3>&- 7>&- &
    wait_until listener_has_said 'accepting no more until a tunnel ends: '
    used=$(ticks "$LISTENER")
    release
    wait_until grep -qs 'done 100' "$BATS_TEST_TMPDIR/churned"
    [ $(($(ticks "$LISTENER") - used)) -lt 100 ]
    "$PROGRAMS/crowd" churn "$LISTEN_PORT" 10 5
}

@test "with no descriptors for long, no time is used" {
    local used

    PTUNNEL_UNDER='prlimit --nofile=64' listen_for_crowd
    mkfifo "$BATS_TEST_TMPDIR/more"
    "$PROGRAMS/crowd" hold "$LISTEN_PORT" 40 < "$BATS_TEST_TMPDIR/more" > "$BATS_TEST_TMPDIR/out" 3>&- &
    exec 8> "$BATS_TEST_TMPDIR/more"
    wait_until listener_has_said 'accepting no more until a tunnel ends: '
    # who loops without need makes thousands of calls; some of the 40 may still be on their way
    run timeout 3 strace -f -c -o "$BATS_TEST_TMPDIR/calls" -p "$LISTENER"
    used=$(awk '$NF == "total" { print $3 }' "$BATS_TEST_TMPDIR/calls")
    echo "calls in three seconds: ${used:-0}"
    [ "${used:-0}" -lt 300 ]
    kill $!
    exec 8>&-
}

@test "a slow target holds its own tunnel up, and nobody else's" {
    local slow

    need nc
    slow=$(free_port)
    start_scripted --on '203.0.113.9:*' "to 127.0.0.1:$slow" --on '203.0.113.7:*' "to 127.0.0.1:$CROWD_PORT"
    nc -l 127.0.0.1 "$slow" > >(sleep 60) 3>&- &
    : > "$BATS_TEST_TMPDIR/pids/$!"
    wait_until listening "$slow"
    start_ptunnel -p "$PROXY" "0:203.0.113.9:$slow" "0:203.0.113.7:$CROWD_PORT"
    nc 127.0.0.1 "${LISTEN_PORTS[0]}" < /dev/zero > /dev/null 3>&- &
    : > "$BATS_TEST_TMPDIR/pids/$!"
    run timeout 20 "$PROGRAMS/crowd" churn "${LISTEN_PORTS[1]}" 100 10
    equal "$output" 'done 100'
    [ "$(resident "$LISTENER")" -lt 16384 ]
}

@test "it listens where it is told" {
    local socket=$BATS_TEST_TMPDIR/a.sock

    need nc ipv6
    through scripted 4
    start_ptunnel -p "$PROXY" -l 127.0.0.1 -l '[::1]' "0:203.0.113.7:$GREETER_PORT" \
        "localhost:0:203.0.113.7:$GREETER_PORT" "*:0:203.0.113.7:$GREETER_PORT" "$socket:203.0.113.7:$GREETER_PORT"
    wait_until test -S "$socket"
    contains "$(listener_says)" 'listening 127.0.0.1:' 'listening [::1]:' 'listening 0.0.0.0:' 'listening [::]:'
    equal "$(stat -c %a "$socket")" 600
    equal "$(nc -N -U "$socket" < /dev/null)" hello
    equal "$(nc -N ::1 "$(listener_says | sed -n 's/^listening \[::1\]:\([0-9]*\) .*/\1/p' | head -n 1)" < /dev/null)" hello
    kill "$LISTENER"
    wait_until gone "$LISTENER"
    [ ! -e "$socket" ]
}

@test "IPv6 on both sides" {
    need nc ipv6
    through scripted 6
    start_ptunnel -p "$PROXY" "[::1]:0:[2001:db8::7]:$GREETER_PORT"
    contains "$(listener_says)" "listening [::1]:$LISTEN_PORT for [::1]:0:[2001:db8::7]:$GREETER_PORT"
    equal "$(nc -N ::1 "$LISTEN_PORT" < /dev/null)" hello
    went_through "$GREETER_PORT"
}

@test "a socket that a dead listener left is taken over, one that is alive is not" {
    local socket=$BATS_TEST_TMPDIR/a.sock

    need nc
    through scripted 4
    start_ptunnel -p "$PROXY" "$socket:203.0.113.7:$GREETER_PORT"
    wait_until test -S "$socket"
    run "$PTUNNEL" -p "$PROXY" "$socket:203.0.113.7:$GREETER_PORT"
    fails_with 1
    contains "$output" "ptunnel: '$socket:203.0.113.7:$GREETER_PORT': cannot listen on $socket: Address already in use"
    kill -9 "$LISTENER"
    wait_until gone "$LISTENER"
    start_ptunnel -v -p "$PROXY" "$socket:203.0.113.7:$GREETER_PORT"
    wait_until listener_has_said "listening on $socket"
    equal "$(nc -N -U "$socket" < /dev/null)" hello
}

@test "what its predecessors accepted is accepted" {
    need nc
    through scripted 4
    start_ptunnel -l 127.0.0.1 -U me -P secret -m -q -v -p "$PROXY" "0:203.0.113.7:$GREETER_PORT"
    equal "$(nc -N 127.0.0.1 "$LISTEN_PORT" < /dev/null)" hello
    kill "$LISTENER"
    wait_until gone "$LISTENER"
    https_proxy=http://$PROXY start_ptunnel --debug -d -v --multithreaded "0:203.0.113.7:$GREETER_PORT"
    equal "$(nc -N 127.0.0.1 "$LISTEN_PORT" < /dev/null)" hello
    kill "$LISTENER"
    wait_until gone "$LISTENER"
    http_proxy=http://$PROXY no_proxy='*' start_ptunnel --direct "0:203.0.113.7:$GREETER_PORT"
    equal "$(nc -N 127.0.0.1 "$LISTEN_PORT" < /dev/null)" hello
}

@test "the password is sent, and nobody can read it" {
    start_scripted --on '*' "auth me:se%cret; to 127.0.0.1:$GREETER_PORT"
    start_ptunnel -vvv -U me -P se%cret -p "$PROXY" 0:203.0.113.7:7
    equal "$(nc -N 127.0.0.1 "$LISTEN_PORT" < /dev/null)" hello
    run tr '\0' ' ' < "/proc/$LISTENER/cmdline"
    lacks "$output" cret
    lacks "$(listener_says)" cret bWU6c2Ul
}

@test "without -d nothing goes direct, with it a line is logged each time" {
    local away

    away=$(free_port)
    start_ptunnel -p "127.0.0.1:$away" "0:localhost:$GREETER_PORT"
    run nc -N 127.0.0.1 "$LISTEN_PORT" < /dev/null
    equal "$output" ''
    kill "$LISTENER"
    wait_until gone "$LISTENER"
    start_ptunnel -d -p "127.0.0.1:$away" "0:localhost:$GREETER_PORT"
    equal "$(nc -N 127.0.0.1 "$LISTEN_PORT" < /dev/null)" hello
    equal "$(nc -N 127.0.0.1 "$LISTEN_PORT" < /dev/null)" hello
    equal "$(listener_says | grep -c 'no proxy could be reached, going direct as fallback says')" 2
    equal "$("$PTUNNEL" --fallback direct -W "localhost:$GREETER_PORT" < /dev/null 2> "$BATS_TEST_TMPDIR/said")" hello
    contains "$(cat "$BATS_TEST_TMPDIR/said")" "localhost:$GREETER_PORT: no proxy is known, going direct as fallback says"
}

@test "with -d a proxy that refuses is not gone round" {
    start_scripted --on '*' 'status 403 No'
    run "$PTUNNEL" -d -p "$PROXY" -W "127.0.0.1:$GREETER_PORT" < /dev/null
    fails_with 1
    contains "$output" '403 No'
}

@test "rules say which proxy, but a target is tunnelled if no rule speaks of it" {
    local rules=$BATS_TEST_TMPDIR/rules

    through scripted 4
    cat > "$rules" << END
proxy other $PROXY
tunnel 203.0.113.7 via other
direct 127.0.0.2
reject 203.0.113.66
default direct
END
    run "$PTUNNEL" -r "$rules" -p 127.0.0.1:1 -W "203.0.113.7:$GREETER_PORT" < /dev/null
    succeeds
    equal "$output" hello
    run "$PTUNNEL" -r "$rules" -p "$PROXY" -W "127.0.0.1:$GREETER_PORT" < /dev/null
    succeeds
    equal "$output" hello
    went_through_loopback "$GREETER_PORT"
    run "$PTUNNEL" -r "$rules" -p "$PROXY" -W "203.0.113.66:1" < /dev/null
    fails_with 1
    contains "$output" "ptunnel: '203.0.113.66:1': a rule of -r rejects this target"
    run "$PTUNNEL" -r "$rules" -p "$PROXY" -W "127.0.0.2:$GREETER_PORT" < /dev/null
    fails_with 1
    contains "$output" "127.0.0.2:$GREETER_PORT: cannot connect directly: connection refused"
}

went_through_loopback() { # PORT
    wait_until logged "CONNECT 127.0.0.1:$1"
}

@test "SIGTERM ends at once, and with --grace when the last tunnel has" {
    listen_for_crowd
    hold 5
    kill "$LISTENER"
    wait_until gone "$LISTENER"
    exec 7>&-
    run ! wait "$HOLDER"
    rm "$BATS_TEST_TMPDIR/hold"

    listen_for_crowd --grace 30
    hold 5
    kill "$LISTENER"
    wait_until not_listening "$LISTEN_PORT"
    run ! gone "$LISTENER"
    release
    wait_until gone "$LISTENER"
}

not_listening() {
    ! listening "$1"
}

@test "a second signal ends what --grace waits for, and so does its end" {
    listen_for_crowd --grace 30
    hold 5
    kill -INT "$LISTENER"
    wait_until not_listening "$LISTEN_PORT"
    kill -INT "$LISTENER"
    wait_until gone "$LISTENER"
    exec 7>&-
    run ! wait "$HOLDER"
    rm "$BATS_TEST_TMPDIR/hold"

    listen_for_crowd --grace 1
    hold 5
    kill "$LISTENER"
    wait_until gone "$LISTENER"
    exec 7>&-
    run ! wait "$HOLDER"
}

@test "an error names its argument" {
    local line wanted

    while IFS= read -r line; do
        wanted=${line##* => }
        # shellcheck disable=SC2086 # words
        run "$PTUNNEL" ${line%% => *}
        contains "$output" "ptunnel: ${wanted#* }"
        fails_with "${wanted%% *}"
    done << END
1:example.org => 2 '1:example.org': expected [ADDRESS:]PORT:HOST:PORT or /PATH:HOST:PORT
ssh example.org => 2 'ssh': expected [ADDRESS:]PORT:HOST:PORT or /PATH:HOST:PORT; commands are run by ptunnel-run
1:example.org:1:2 => 2 '1:example.org:1:2': the port to listen on is not between 0 and 65535: expected [ADDRESS:]PORT:HOST
/etc/passwd:example.org:1 -p localhost => 1 '/etc/passwd:example.org:1': cannot listen on /etc/passwd: there is something else
1:example.org:99999 => 2 '1:example.org:99999': port is not between 1 and 65535
99999:example.org:1 => 2 '99999:example.org:1': the port to listen on is not between 0 and 65535
a_b%:1:example.org:1 => 2 'a_b%:1:example.org:1': expected an address to listen on
-p foo:99999 1:a:1 => 2 -p 'foo:99999': port is not between 1 and 65535
-p https://foo 1:a:1 => 2 -p 'https://foo': 
-l %% 1:a:1 => 2 -l '%%': expected an address to listen on
-W a => 2 -W 'a': port is missing
-W a:1 1:a:1 => 2 -W stands alone
--fallback maybe 1:a:1 => 2 --fallback 'maybe': expected none or direct
--grace soon 1:a:1 => 2 --grace 'soon': expected whole seconds
--timeout 0 1:a:1 => 2 --timeout '0': expected whole seconds
-p localhost => 2 nothing to listen on
1:a:1 => 1 no proxy is known
-r /nowhere -p a 1:a:1 => 1 -r: '/nowhere': cannot be read
--log /nowhere/log -p a 1:a:1 => 1 --log '/nowhere/log': No such file or directory
-p no-such-host.invalid 1:a:1 => 1 -p 'no-such-host.invalid:3128': the proxy's name does not resolve
-p localhost 127.0.0.1:$GREETER_PORT:a:1 => 1 '127.0.0.1:$GREETER_PORT:a:1': cannot listen on 127.0.0.1:$GREETER_PORT: Address already in use
-p localhost 192.0.2.1:0:a:1 => 1 '192.0.2.1:0:a:1': cannot listen on 192.0.2.1:0: Cannot assign requested address
END
}

@test "a log of the environment that cannot be written is an error, not silence" {
    local row

    for row in "/nowhere/log: No such file or directory" "log: is not an absolute path"; do
        run env PTUNNEL_LOG="${row%%: *}" "$PTUNNEL" -p localhost 0:a:1
        fails_with 1
        equal "$output" "ptunnel: PTUNNEL_LOG '${row%%: *}': ${row#*: }"
        run env PTUNNEL_LOG="${row%%: *}" "$PTUNNEL_RUN" -p localhost true
        fails_with 125
        equal "$output" "ptunnel-run: PTUNNEL_LOG '${row%%: *}': ${row#*: }"
    done
    : > "$BATS_TEST_TMPDIR/target"
    ln -s target "$BATS_TEST_TMPDIR/link"
    run env PTUNNEL_LOG="$BATS_TEST_TMPDIR/link" "$PTUNNEL_RUN" -p localhost true
    fails_with 125
    contains "$output" 'a symbolic link is not followed'
}

@test "a pipe without an end says so" {
    run bash -c '"$0" -p localhost -W 203.0.113.7:1 <&-' "$PTUNNEL"
    fails_with 1
    equal "$output" "ptunnel: -W '203.0.113.7:1': standard input or output is closed"
}

@test "rules may be named relative to the working directory" {
    echo "reject 203.0.113.66${NEWLINE}default tunnel" > "$BATS_TEST_TMPDIR/rules"
    cd "$BATS_TEST_TMPDIR"
    run "$PTUNNEL" -r rules -p localhost -W 203.0.113.66:1
    contains "$output" 'a rule of -r rejects this target'
    run "$PTUNNEL" -r nothing -p localhost -W 203.0.113.66:1
    contains "$output" "-r: '$BATS_TEST_TMPDIR/nothing': cannot be read: no such file"
}

@test "valgrind finds nothing" {
    need valgrind
    ! grep -q __asan_init "$PTUNNEL" || skip 'needs: a build without a sanitizer'
    start_crowd
    start_scripted_before "$CROWD_PORT"
    PTUNNEL_UNDER="valgrind -q --error-exitcode=99 --leak-check=full --track-fds=yes --log-file=$BATS_TEST_TMPDIR/valgrind" \
        listen_for_crowd --grace 5
    "$PROGRAMS/crowd" churn "$LISTEN_PORT" 60 20
    "$PROGRAMS/crowd" reset "$LISTEN_PORT"
    kill "$LISTENER"
    wait_until gone "$LISTENER"
    run cat "$BATS_TEST_TMPDIR/valgrind"
    lacks "$output" 'Invalid' 'uninitialised' 'definitely lost' 'ERROR'
}
