#!/usr/bin/env bats
# ptunnel-run --check: each thing that can be wrong is staged, told in plain words, and has an exit status.

load helpers

setup_file() {
    start_greeter
    start_scripted \
        --on 'fine.test:443' "to 127.0.0.1:$GREETER_PORT" \
        --on 'example.com:443' "to 127.0.0.1:$GREETER_PORT" \
        --on 'slow.test:*' "delay 3300; to 127.0.0.1:$GREETER_PORT" \
        --on 'password.test:*' "auth right:word; to 127.0.0.1:$GREETER_PORT" \
        --on 'ntlm.test:*' 'status 407; header "Proxy-Authenticate: NTLM"; header "Proxy-Authenticate: Negotiate"' \
        --on '*:25' 'status 403' \
        --on 'unknown.test:*' 'status 503; header "Proxy-Status: gate; error=dns_error"' \
        --on 'closed.test:*' 'status 503; header "Proxy-Status: gate; error=connection_refused"' \
        --on 'late.test:*' 'status 504' \
        --on 'ill.test:*' 'status 500; header "Proxy-Status: gate; error=proxy_internal_error"' \
        --on 'odd.test:*' 'status 418 I am a teapot' \
        --on 'silent.test:*' 'hang' \
        --on 'patient.test:*' 'delay 3300; status 504' \
        --on 'never.test:*' 'status 403 Forbidden' \
        --on 'blocked.test:*' 'status 403 Request blocked by Privoxy' \
        --on 'early.test:*' 'raw "HTTP/1.1 200 OK\r\nServer: ATS/9.2.9\r\n\r\n"' \
        --on 'inside.test:*' 'raw "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 302 Redirect\r\nServer: e2guardian\r\n\r\n"' \
        --on 'waits.test:*' "to 127.0.0.1:$(waiting_port)" \
        --on 'bad.test:*' 'status 400' \
        --on 'page.test:*' 'raw "HTTP/1.1 502 Proxy Error\r\nServer: Apache/2.4.71 (Debian)\r\nContent-Length: 66\r\n\r\n<h1>Proxy Error</h1>\n<p><b>DNS lookup failure for: page.test</b></p>"' \
        --on 'pieces.test:*' 'raw "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 x\r\nServer: WEBrick/1.8.1\r\nTransfer-Encoding: chunked\r\n\r\n3e\r\n<H1>x</H1>Connection refused - connect(2) for &quot;pieces.test&quot; port 443\r\n0\r\n\r\n"; chunk 20 1' \
        --on 'ends.test:*' 'close' \
        --on 'web.test:*' 'status 405' \
        --on 'ftp.test:*' 'raw "220 ftp.test ready\r\n"'
}

# A port where connections are made, and nobody says a word.
waiting_port() {
    local port

    port=$(free_port)
    spawn waiting "$(python)" -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(3600)' "$port"
    wait_listen waiting "$port"
    echo "$port"
}

# A proxy that answers nothing at all.
start_scripted_hung() {
    start_scripted --on '*' hang
}

# checks STATUS ARGUMENT... : exit status; then the parts of the output
checks() {
    local wanted=$1

    shift
    run --separate-stderr timeout -k 5 30 "$PTUNNEL_RUN" --no-rules "$@"
    fails_with "$wanted"
}

# told PROBLEM REMEDY
told() {
    contains "$output" "    problem: $1$NEWLINE    what to do: $2"
    equal "$stderr" ''
}

@test "all is well" {
    checks 0 -p "$PROXY" --check fine.test
    [[ $output =~ ^"proxy $PROXY$NEWLINE  fine.test:443: open after "[0-9]+" ms, and the target says: hello"$ ]]
    lacks "$output" problem
}

@test "without a target example.com:443 is tried" {
    checks 0 -p "$PROXY" --check
    contains "$output" '  example.com:443: open after '
    equal "$(grep '^CONNECT' "$SCRIPTED_LOG" | tail -n 2 | head -n 1)" 'CONNECT example.com:443 200'
}

@test "no proxy is set" {
    checks 10 --check
    equal "$output" ''
    contains "$stderr" 'no proxy is known: give -p HOST:PORT'
    checks 10 --default direct --check
    told 'there is no proxy to check: this configuration tunnels nothing' 'name one with -p'
}

@test "the rules are wrong" {
    local rules=$BATS_TEST_TMPDIR/rules

    printf 'proxy %s\ntunel *\ndefault direct\n' "$PROXY" > "$rules"
    run --separate-stderr "$PTUNNEL_RUN" -r "$rules" --check
    fails_with 10
    equal "$output" ''
    contains "$stderr" "$rules:2:1: " tunel
}

