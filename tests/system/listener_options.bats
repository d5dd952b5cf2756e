#!/usr/bin/env bats
# ptunnel: where it listens, whom it asks, when it ends, and what it refuses.

load helpers
load lib/listener

setup_file() {
    start_crowd
    start_greeter
    start_scripted_before "$CROWD_PORT" "$GREETER_PORT"
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
    kill "$LISTENER"
    wait_until gone "$LISTENER"
    start_ptunnel -vvv -p "http://me:se%25cret@$PROXY" 0:203.0.113.7:7
    equal "$(nc -N 127.0.0.1 "$LISTEN_PORT" < /dev/null)" hello
    run tr '\0' ' ' < "/proc/$LISTENER/cmdline"
    contains "$output" "-p http://me:@$PROXY "
    lacks "$output$(listener_says)" cret bWU6c2Ul
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

@test "with -d a proxy that closes instead of an answer is not gone round" {
    start_scripted --on '*' close
    start_ptunnel -d -p "$PROXY" "0:127.0.0.1:$GREETER_PORT"
    run nc -N 127.0.0.1 "$LISTEN_PORT" < /dev/null
    equal "$output" ''
    contains "$(listener_says)" 'the proxy closed the connection before it had answered (a proxy was reached: no fallback)'
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
    contains "$output" "ptunnel: '203.0.113.66:1': a rule rejects this target"
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
    contains "$output" 'is a symbolic link, which is not followed'
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
    contains "$output" 'a rule rejects this target'
    run "$PTUNNEL" -r nothing -p localhost -W 203.0.113.66:1
    contains "$output" "-r: '$BATS_TEST_TMPDIR/nothing': cannot be read: no such file"
}
