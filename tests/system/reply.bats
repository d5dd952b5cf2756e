#!/usr/bin/env bats
# What a proxy says, and what a C program's blocking connect() makes of it: the errno, the state of the socket, which
# is that of a connection that the kernel refused, and that the same socket can be connected again.

load helpers

setup_file() {
    start_greeter
    # What the kernel leaves of a refused connection: everything behind the errno.
    NATIVE=$("$PROGRAMS/connect" "127.0.0.1:$(free_port)" | sed 's/^[^,]*//')
    export NATIVE
}

# For each row of stdin, "ACTIONS => ERRNO", a target of a scripted proxy that follows them. A program connects to it,
# and with the same socket to another one.
rows_fail() {
    local line count=0 bad=0 wanted=() arguments=()

    while IFS= read -r line; do
        count=$((count + 1))
        wanted+=("${line##* => }")
        arguments+=(--on "203.0.113.9:$count" "${line%% => *}")
    done
    start_scripted "${arguments[@]}" --on '203.0.113.7:7' "to 127.0.0.1:$GREETER_PORT"
    for ((line = 1; line <= count; line++)); do
        run --separate-stderr tunnelled "$PROGRAMS/connect" "203.0.113.9:$line" 203.0.113.7:7
        [ "$output" = "203.0.113.9:$line ${wanted[line - 1]}$NATIVE${NEWLINE}203.0.113.7:7 connected, heard \"hello\"" ] &&
            [ "${#stderr_lines[@]}" -eq 1 ] &&
            [[ $stderr == "ptunnel: connect["*"]: 203.0.113.9:$line via $PROXY: "* ]] && continue
        printf '%s\n' "row $line: ${arguments[line * 3 - 1]}" "wanted ${wanted[line - 1]}" "$output" "$stderr"
        bad=$((bad + 1))
    done
    [ "$count" -gt 0 ] && [ "$bad" -eq 0 ] && nothing_early
}

# The same for rows that open the tunnel.
rows_open() {
    local line count=0 bad=0 arguments=()

    while IFS= read -r line; do
        count=$((count + 1))
        arguments+=(--on "203.0.113.9:$count" "$line; to 127.0.0.1:$GREETER_PORT")
    done
    start_scripted "${arguments[@]}"
    for ((line = 1; line <= count; line++)); do
        run tunnelled "$PROGRAMS/connect" "203.0.113.9:$line"
        [ "$output" != "203.0.113.9:$line connected, heard \"hello\"" ] || continue
        printf '%s\n' "row $line: ${arguments[line * 3 - 1]}" "$output"
        bad=$((bad + 1))
    done
    [ "$count" -gt 0 ] && [ "$bad" -eq 0 ] && nothing_early
}

# No byte of the program has reached the proxy before its reply.
nothing_early() {
    run ! grep EARLY "$SCRIPTED_LOG"
}

@test "a status is the errno of its row" {
    rows_fail << 'END'
status 300 => ECONNREFUSED
status 301 => ECONNREFUSED
status 302 Found => ECONNREFUSED
status 307 => ECONNREFUSED
status 400 Bad Request => ECONNREFUSED
status 401 => EACCES
status 402 => ECONNREFUSED
status 403 Forbidden => EACCES
status 404 Not Found => EHOSTUNREACH
status 405 => ECONNREFUSED
status 407 => EACCES
status 408 => ETIMEDOUT
status 410 => EHOSTUNREACH
status 418 => ECONNREFUSED
status 451 => EACCES
status 500 => ECONNREFUSED
status 501 => ECONNREFUSED
status 502 Bad Gateway => ECONNREFUSED
status 503 Service Unavailable => ECONNREFUSED
status 504 => ETIMEDOUT
status 600 => ECONNREFUSED
status 999 => ECONNREFUSED
END
}

