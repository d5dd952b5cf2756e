#!/usr/bin/env bats
# ptunnel-run: what the command finds when it starts, and what the library says in it.

load helpers
load lib/launcher

# --- the log ---

@test "a tunnel that opens says nothing, one that fails one line" {
    launch -p "$PROXY" "$PROGRAMS/connect" 203.0.113.7:7
    equal "$stderr" ''
    launch -p "$PROXY" "$PROGRAMS/connect" 203.0.113.9:403
    equal "${#stderr_lines[@]}" 1
    [[ $stderr =~ ^ptunnel:\ connect\[[0-9]+\]:\ 203\.0\.113\.9:403\ via\ $PROXY:\ 403\  ]]
}

@test "the same failure again within ten seconds is not said again" {
    launch -p "$PROXY" "$PROGRAMS/connect" 203.0.113.9:403 203.0.113.9:403 203.0.113.9:403
    equal "${#stderr_lines[@]}" 1
}

@test "-q says nothing, -v a line a connection, -vv more, -vvv not less" {
    local said

    launch -q -p "$PROXY" "$PROGRAMS/connect" 203.0.113.9:403
    equal "$stderr" ''
    launch -v -p "$PROXY" "$PROGRAMS/connect" 203.0.113.7:7
    equal "${#stderr_lines[@]}" 2
    contains "${stderr_lines[0]}" 'ptunnel: connect[' "203.0.113.7:7 via $PROXY"
    contains "${stderr_lines[1]}" 'ptunnel: connect[' '203.0.113.7:7: closed after'
    launch -vv -p "$PROXY" "$PROGRAMS/connect" 203.0.113.7:7
    said=${#stderr_lines[@]}
    [ "$said" -gt 1 ]
    launch -vvv -p "$PROXY" "$PROGRAMS/connect" 203.0.113.7:7
    [ "${#stderr_lines[@]}" -ge "$said" ]
}

@test "--log: to a file, which the owner alone can read, wherever the command goes" {
    cd "$BATS_TEST_TMPDIR"
    launch -v --log its.log -p "$PROXY" sh -c 'cd / && "$0" 203.0.113.7:7 && "$0" 203.0.113.9:403' "$PROGRAMS/connect"
    equal "$stderr" ''
    equal "$(stat -c %a its.log)" 600
    equal "$(grep -c 203.0.113.7:7 its.log) $(grep -c 203.0.113.9:403 its.log)" '2 1' # opened, closed; refused
}

@test "--log to a place that cannot be written is refused" {
    launch --log "$BATS_TEST_TMPDIR/no/such/dir/log" -p "$PROXY" true
    refused 125 "$BATS_TEST_TMPDIR/no/such/dir/log"
}

@test "nothing is written to a descriptor 2 that the program made its own" {
    need python3
    launch -p "$PROXY" "$(python)" -c 'if True:
        import os, socket, sys
        os.close(2)
        assert os.open(sys.argv[1], os.O_RDWR | os.O_CREAT) == 2
        print(socket.socket().connect_ex(("203.0.113.9", 403)))' "$BATS_TEST_TMPDIR/data"
    equal "$output" 13
    equal "$(cat "$BATS_TEST_TMPDIR/data")" ''
}

# --- what it hands over ---

@test "LD_PRELOAD is kept whole behind the library" {
    LD_PRELOAD='libm.so.6 libdl.so.2:libpthread.so.0' launch -p "$NOWHERE" printenv LD_PRELOAD
    succeeds
    [[ $output == "$LIBRARY"[:\ ]'libm.so.6 libdl.so.2:libpthread.so.0' ]]
}

@test "nested, the library is preloaded once and the inner proxy counts" {
    launch -p "$NOWHERE" "$PTUNNEL_RUN" -p "$PROXY" sh -c 'printenv LD_PRELOAD; "$0" 203.0.113.7:7' "$PROGRAMS/connect"
    equal "$output" "$LIBRARY${NEWLINE}203.0.113.7:7 connected, heard \"hello\""
}

@test "nested, no setting of the outer one is left" {
    launch -vv --timeout 7 -p "http://a:b@$NOWHERE" \
        "$PTUNNEL_RUN" -p "$PROXY" sh -c 'env | grep ^PTUNNEL_'
    succeeds
    contains "$output" "$PROXY"
    lacks "$output" "$NOWHERE" "a:b@" PTUNNEL_VERBOSE=2 'timeout 7'
}

@test "a program's children are tunnelled too" {
    launch -p "$PROXY" sh -c 'sh -c "\"\$0\" 203.0.113.7:7" "$0"' "$PROGRAMS/connect"
    equal "$output" '203.0.113.7:7 connected, heard "hello"'
}

@test "the hand-over is eight variables and no other" {
    launch -v --loopback --timeout 9 --log "$BATS_TEST_TMPDIR/log" -p "$PROXY" env
    run grep -oE '^PTUNNEL_[A-Z_]+' <<< "$output"
    run grep -vxE 'PTUNNEL_(PROXY|RULES|LOOPBACK|VERBOSE|LOG|LOG_FORMAT|CONFIG|RUN)' <<< "$output"
    fails_with 1
}

@test "without --loopback loopback is direct, with it it is not" {
    launch -v -p "$PROXY" "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    equal "$output" "127.0.0.1:$GREETER_PORT connected, heard \"hello\""
    run ! grep -F "127.0.0.1:$GREETER_PORT" "$SCRIPTED_LOG"
    launch --loopback -p "$PROXY" "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    equal "$output" "127.0.0.1:$GREETER_PORT connected, heard \"hello\""
    grep -qxF "CONNECT 127.0.0.1:$GREETER_PORT 200" "$SCRIPTED_LOG"
}

@test "the proxy itself is direct, with --loopback too" {
    local before

    before=$(grep -c ^CONNECT "$SCRIPTED_LOG") || true
    launch --loopback -p "$PROXY" "$PROGRAMS/connect" -q "$PROXY"
    equal "$output" "$PROXY connected"
    launch --loopback -p "$PROXY" "$PROGRAMS/connect" -6 -q "$PROXY"
    equal "$output" "$PROXY connected"
    equal "$(grep -c ^CONNECT "$SCRIPTED_LOG" || true)" "$before"
}

@test "0.0.0.0 and :: mean loopback" {
    need ipv6
    launch -p "$PROXY" "$PROGRAMS/connect" "0.0.0.0:$GREETER_PORT"
    equal "$output" "0.0.0.0:$GREETER_PORT connected, heard \"hello\""
    launch -p "$PROXY" "$PROGRAMS/connect" "[::]:$GREETER_PORT"
    equal "$output" "[::]:$GREETER_PORT connected, heard \"hello\""
}

@test "link-local is direct, with --loopback too" {
    launch --loopback -p "$PROXY" "$PROGRAMS/connect" -q -s 100 169.254.254.254:7
    run ! grep -F 169.254.254.254 "$SCRIPTED_LOG"
}

@test "what is no business of a proxy goes to the kernel untouched" {
    equal "$("$PTUNNEL_RUN" -p "$PROXY" "$PROGRAMS/untouched" 2>&1)" "$("$PROGRAMS/untouched" 2>&1)"
}