@test "a target that is none is told before anything is tried" {
    checks 1 -p "$PROXY" --check fine.test 'not a host:1' fine.test:0
    equal "$output" ''
    contains "$stderr" "--check 'not a host:1': " "--check 'fine.test:0': port is not between"
}

@test "the proxy's name does not resolve" {
    checks 11 -p nosuch.invalid:3128 --check fine.test
    told "the proxy's name does not resolve" 'check its spelling'
}

@test "the proxy's port is closed" {
    checks 12 -p 127.0.0.1:1 --check fine.test
    contains "$output" 'fine.test:443 via 127.0.0.1:1: cannot connect to the proxy: connection refused'
    told 'nobody answers at this address and port' 'check the port (often 3128 or 8080)'
}

@test "the proxy accepts and does not answer" {
    start_scripted_hung
    checks 13 -p "$PROXY" --timeout 4 --check silent.test:80
    contains "$output" 'silent.test:80: no answer yet; the proxy does not answer another request either' \
        "silent.test:80 via $PROXY: the proxy did not answer in time"
    told 'no answer' 'a firewall may swallow it'
}

@test "what answers is no HTTP proxy" {
    local target

    for target in web.test:80 ftp.test:21; do
        checks 14 -p "$PROXY" --check "$target"
        told 'what answers there is no HTTP proxy with CONNECT' 'check the port; neither a SOCKS proxy nor a web server'
    done
    checks 14 -p "127.0.0.1:$GREETER_PORT" --check
    told 'what answers there is no HTTP proxy with CONNECT' 'check the port'
}

@test "the port speaks TLS only" {
    local dir=$BATS_TEST_TMPDIR port version

    need openssl
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/key" -out "$dir/certificate" \
        -days 2 -subj /CN=proxy.test 2> /dev/null
    for version in tls1_2 tls1_3; do
        port=$(free_port)
        spawn "openssl-$version" openssl s_server -quiet -accept "127.0.0.1:$port" -key "$dir/key" \
            -cert "$dir/certificate" "-$version"
        wait_listen "openssl-$version" "$port"
        checks 15 -p "127.0.0.1:$port" --check fine.test
        told 'the port speaks TLS only' "use the proxy's plain port, or put stunnel in front of it"
    done
}

# asyncio closes without an alert where it cannot agree.
@test "the port speaks TLS only, to who offers what is usual today" {
    local dir=$BATS_TEST_TMPDIR port

    need openssl python3
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/key" -out "$dir/certificate" -days 2 -subj /CN=proxy.test \
        2> /dev/null
    port=$(free_port)
    spawn asyncio "$(python)" -c '
import asyncio, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + "/certificate", sys.argv[1] + "/key")
async def main():
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", int(sys.argv[2]), ssl=context)
    await server.serve_forever()
asyncio.run(main())' "$dir" "$port"
    wait_listen asyncio "$port"
    checks 15 -p "127.0.0.1:$port" --check fine.test
}

@test "credentials are wanted: the schemes that are offered are named" {
    checks 16 -p "$PROXY" --check password.test:22
    contains "$output" '407 ' 'offers Basic'
    told 'the proxy wants to know who you are' 'give -U and -P'
    checks 16 -p "$PROXY" --check ntlm.test:22
    contains "$output" 'offers NTLM, Negotiate'
    told 'the proxy wants to know who you are' 'give -U and -P; if it offers only Negotiate, NTLM or Digest, add --auth'
}

@test "what the rules do not tunnel is said, and by which of them" {
    checks 0 -p "$PROXY" -x fine.test:443 --check fine.test example.com
    equal "$(grep ^note <<< "$output")" 'note: no program is tunnelled there: fine.test:443: reject, -x: reject fine.test:443'
    checks 0 -p "$PROXY" -t example.com --check fine.test example.com:443
    equal "$(grep ^note <<< "$output")" 'note: no program is tunnelled there: fine.test:443: direct, default direct'
}

@test "the credentials are wrong; the password is not shown" {
    checks 23 -p "http://right:secret-word@$PROXY" --check password.test:22
    contains "$output" "proxy $PROXY, with credentials"
    told 'the proxy does not accept this user and password' 'check them'
    lacks "$output" secret-word
    checks 0 -p "http://right:word@$PROXY" --check password.test:22
}