@test "a Proxy-Status field is more exact than the number" {
    rows_fail << 'END'
status 502; header "Proxy-Status: proxy; error=connection_refused" => ECONNREFUSED
status 504; header "Proxy-Status: proxy; error=connection_refused" => ECONNREFUSED
status 502; header "Proxy-Status: proxy; error=connection_timeout" => ETIMEDOUT
status 502; header "proxy-status: proxy;error=connection_timeout" => ETIMEDOUT
status 502; header "Proxy-Status: proxy; received-status=503; error=dns_error; rcode=NXDOMAIN" => EHOSTUNREACH
status 502; header "Proxy-Status: proxy; error=dns_timeout" => EHOSTUNREACH
status 502; header "Proxy-Status: proxy; error=destination_ip_unroutable" => ENETUNREACH
status 502; header "Proxy-Status: proxy; error=destination_ip_prohibited" => EACCES
status 502; header "Proxy-Status: proxy; error=http_request_denied" => EACCES
status 502; header "Proxy-Status: proxy; error=no_such_word" => ECONNREFUSED
status 502; header "Proxy-Status: proxy; details=\"x; error=dns_error\"" => ECONNREFUSED
status 502; header "Proxy-Status: error=dns_error" => ECONNREFUSED
status 504; header "Proxy-Status:" => ETIMEDOUT
END
}

@test "an X-Squid-Error field is more exact than the number" {
    rows_fail << 'END'
status 503; header "X-Squid-Error: ERR_CONNECT_FAIL 111" => ECONNREFUSED
status 503; header "X-Squid-Error: ERR_CONNECT_FAIL 110" => ETIMEDOUT
status 503; header "X-Squid-Error: ERR_CONNECT_FAIL 113" => EHOSTUNREACH
status 503; header "X-Squid-Error: ERR_CONNECT_FAIL 101" => ENETUNREACH
status 503; header "X-Squid-Error: ERR_CONNECT_FAIL 104" => ECONNRESET
status 503; header "x-squid-error: ERR_DNS_FAIL 0" => EHOSTUNREACH
status 500; header "X-Squid-Error: ERR_CANNOT_FORWARD 0" => EHOSTUNREACH
status 403; header "X-Squid-Error: ERR_ACCESS_DENIED 0" => EACCES
END
}

@test "a proxy cannot cause another errno than the six" {
    rows_fail << 'END'
status 503; header "X-Squid-Error: ERR_CONNECT_FAIL 0" => ECONNREFUSED
status 503; header "X-Squid-Error: ERR_CONNECT_FAIL 4" => ECONNREFUSED
status 503; header "X-Squid-Error: ERR_CONNECT_FAIL 115" => ECONNREFUSED
status 503; header "X-Squid-Error: ERR_CONNECT_FAIL 9" => ECONNREFUSED
status 503; header "X-Squid-Error: ERR_CONNECT_FAIL -1" => ECONNREFUSED
status 503; header "X-Squid-Error: ERR_CONNECT_FAIL 99999999999999999999" => ECONNREFUSED
status 503; header "X-Squid-Error: ERR_ZERO_SIZE_OBJECT 0" => ECONNREFUSED
END
}

@test "what is not HTTP is a refused connection" {
    rows_fail << 'END'
raw "SSH-2.0-OpenSSH_9.2\r\n" => ECONNREFUSED
raw "garbage\r\n\r\n" => ECONNREFUSED
raw "\x15\x03\x01\x00\x02\x02\x46" => ECONNREFUSED
raw "\x05\x00" => ECONNREFUSED
raw "HTTP/2 200 OK\r\n\r\n" => ECONNREFUSED
raw "HTTP/1.1 20 OK\r\n\r\n" => ECONNREFUSED
raw "HTTP/1.1 2000 OK\r\n\r\n" => ECONNREFUSED
raw "HTTP/1.1  200 OK\r\n\r\n" => ECONNREFUSED
raw "HTTP/1.1 +20 OK\r\n\r\n" => ECONNREFUSED
raw "http/1.1 200 OK\r\n\r\n" => ECONNREFUSED
raw "\r\n\r\n" => ECONNREFUSED
raw "HTTP/1.1 200 O\0K\r\n\r\n" => ECONNREFUSED
raw "HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n" => ECONNREFUSED
endless => ECONNREFUSED
pad 70000 => ECONNREFUSED
END
}

@test "a stream that ends or breaks inside the head is a reset connection" {
    rows_fail << 'END'
close => ECONNRESET
reset => ECONNRESET
cut 0 => ECONNRESET
cut 5 => ECONNRESET
cut 12 => ECONNRESET
cut 20 => ECONNRESET
cut 20; end reset => ECONNRESET
interim 100; cut 30 => ECONNRESET
raw "HTTP/1.1 200 OK\r\nA: b\r\n" => ECONNRESET
raw "HTTP/1.1 200 OK\r\n"; end reset => ECONNRESET
END
}

