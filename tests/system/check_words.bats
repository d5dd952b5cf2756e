#!/usr/bin/env bats
# ptunnel-run --check: what it says of the replies that real proxies were measured to give, byte for byte where they
# matter. That the proxies still give them is asked by proxies.bats, and by make zoo.

load helpers

# What each row's target is answered, and what is to be said: "PORT ACTIONS => STATUS WORDS". All are checked at once.
rows_are_told() {
    local line port rest count=0 bad=0 arguments=() pids=() dir=$BATS_TEST_TMPDIR

    while IFS= read -r line; do
        count=$((count + 1))
        port=${line%% *} rest=${line#* }
        arguments+=(--on "row$count.test:$port" "${rest%% => *}")
        printf '%s\n' "row$count.test:$port ${rest##* => }" >> "$dir/rows"
    done
    start_scripted "${arguments[@]}"
    while read -r target status words; do
        {
            code=0
            timeout -k 5 60 "$PTUNNEL_RUN" --no-rules --timeout 5 -p "$PROXY" --check "$target" > "$dir/$target.said" 2>&1 || code=$?
            echo $code > "$dir/$target.status"
        } 3>&- &
        pids+=($!)
    done < "$dir/rows"
    wait "${pids[@]}"
    while read -r target status words; do
        [ "$(cat "$dir/$target.status")" = "$status" ] && grep -qF -- "$words" "$dir/$target.said" && continue
        printf '%s\n' "$target: wanted $status $words" "got $(cat "$dir/$target.status"):" "$(cat "$dir/$target.said")"
        bad=1
    done < "$dir/rows"
    [ "$count" -gt 0 ] && [ "$bad" -eq 0 ]
}

# serve NAME PORT PROGRAM : each connection that comes to 127.0.0.1:PORT is `client` there
serve() {
    spawn "$1" "$(python)" -c "import socket, sys, time
server = socket.create_server(('127.0.0.1', int(sys.argv[1])))
while True:
    client = server.accept()[0]
    $3
    client.close()" "$2"
    wait_listen "$1" "$2"
}

@test "no answer is no proxy that could not be reached: squid that still tries, cntlm and an IPv6 literal, proxy-chain" {
    rows_are_told << 'END'
443 hang => 31 still trying: the target does not answer it
443 close => 32 it gives no reason
22 close => 32 try a target that works
END
}

@test "200 before it connects: trafficserver, e2guardian, v2ray, anyproxy" {
    rows_are_told << 'END'
443 raw "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nServer: ATS/9.2.9\r\n\r\n" => 30 the proxy said 200, and closed the connection after
443 raw "HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 302 Redirect\r\nServer: e2guardian\r\n\r\n" => 30 the proxy said 200, and then inside the tunnel: HTTP/1.1 302 Redirect
443 raw "HTTP/1.1 200 Connection established\r\n\r\n"; end reset => 30 the proxy says 200 before it connects, and could not connect
443 raw "HTTP/1.1 200 OK\r\n\r\n"; end hang => 0 and nothing came from the target yet (some proxies say 200 before they connect)
END
}

@test "the end of a tunnel that comes a second later is seen, too: v2ray" {
    local port

    port=$(free_port)
    serve late "$port" "client.recv(4096), client.sendall(b'HTTP/1.1 200 Connection established\r\n\r\n'), time.sleep(1)"
    run timeout -k 5 30 "$PTUNNEL_RUN" --no-rules -p "127.0.0.1:$port" --check a.test
    fails_with 30
    [[ $output =~ 'closed the connection after '(9[0-9][0-9]|1[0-4][0-9][0-9])' ms' ]]
}

@test "one that closes on everything is no HTTP proxy: dante, twisted; one that has a page is: proxy-chain, whistle" {
    local port

    port=$(free_port)
    serve closes "$port" 'client.recv(4096)'
    run timeout -k 5 30 "$PTUNNEL_RUN" --no-rules -p "127.0.0.1:$port" --check a.test
    fails_with 14
    contains "$output" 'neither a SOCKS proxy nor a web server will do'
    port=$(free_port)
    serve page "$port" "client.recv(4096)[:3] == b'GET' and (time.sleep(2.5), client.sendall(b'HTTP/1.1 502 Bad Gateway\r\n\r\n'))"
    run timeout -k 5 30 "$PTUNNEL_RUN" --no-rules -p "127.0.0.1:$port" --check a.test
    fails_with 32
    contains "$output" 'try a target that works'
}

@test "400 without a word more, by one whose page is an error: transparent-proxy, lighttpd" {
    local port

    port=$(free_port)
    serve bad "$port" "client.recv(4096) and client.sendall(b'HTTP/1.0 400 Bad Request\r\n\r\n')"
    run timeout -k 5 30 "$PTUNNEL_RUN" --no-rules -p "127.0.0.1:$port" --check a.test
    fails_with 32
    contains "$output" 'it gives no reason'
}

@test "what a port has to do with it: said of other ports than 443, and where no other reason is given" {
    rows_are_told << 'END'
443 status 403 CONNECT denied (ask the admin to allow HTTPS tunnels) => 17 ask who runs it: it forbids this host, or CONNECT as a whole
443 status 403 Request blocked by Privoxy => 17 ask who runs it: it forbids this host, or CONNECT as a whole
22 status 403 Request blocked by Privoxy => 17 ask who runs it: it forbids this host, or CONNECT as a whole
22 status 403 Forbidden => 17 (many proxies allow CONNECT only to port 443)
22 status 403 Proxy Error => 17 use a port that it allows (--check --ports tells which)
22 status 403 Tunnel Forbidden => 17 use a port that it allows (--check --ports tells which)
443 status 403 Tunnel Forbidden => 17 ask who runs it: it forbids this host, or CONNECT as a whole
END
}

@test "the status line names the cause: apt-cacher-ng, trafficserver, tor" {
    rows_are_told << 'END'
443 http10; status 502 CONNECT error: Host not found => 18 the proxy does not know the target or a way to it
443 http10; status 502 CONNECT error: Connection timeout => 19 the proxy cannot connect to the target
443 http10; status 502 CONNECT error: Network is unreachable => 18 the proxy does not know the target or a way to it
443 http10; status 502 CONNECT error: Connection refused => 19 the proxy cannot connect to the target
443 status 500 Cannot find server. => 18 the proxy does not know the target or a way to it
443 http10; status 403 Forbidden (connection refused) => 19 the proxy cannot connect to the target
443 http10; status 403 Forbidden (connection reset) => 19 the proxy cannot connect to the target
443 http10; status 503 Service Unavailable (resolve failed) => 18 the proxy does not know the target or a way to it
443 http10; status 503 Service Unavailable (no route) => 18 the proxy does not know the target or a way to it
443 http10; status 500 Internal Server Error (weird end reason); header "Tor-Request-Failed: c-tor/PRIVATE_ADDR" => 17 the proxy forbids this target
END
}

@test "the page names the cause: apache, WEBrick, HTTP::Proxy, mitmproxy, ziproxy" {
    rows_are_told << 'END'
443 raw "HTTP/1.1 502 Proxy Error\r\nContent-Length: 76\r\n\r\n<title>502 Proxy Error</title><p>DNS lookup failure for: nosuch.test</p>\r\n\r\n" => 19 its page says: DNS lookup failure for: nosuch.test
443 raw "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 68\r\n\r\n<H1>x</H1>getaddrinfo: Name or service not known &quot;a&quot;\r\n<HR>\r\n" => 19 its page says: getaddrinfo: Name or service not known "a"
443 raw "HTTP/1.1 500 Internal Server Error\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\n29\r\nCONNECT failed: Name or service not known\r\n0\r\n\r\n" => 19 its page says: CONNECT failed: Name or service not known
443 raw "HTTP/1.1 502 Bad Gateway\r\n\r\n<html><h1>502 Bad Gateway</h1><p>Cannot connect to nosuch.test:443: [Errno -2] Name or service not known</p>" => 19 its page says: Cannot connect to nosuch.test:443: [Errno -2] Name or service not known
443 raw "HTTP/1.1 503 Service Unavailable\r\nServer: ziproxy\r\n\r\n<p>Connection refused.</p>" => 19 its page says: Connection refused.
END
}

@test "every exit status of the code is in the manual, and none that is not" {
    equal "$(sed -n '/^.SH CHECKING/,/^.SH DIFFERENCES/p' "$ROOT/helper/ptunnel-run.1" | sed -n 's/^\([0-9]*\)|.*/\1/p' | grep -v 125)" \
        "$(sed -n 's/^    CHECK_[A-Z_]* = \([0-9]*\),.*/\1/p' "$ROOT/helper/run/check.h" | sort -n)"
}

@test "the usual --timeout is longer than squid's own 60 seconds" {
    run "$PTUNNEL_RUN" --help
    contains "$output" 'the most that opening a tunnel may take (65)'
}
