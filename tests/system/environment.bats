#!/usr/bin/env bats
# The library by itself, told by variables: where the proxy is looked for, in which order, and what is not tunnelled.

load helpers

setup_file() {
    start_greeter
    start_scripted --on '203.0.113.7:7' "to 127.0.0.1:$GREETER_PORT" --on '203.0.113.9:403' 'status 403'
}

CONNECTED='203.0.113.7:7 connected, heard "hello"'

# preloaded [VARIABLE=VALUE]... COMMAND...
preloaded() {
    run --separate-stderr timeout -k 5 20 env LD_PRELOAD="$LIBRARY" "$@"
}

# Everything but loopback is EACCES, said in one line with these parts.
closed() {
    fails_with 1
    contains "$output" '203.0.113.7:7 EACCES, poll OUT HUP, SO_ERROR 0, recv ENOTCONN'
    equal "${#stderr_lines[@]}" 1
    contains "$stderr" 'ptunnel: connect[' "$@"
}

@test "the library alone with a proxy in the environment" {
    preloaded PTUNNEL_PROXY="$PROXY" "$PROGRAMS/connect" 203.0.113.7:7
    equal "$output$stderr" "$CONNECTED"
}

@test "no proxy in the environment: nothing but loopback gets out, and a line says so" {
    preloaded "$PROGRAMS/connect" 203.0.113.7:7 203.0.113.9:1
    closed
    contains "$stderr" PTUNNEL_PROXY
    preloaded "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    equal "$output$stderr" "127.0.0.1:$GREETER_PORT connected, heard \"hello\""
}

@test "no proxy in the environment: the kernel is not asked for the target" {
    need ptrace
    run strace -f -qq -e trace=connect -E LD_PRELOAD="$LIBRARY" "$PROGRAMS/connect" 203.0.113.7:7
    contains "$output" ' EACCES, '
    lacks "$output" 'inet_addr("203.0.113.7")'
}

@test "a proxy variable that is wrong lets nothing out" {
    preloaded PTUNNEL_PROXY=foo:99999 "$PROGRAMS/connect" 203.0.113.7:7
    closed 'port is not between 1 and 65535'
    preloaded PTUNNEL_PROXY=socks5://foo:1080 "$PROGRAMS/connect" 203.0.113.7:7
    closed SOCKS
    preloaded https_proxy=https://foo:443 "$PROGRAMS/connect" 203.0.113.7:7
    closed supported
    preloaded PTUNNEL_PROXY='http://user:secret-word@foo:0' "$PROGRAMS/connect" 203.0.113.7:7
    closed
    lacks "$stderr" secret-word
}

@test "a program that makes no connection notices nothing" {
    preloaded PTUNNEL_PROXY=foo:99999 echo fine
    equal "$output$stderr" fine
    preloaded echo fine
    equal "$output$stderr" fine
}

# The user in the credentials says which variable it was.
used() {
    sed -n 's/^HEADER Proxy-Authorization: Basic //p' "$SCRIPTED_LOG" | tail -n 1 | base64 -d
}