@test "a reply that opens the tunnel, in all its forms, takes no byte of the target's" {
    rows_open << 'END'
connect
status 201
status 204
status 226
status 299
http10
http10; noreason
lf
lf; http10; noreason
noreason
interim 100
interim 103; interim 102; interim 199
interim 100; lf
header "Content-Length: 5"
header "Transfer-Encoding: chunked"
header "Connection: close"
header "Proxy-Status: proxy; error=dns_error"
header "Proxy-Connection: Keep-Alive"; header "Via: 1.1 x"; header "X:"
pad 1000
pad 60000
delay 300
join
join; chunk 1
join; chunk 3
join; pad 5000; chunk 1000
join; interim 100
join; lf
chunk 1
pad 20000; chunk 777 0
raw "HTTP/1.1 200 OK\r\n\r\n"; relay
raw "HTTP/1.1 200\r\n\r\n"; relay
raw "HTTP/1.1 200 \r\n\r\n"; relay
raw "HTTP/1.9 200 OK\r\n\r\n"; relay; join
raw "HTTP/1.1 200 OK\r\nA: b\n\r\n"; relay; join
raw "HTTP/1.1 200 OK\n\n"; relay; join
raw "HTTP/1.1 200 Caf\xe9\r\n\r\n"; relay; join
END
}

# A failed and a good connection of one socket: PROXY-FAMILY TARGET-HOST [OPTION-OF-CONNECT]
both_ways() {
    local host=$2

    start_scripted --on '*:403' 'status 403' --on '*:7' "to 127.0.0.1:$GREETER_PORT"
    [ "$1" = 4 ] || PROXY="[::1]:$SCRIPTED_PORT6"
    shift 2
    run --separate-stderr tunnelled "$PROGRAMS/connect" "$@" "$host:403" "$host:7"
    equal "$output" "$host:403 EACCES$NATIVE$NEWLINE$host:7 connected, heard \"hello\""
    grep -qxF "CONNECT $host:403 403" "$SCRIPTED_LOG"
    grep -qxF "CONNECT $host:7 200" "$SCRIPTED_LOG"
}

@test "an IPv6 target through an IPv6 proxy" {
    need ipv6
    both_ways 6 '[2001:db8::7]'
}

@test "an IPv6 target through an IPv4 proxy" {
    need ipv6
    both_ways 4 '[2001:db8::7]'
}

@test "an IPv4 target of an IPv6 socket, through an IPv4 proxy" {
    need ipv6
    both_ways 4 203.0.113.7 -6
}

@test "an IPv4 target of an IPv6 socket, through an IPv6 proxy" {
    need ipv6
    both_ways 6 203.0.113.7 -6
}

@test "an MPTCP socket" {
    need mptcp
    both_ways 4 203.0.113.7 -m
}

@test "an MPTCP socket, IPv6" {
    need mptcp ipv6
    both_ways 6 '[2001:db8::7]' -m
}

@test "no descriptor is needed" { both_ways 4 203.0.113.7 -f; }

@test "a socket with a send timeout that is not used up" { both_ways 4 203.0.113.7 -s 5000; }

@test "a non-blocking socket stays one, and its program sees success or the errno" {
    start_scripted --on '*:403' 'status 403' --on '*:7' "to 127.0.0.1:$GREETER_PORT"
    run --separate-stderr tunnelled "$PROGRAMS/connect" -n 203.0.113.7:7
    equal "$output" '203.0.113.7:7 connected, heard "hello"'
    run --separate-stderr tunnelled "$PROGRAMS/connect" -n 203.0.113.7:403
    contains "$output" '203.0.113.7:403 EACCES, '
    lacks "$output" 'other flags'
}

@test "a send timeout that runs out is EINPROGRESS, as in the kernel" {
    start_scripted --on '*:1' hang
    run --separate-stderr tunnelled "$PROGRAMS/connect" -s 300 203.0.113.9:1
    contains "$output" '203.0.113.9:1 EINPROGRESS, '
}