@test "the port is forbidden" {
    checks 17 -p "$PROXY" --check mail.test:25
    contains "$output" "mail.test:25 via $PROXY: 403 "
    told 'the proxy forbids this target' 'use a port that it allows (--check --ports tells which)'
}

@test "the port is forbidden: of 443, and with a reason of the proxy's own, another port is no remedy" {
    checks 17 -p "$PROXY" --check never.test
    contains "$output" "never.test:443 via $PROXY: 403 Forbidden$NEWLINE"
    told 'the proxy forbids this target' 'ask who runs it: it forbids this host, or CONNECT as a whole'
    checks 17 -p "$PROXY" --check blocked.test:80
    contains "$output" "blocked.test:80 via $PROXY: 403 Request blocked by Privoxy$NEWLINE"
    told 'the proxy forbids this target' 'ask who runs it'
}

@test "a remedy is given once" {
    checks 17 -p "$PROXY" --check mail.test:25 post.test:25
    equal "$(grep -c 'problem: the proxy forbids' <<< "$output") $(grep -c 'what to do' <<< "$output")" '2 1'
}

@test "200 before it connects, and then it closes, or says in HTTP that it failed" {
    checks 30 -p "$PROXY" --check early.test
    contains "$output" 'early.test:443: the proxy said 200, and closed the connection after '
    told 'the proxy says 200 before it connects, and could not connect' "check the target's name and port"
    checks 30 -p "$PROXY" --check inside.test
    contains "$output" 'inside.test:443: the proxy said 200, and then inside the tunnel: HTTP/1.1 302 Redirect'
    told 'the proxy says 200 before it connects, and could not connect' "check the target's name and port"
}

@test "a target that waits for its client: open, and nothing came yet; nothing is sent to it" {
    checks 0 -p "$PROXY" --check waits.test
    [[ $output == *"waits.test:443: open after "*" ms, and nothing came from the target yet (some proxies say 200 before they connect)"* ]]
    lacks "$(cat "$SCRIPTED_LOG")" EARLY
}

@test "a silent target: the proxy is alive" {
    checks 31 -p "$PROXY" --timeout 2 --check silent.test
    contains "$output" 'silent.test:443: no answer yet; the proxy answers another request at once' \
        "silent.test:443 via $PROXY: the proxy did not answer in time"
    told 'the proxy is alive, and still trying: the target does not answer it' "check the target's address and port"
}

@test "a silent target of which the proxy speaks in the end" {
    checks 19 -p "$PROXY" --timeout 10 --check patient.test
    contains "$output" 'no answer yet; the proxy answers another request at once' "patient.test:443 via $PROXY: 504"
    lacks "$output" 'its page says'
}

@test "closed without a word, or 400, by one that speaks HTTP otherwise" {
    checks 32 -p "$PROXY" --check ends.test
    contains "$output" "ends.test:443 via $PROXY: the proxy closed the connection before it had answered"
    told 'it gives no reason: it is a web server, or a proxy that says nothing when it cannot reach the target' 'try a target that works'
    equal "$(grep -v HEADER "$SCRIPTED_LOG" | tail -n 1 | cut -d ' ' -f 1,2)" 'GET /'
    checks 14 -p "$PROXY" --check bad.test
    told 'what answers there is no HTTP proxy with CONNECT' 'check the port'
}

@test "what the page says, and what the proxy is" {
    checks 19 -p "$PROXY" --check page.test
    contains "$output" "page.test:443 via $PROXY: 502 Proxy Error$NEWLINE    its page says: DNS lookup failure for: page.test$NEWLINE" \
        "  it says that it is Apache/2.4.71 (Debian)$NEWLINE    such a proxy cuts tunnels that are quiet for 302 s: ssh -o ServerAliveInterval=60"
    checks 19 -p "$PROXY" --check pieces.test
    contains "$output" 'its page says: Connection refused - connect(2) for "pieces.test" port 443' \
        '  it says that it is WEBrick/1.8.1' 'it ends both directions when a program ends its own'
}

@test "without a target, and example.com cannot be reached: that is no fault of the proxy's" {
    start_scripted --on 'example.com:443' 'status 503; header "X-Squid-Error: ERR_DNS_FAIL 0"'
    checks 0 -p "$PROXY" --check
    contains "$output" "example.com:443 via $PROXY: 503" 'example.com:443 was tried since no target is given'
    lacks "$output" problem
    checks 18 -p "$PROXY" --check example.com:443
}

