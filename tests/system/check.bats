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
        --on 'ends.test:*' 'close' \
        --on 'web.test:*' 'status 405' \
        --on 'ftp.test:*' 'raw "220 ftp.test ready\r\n"'
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
    [[ $output =~ ^"proxy $PROXY$NEWLINE  fine.test: open after "[0-9]+" ms"$ ]]
    lacks "$output" problem
}

@test "without a target example.com:443 is tried" {
    checks 0 -p "$PROXY" --check
    contains "$output" '  example.com:443: open after '
    equal "$(tail -n 1 "$SCRIPTED_LOG")" 'CONNECT example.com:443 200'
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
    checks 13 -p "$PROXY" --check silent.test:80
    contains "$output" "silent.test:80 via $PROXY: the proxy did not answer in time"
    told 'no answer' 'a firewall may swallow it'
}

@test "what answers is no HTTP proxy" {
    local target

    for target in web.test:80 ftp.test:21 ends.test:80; do
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
    told 'the proxy forbids this target' 'many proxies allow CONNECT only to port 443'
}

@test "the proxy does not know the target" {
    checks 18 -p "$PROXY" --check unknown.test:22
    told 'the proxy does not know the target or a way to it' "check the target's name"
}

@test "the target refuses the proxy, or does not answer it" {
    local target

    for target in closed.test:22 late.test:22 "127.0.0.1:1"; do
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
    contains "$output" "proxy $PROXY$NEWLINE  fine.test: open" "mail.test:25 via $PROXY: 403" \
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