@test "a signal handler without SA_RESTART is EINTR, one with it is not seen" {
    start_scripted --on '*:1' hang --on '*:2' "delay 1500; to 127.0.0.1:$GREETER_PORT"
    run --separate-stderr tunnelled "$PROGRAMS/connect" -a 400 203.0.113.9:1
    contains "$output" '203.0.113.9:1 EINTR, '
    run --separate-stderr tunnelled "$PROGRAMS/connect" -a 400 -r 203.0.113.9:2
    equal "$output" '203.0.113.9:2 connected, heard "hello"'
}

@test "a send timeout and a handler with SA_RESTART are EINTR, as in the kernel" {
    start_scripted --on '*:1' hang
    run --separate-stderr tunnelled "$PROGRAMS/connect" -s 5000 -a 400 -r 203.0.113.9:1
    contains "$output" '203.0.113.9:1 EINTR, '
}

@test "a socket that failed through the proxy reaches a direct target, IPv6 too" {
    need ipv6
    start_scripted --on '*:403' 'status 403'
    for PROXY in "127.0.0.1:$SCRIPTED_PORT" "[::1]:$SCRIPTED_PORT6"; do
        run --separate-stderr "$PTUNNEL_RUN" -p "$PROXY" "$PROGRAMS/connect" '[2001:db8::9]:403' "[::1]:$GREETER_PORT"
        equal "$output" "[2001:db8::9]:403 EACCES$NATIVE${NEWLINE}[::1]:$GREETER_PORT connected, heard \"hello\""
    done
    # and the state of a socket whose IPv4 target was mapped
    PROXY=127.0.0.1:$SCRIPTED_PORT
    run --separate-stderr "$PTUNNEL_RUN" -p "$PROXY" "$PROGRAMS/connect" -6 203.0.113.9:403 "[::1]:$GREETER_PORT"
    equal "$output" "203.0.113.9:403 EACCES$NATIVE${NEWLINE}[::1]:$GREETER_PORT connected, heard \"hello\""
}

@test "no proxy at that port: what connect() said" {
    PROXY=127.0.0.1:$(free_port)
    run --separate-stderr tunnelled "$PROGRAMS/connect" 203.0.113.9:1
    equal "$output" "203.0.113.9:1 ECONNREFUSED$NATIVE"
    contains "$stderr" "203.0.113.9:1 via $PROXY: "
}

@test "a proxy that turns everybody away at once is a reset connection" {
    local how

    for how in close reset; do
        start_scripted --on-accept "$how"
        run --separate-stderr tunnelled "$PROGRAMS/connect" 203.0.113.9:1
        equal "$output" "203.0.113.9:1 ECONNRESET$NATIVE"
    done
}

# The connection ends with ETIMEDOUT after one second.
times_out() { # TARGET
    local start=${EPOCHREALTIME/[.,]/} took

    run --separate-stderr timeout 20 "$PTUNNEL_RUN" -p "$PROXY" --timeout 1 "$PROGRAMS/connect" "$1"
    took=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
    equal "$output" "$1 ETIMEDOUT$NATIVE"
    echo "$took ms"
    [ "$took" -ge 1000 ] && [ "$took" -lt 15000 ]
}

@test "the deadline ends the wait for a proxy that never answers" {
    start_scripted --on '*' hang
    times_out 203.0.113.9:1
}

@test "the deadline ends the wait for a proxy that stops in its reply" {
    start_scripted --on '*' 'raw "HTTP/1.1 200 OK\r\n"; end hang'
    times_out 203.0.113.9:1
}

@test "the deadline ends the wait for a proxy that is slow, or will never end its reply" {
    start_scripted --on '*:1' 'chunk 1 300' --on '*:2' 'endless; chunk 20 100'
    times_out 203.0.113.9:1
    times_out 203.0.113.9:2
}

@test "the deadline ends the wait for a proxy that does not even read" {
    start_scripted --on-accept hang
    times_out 203.0.113.9:1
}

@test "what the proxy says is escaped and cut in the log" {
    start_scripted --on '*' 'status 403 "\x1b[31mred\x07 and Caf\xe9 '"$(printf '%0500d' 0)"'"'
    run --separate-stderr tunnelled "$PROGRAMS/connect" 203.0.113.9:1
    equal "${#stderr_lines[@]}" 1
    [ "${#stderr}" -lt 450 ]
    run grep -P '[^\x20-\x7e]' <<< "$stderr"
    fails_with 1
}