@test "a list of ports: which the proxy allows" {
    checks 0 -p "$PROXY" --check fine.test:25,443
    [[ $output == *"  fine.test:25: forbidden: 403 Forbidden"*"  fine.test:443: open after "* ]]
    checks 17 -p "$PROXY" --check fine.test:25,25
    told 'the proxy forbids this target' 'use a port that it allows'
    checks 0 -p "$PROXY" --check --ports closed.test
    equal "$(grep -c '  closed.test:[0-9]*: allowed: 503 ' <<< "$output")" 6
    checks 1 -p "$PROXY" --check fine.test:25,0
    contains "$stderr" "--check 'fine.test:25,0': port is not between"
    run --separate-stderr "$PTUNNEL_RUN" -p "$PROXY" --ports true
    fails_with 125
    contains "$stderr" '--ports belongs to --check'
}

@test "a list of ports: a silent target takes three seconds, not --timeout" {
    checks 0 -p "$PROXY" --check silent.test:80,443
    equal "$(grep -c '  silent.test:[0-9]*: allowed: no answer after 3' <<< "$output")" 2
}

@test "URLs are targets" {
    checks 0 -p "$PROXY" --check https://fine.test/a?b=c://d
    contains "$output" '  fine.test:443: open'
    checks 17 -p "$PROXY" --check smtp://me:word@fine.test
    contains "$output" "fine.test:25 via $PROXY: 403"
    run --separate-stderr "$PTUNNEL_RUN" --no-rules -p "$PROXY" --explain HTTP://a.test 'ssh://b.test:99/c:1' 'ftp://[2001:db8::1]/' git://me@c.test#x d.test:1,2
    equal "$(cut -d : -f 1-8 <<< "$output" | sed 's/: tunnel.*//')" "a.test:80${NEWLINE}b.test:99${NEWLINE}[2001:db8::1]:21${NEWLINE}c.test:9418${NEWLINE}d.test:1${NEWLINE}d.test:2"
    run --separate-stderr "$PTUNNEL_RUN" --no-rules -p "$PROXY" --explain odd://a.test
    fails_with 125
    contains "$stderr" "--explain 'odd://a.test': port is missing"
}

@test "the proxy does not know the target" {
    checks 18 -p "$PROXY" --check unknown.test:22
    told 'the proxy does not know the target or a way to it' "check the target's name"
}

@test "the target refuses the proxy, or does not answer it" {
    local target

    for target in closed.test:22 late.test:22 127.0.0.1:1; do
        checks 19 -p "$PROXY" --check "$target"
        told 'the proxy cannot connect to the target' "check the target's port"
    done
}

@test "it is slow" {
    checks 20 -p "$PROXY" --check slow.test:22
    told 'it works, but slowly' 'raise --timeout'
}

@test "the proxy refuses in a way of its own" {
    checks 21 -p "$PROXY" --check odd.test:22
    contains "$output" '418 I am a teapot'
    told 'the proxy refuses' 'its words are above'
}

@test "the proxy is ill" {
    checks 22 -p "$PROXY" --check ill.test:22
    told 'the proxy says that it is ill itself' 'try again'
}

@test "each proxy of each route is tried, for each target; the first thing that is wrong is the status" {
    local rules=$BATS_TEST_TMPDIR/rules

    printf 'proxy %s\nproxy spare http://127.0.0.1:1\ntunnel *.spare.test via spare\ndefault tunnel\n' "$PROXY" > "$rules"
    run --separate-stderr "$PTUNNEL_RUN" -r "$rules" --check fine.test mail.test:25
    fails_with 17
    contains "$output" "proxy $PROXY$NEWLINE  fine.test:443: open" "mail.test:25 via $PROXY: 403" \
        "route spare${NEWLINE}proxy 127.0.0.1:1$NEWLINE  fine.test:443 via 127.0.0.1:1: cannot connect" \
        'mail.test:25 via 127.0.0.1:1: cannot connect'
}

@test "a proxy's name with addresses of both families: when the first is dead, the second is tried" {
    local hosts=$BATS_TEST_TMPDIR/hosts port

    need root mountns ipv6
    printf '127.0.0.1 both.test\n::1 both.test\n' > "$hosts"
    for port in "$SCRIPTED_PORT" "$SCRIPTED_PORT6"; do
        run timeout -k 5 30 unshare --mount sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$hosts" \
            "$PTUNNEL_RUN" --no-rules -p "both.test:$port" --check fine.test
        succeeds
        contains "$output" '  addresses: ' 127.0.0.1 ::1 'open after'
    done
}