@test "the first of the variables that is set is the proxy" {
    local names=(PTUNNEL_PROXY https_proxy HTTPS_PROXY all_proxy ALL_PROXY http_proxy) settings name

    while [ ${#names[@]} -gt 0 ]; do
        settings=()
        for name in "${names[@]}"; do
            settings+=("$name=http://$name@$PROXY")
        done
        preloaded "${settings[@]}" "$PROGRAMS/connect" 203.0.113.7:7
        equal "$output$stderr" "$CONNECTED"
        equal "$(used)" "${names[0]}:"
        run --separate-stderr env "${settings[@]}" "$PTUNNEL_RUN" "$PROGRAMS/connect" 203.0.113.7:7
        equal "$output$stderr" "$CONNECTED"
        equal "$(used)" "${names[0]}:"
        names=("${names[@]:1}")
    done
}

@test "-p comes before all variables" {
    run --separate-stderr env PTUNNEL_PROXY=foo:1 https_proxy=foo:2 "$PTUNNEL_RUN" -p "option@$PROXY" \
        "$PROGRAMS/connect" 203.0.113.7:7
    equal "$output$stderr" "$CONNECTED"
    equal "$(used)" option:
}

@test "an empty variable is as good as none" {
    preloaded PTUNNEL_PROXY= https_proxy= HTTPS_PROXY="four@$PROXY" "$PROGRAMS/connect" 203.0.113.7:7
    equal "$output$stderr" "$CONNECTED"
    equal "$(used)" four:
    preloaded PTUNNEL_PROXY= https_proxy= "$PROGRAMS/connect" 203.0.113.7:7
    closed
    run --separate-stderr env https_proxy= "$PTUNNEL_RUN" true
    fails_with 125
}

@test "HTTP_PROXY in capitals, which a web server's client can set, is not looked at" {
    preloaded HTTP_PROXY="$PROXY" "$PROGRAMS/connect" 203.0.113.7:7
    closed
}

@test "PTUNNEL_LOOPBACK=1 opens loopback to the proxy, another value does not" {
    preloaded PTUNNEL_PROXY="$PROXY" PTUNNEL_LOOPBACK=1 "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    equal "$output" "127.0.0.1:$GREETER_PORT connected, heard \"hello\""
    equal "$(tail -n 1 "$SCRIPTED_LOG")" "CONNECT 127.0.0.1:$GREETER_PORT 200"
    preloaded PTUNNEL_PROXY="$PROXY" PTUNNEL_LOOPBACK= sh -c '"$0" 203.0.113.7:7 && "$0" "$1"' \
        "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    equal "${lines[1]}" "127.0.0.1:$GREETER_PORT connected, heard \"hello\""
    equal "$(tail -n 1 "$SCRIPTED_LOG")" 'CONNECT 203.0.113.7:7 200'
    run --separate-stderr env PTUNNEL_LOOPBACK=1 "$PTUNNEL_RUN" -p "$PROXY" "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    equal "$(tail -n 1 "$SCRIPTED_LOG")" "CONNECT 127.0.0.1:$GREETER_PORT 200"
}

@test "PTUNNEL_LOG names the file for the library's lines" {
    preloaded PTUNNEL_PROXY="$PROXY" PTUNNEL_LOG="$BATS_TEST_TMPDIR/log" "$PROGRAMS/connect" 203.0.113.9:403
    equal "$stderr" ''
    contains "$(cat "$BATS_TEST_TMPDIR/log")" "203.0.113.9:403 via $PROXY: 403 "
    equal "$(stat -c %a "$BATS_TEST_TMPDIR/log")" 600
}

@test "PTUNNEL_LOG is not written through a symbolic link" {
    echo precious > "$BATS_TEST_TMPDIR/victim"
    ln -s victim "$BATS_TEST_TMPDIR/log"
    preloaded PTUNNEL_PROXY="$PROXY" PTUNNEL_LOG="$BATS_TEST_TMPDIR/log" "$PROGRAMS/connect" 203.0.113.9:403
    equal "$(cat "$BATS_TEST_TMPDIR/victim")" precious
}

@test "a program that clears its environment stays in the tunnel" {
    # shellcheck disable=SC2016
    preloaded PTUNNEL_PROXY="$PROXY" bash -c 'unset PTUNNEL_PROXY; exec 3<> /dev/tcp/203.0.113.7/7; cat <&3'
    equal "$output" hello
}

@test "unknown PTUNNEL_ variables have no meaning" {
    preloaded PTUNNEL_PROXY="$PROXY" PTUNNEL_NOSUCH=1 PTUNNEL_PROXIES=x "$PROGRAMS/connect" 203.0.113.7:7
    equal "$output$stderr" "$CONNECTED"
}

# --- no_proxy: what curl 8 makes of it (lib/noproxy.c) ---

# proxied COMMAND... : does this command's connection to the greeter go through the proxy?
proxied() {
    local before

    before=$(grep -c ^CONNECT "$SCRIPTED_LOG") || true
    "$@" > /dev/null 2>&1 || true
    [ "$(grep -c ^CONNECT "$SCRIPTED_LOG" || true)" -gt "$before" ] && echo proxy || echo direct
}

@test "no_proxy and NO_PROXY are what they are for curl" {
    need ipv6
    local lower upper wanted got settings bad=0 count=0

    # no_proxy, NO_PROXY ("-": unset), the way to 127.0.0.1 and to ::1
    while IFS='|' read -r lower upper wanted; do
        count=$((count + 1))
        settings=(all_proxy="http://$PROXY" LD_PRELOAD="$LIBRARY" PTUNNEL_LOOPBACK=1)
        [ "$lower" = - ] || settings+=(no_proxy="$lower")
        [ "$upper" = - ] || settings+=(NO_PROXY="$upper")
        got=$(proxied env "${settings[@]}" "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT")
        got="$got $(proxied env "${settings[@]}" "$PROGRAMS/connect" "[::1]:$GREETER_PORT")"
        [ "$got" != "$wanted" ] || continue
        echo "no_proxy='$lower' NO_PROXY='$upper': $got, not $wanted"
        bad=$((bad + 1))
    done << 'END'
-|-|proxy proxy
-||proxy proxy
|-|proxy proxy
*|-|direct direct
-|*|direct direct
|*|direct direct
-|127.0.0.1|direct proxy
10.0.0.1|127.0.0.1|proxy proxy
127.0.0.1||direct proxy
127.0.0.1|-|direct proxy
127.0.0.2|-|proxy proxy
127.0.0.0/8|-|direct proxy
127.0.0.0/30|-|direct proxy
127.0.0.0/32|-|proxy proxy
127.0.0.1/32|-|direct proxy
128.0.0.0/8|-|proxy proxy
10.0.0.0/8,127.0.0.1|-|direct proxy
10.0.0.0/8, 127.0.0.1|-|direct proxy
10.0.0.0/8 , 127.0.0.1|-|direct proxy
 127.0.0.1 |-|direct proxy
127.0.0.1,|-|direct proxy
,,127.0.0.1|-|direct proxy
,,|-|proxy proxy
::1|-|proxy direct
::/64|-|proxy direct
::1/128|-|proxy direct
::2/127|-|proxy proxy
0:0:0:0:0:0:0:1|-|proxy direct
example.org,::1|-|proxy direct
127.0.0.1,::1|-|direct direct
[::1]|-|proxy proxy
0.0.1|-|proxy proxy
.0.0.1|-|proxy proxy
.127.0.0.1|-|proxy proxy
127.0.0|-|proxy proxy
*.0.0.1|-|proxy proxy
127.*|-|proxy proxy
*,example.org|-|proxy proxy
127.0.0.1/33|-|proxy proxy
127.0.0.1/x|-|proxy proxy
127.0.0.1/-1|-|proxy proxy
localhost|-|proxy proxy
example.org|-|proxy proxy
END
    equal "$count" 43
    equal "$bad" 0
}

@test "no_proxy has no say when the proxy comes from PTUNNEL_PROXY or -p" {
    preloaded PTUNNEL_PROXY="$PROXY" no_proxy='*' "$PROGRAMS/connect" 203.0.113.7:7
    equal "$output$stderr" "$CONNECTED"
    run --separate-stderr env no_proxy='*' https_proxy=foo:1 "$PTUNNEL_RUN" -p "$PROXY" "$PROGRAMS/connect" 203.0.113.7:7
    equal "$output$stderr" "$CONNECTED"
}

@test "no_proxy works through ptunnel-run" {
    equal "$(proxied env https_proxy="$PROXY" no_proxy=127.0.0.1 "$PTUNNEL_RUN" --loopback \
        "$PROGRAMS/connect" -q "127.0.0.1:$GREETER_PORT")" direct
    equal "$(proxied env https_proxy="$PROXY" no_proxy=127.0.0.2 "$PTUNNEL_RUN" --loopback \
        "$PROGRAMS/connect" -q "127.0.0.1:$GREETER_PORT")" proxy
}