# What stands behind a refusal is read for -vv alone: the errno and the socket are the same with it and without.
with_page() { # ACTIONS ERRNO WORDS|-
    local line

    start_scripted --on '203.0.113.9:1' "$1" --on '203.0.113.7:7' "to 127.0.0.1:$GREETER_PORT"
    for line in '' -vv; do
        run --separate-stderr timeout 20 "$PTUNNEL_RUN" $line -p "$PROXY" "$PROGRAMS/connect" 203.0.113.9:1 203.0.113.7:7
        equal "$output" "203.0.113.9:1 $2$NATIVE${NEWLINE}203.0.113.7:7 connected, heard \"hello\""
        [ "$line" ] || lacks "$stderr" 'its page says'
    done
    [ "$3" = - ] && lacks "$stderr" 'its page says' || contains "$stderr" "203.0.113.9:1 via $PROXY: its page says: $3$NEWLINE"
}

@test "-vv: the page behind a refusal is shown, in whatever form it comes" {
    with_page 'raw "HTTP/1.1 502 x\r\nContent-Length: 26\r\n\r\n<h1>x</h1><p>it\x1b broke</p>"' ECONNREFUSED 'it\x1b broke'
    with_page 'raw "HTTP/1.1 502 x\r\n\r\n<p>no length</p>"; chunk 3 1' ECONNREFUSED 'no length'
    with_page 'raw "HTTP/1.1 404 x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nin it\r\n0\r\n\r\n"; end hang' EHOSTUNREACH 'in it'
    with_page 'raw "HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n"; end hang' EACCES -
    with_page 'status 407' EACCES -
}

@test "-vv: a page that never ends is waited for a second, and not beyond the deadline" {
    local start took

    start_scripted --on '*' 'raw "HTTP/1.1 502 x\r\n\r\n<p>half"; end hang'
    start=${EPOCHREALTIME/[.,]/}
    run --separate-stderr tunnelled "$PROGRAMS/connect" 203.0.113.9:1
    took=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
    [ "$took" -lt 900 ]
    run --separate-stderr timeout 20 "$PTUNNEL_RUN" -vv -p "$PROXY" "$PROGRAMS/connect" -n 203.0.113.9:1
    contains "$output" ECONNREFUSED
    contains "$stderr" 'its page says: half'
}

squid_says() { # TARGET ERRNO STATUS
    run --separate-stderr tunnelled "$PROGRAMS/connect" "$1" "127.0.0.1:$GREETER_PORT"
    equal "$output" "$1 $2$NATIVE${NEWLINE}127.0.0.1:$GREETER_PORT connected, heard \"hello\""
    contains "$stderr" "$1 via $PROXY: $3"
}

@test "squid: a refused target" {
    need squid
    start_squid
    through squid 4
    squid_says "127.0.0.1:$(free_port)" ECONNREFUSED 503
}

@test "squid: wants a password, and gets the right one" {
    need squid htpasswd
    start_squid 'us er' 'p:@/%'
    through squid 4
    run --separate-stderr "$PTUNNEL_RUN" -p "$PROXY" --loopback "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    equal "$output" "127.0.0.1:$GREETER_PORT EACCES$NATIVE"
    contains "$stderr" "127.0.0.1:$GREETER_PORT via $PROXY: 407 " Basic
    run "$PTUNNEL_RUN" -p "$PROXY" -U 'us er' -P wrong --loopback "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    contains "$output" EACCES ' 407 '
    run "$PTUNNEL_RUN" -p "$PROXY" -U 'us er' -P 'p:@/%' --loopback "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    equal "$output" "127.0.0.1:$GREETER_PORT connected, heard \"hello\""
    run "$PTUNNEL_RUN" -p "us%20er:p%3A%40%2F%25@$PROXY" --loopback "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    equal "$output" "127.0.0.1:$GREETER_PORT connected, heard \"hello\""
}

@test "tinyproxy: a refused target" {
    need tinyproxy
    start_tinyproxy
    through tinyproxy 4
    run --separate-stderr tunnelled "$PROGRAMS/connect" "127.0.0.1:$(free_port)" "127.0.0.1:$GREETER_PORT"
    contains "${lines[0]}" " ECONNREFUSED$NATIVE"
    equal "${lines[1]}" "127.0.0.1:$GREETER_PORT connected, heard \"hello\""
}
