#!/usr/bin/env bats
# Real event loops through squid: each does what it does natively, and squid's log counts the tunnels. See loops_silent.bats, too.

load helpers

setup_file() {
    start_http
    start_redis
    start_squid
    head -c 8388608 /dev/urandom > "${WWW:-$BATS_FILE_TMPDIR}/8M"
}

LOOPS=$ROOT/tests/programs/loops

# same_as_native COMMAND... : the same output and status, of which the first line is not empty
same_as_native() {
    local native native_status

    run "$@"
    native=$output native_status=$status
    LIMIT=60 run tunnelled "$@"
    equal "$status $output" "$native_status $native"
    [ -n "$output" ]
}

# tunnels PORT LEAST [MOST] : so many since `through`
tunnels() {
    wait_until enough "$1" "$2" || {
        count "$1"
        return 1
    }
    [ "$(count "$1")" -le "${3:-100000}" ]
}

enough() { # PORT LEAST
    [ "$(count "$1")" -ge "$2" ]
}

count() { # PORT
    tail -n "+$((LOGGED + 1))" "$LOG" | grep -cF "CONNECT $URLHOST:$1 "
}

@test "python asyncio, 200 at once" {
    need nginx python3
    through squid 4
    same_as_native "$(python)" "$LOOPS/fetch.py" 200 "$HOST" "$HTTP_PORT"
    equal "$output" '200 hello from the target'
    tunnels "$HTTP_PORT" 200 200
}

@test "python asyncio, 200 at once, IPv6" {
    need nginx python3
    through squid 6
    same_as_native "$(python)" "$LOOPS/fetch.py" 200 "$HOST" "$HTTP_PORT"
    equal "$output" '200 hello from the target'
    tunnels "$HTTP_PORT" 200 200
}

@test "node http, 200 at once" {
    need nginx node
    through squid 4
    same_as_native node "$LOOPS/fetch.js" 200 "$HOST" "$HTTP_PORT"
    equal "$output" '200 hello from the target'
    tunnels "$HTTP_PORT" 200 200
}

@test "curl --parallel" {
    need nginx curl
    through squid 4
    same_as_native curl -sS --no-progress-meter --noproxy '*' --parallel --parallel-max 100 --parallel-immediate \
        "http://$URLHOST:$HTTP_PORT/hello?[1-100]"
    equal "$(grep -c 'hello from the target' <<< "$output")" 100
    tunnels "$HTTP_PORT" 50 100
}

@test "nginx proxy_pass" {
    need nginx curl
    through squid 4
    local front dir=$BATS_TEST_TMPDIR

    front=$(free_port)
    cat > "$dir/nginx.conf" << END
daemon off;
worker_processes 1;
pid $dir/pid;
error_log $dir/error.log warn;
events { worker_connections 512; use epoll; }
http {
    access_log off;
    client_body_temp_path $dir/1; proxy_temp_path $dir/2; fastcgi_temp_path $dir/3; uwsgi_temp_path $dir/4;
    scgi_temp_path $dir/5;
    server { listen 127.0.0.1:$front; location / { proxy_pass http://$HOST:$HTTP_PORT; } }
}
END
    spawn front "$PTUNNEL_RUN" -p "$PROXY" --loopback -- nginx -p "$dir" -e "$dir/error.log" -c "$dir/nginx.conf"
    wait_listen front "$front"
    run curl -sS --no-progress-meter --noproxy '*' --parallel --parallel-max 50 --parallel-immediate "http://127.0.0.1:$front/hello?[1-100]"
    succeeds
    equal "$(grep -c 'hello from the target' <<< "$output")" 100
    tunnels "$HTTP_PORT" 100 100
    curl -sS --noproxy '*' -o "$dir/8M" "http://127.0.0.1:$front/8M"
    cmp "$WWW/8M" "$dir/8M"
}

@test "java: a selector with 100 channels" {
    need nginx java
    through squid 4
    same_as_native java "$LOOPS/Select.java" 100 "$HOST" "$HTTP_PORT"
    equal "$output" '100 hello from the target'
    tunnels "$HTTP_PORT" 100 100
}

@test "java: HttpClient, 100 at once" {
    need nginx java
    through squid 4
    same_as_native java "$LOOPS/Client.java" 100 "$HOST" "$HTTP_PORT"
    equal "$output" '100 hello from the target'
    tunnels "$HTTP_PORT" 2
}

@test "ab -c 100" {
    need nginx ab
    through squid 4
    run tunnelled ab -q -c 100 -n 500 "http://$URLHOST:$HTTP_PORT/hello"
    succeeds
    grep -q '^Complete requests: *500$' <<< "$output"
    grep -q '^Failed requests: *0$' <<< "$output"
    lacks "$output" 'Non-2xx'
    tunnels "$HTTP_PORT" 500
}

@test "wrk -c 100" {
    need nginx wrk
    through squid 4
    run tunnelled wrk -t 2 -c 100 -d 2s "http://$URLHOST:$HTTP_PORT/hello"
    succeeds
    lacks "$output" 'Socket errors' 'Non-2xx'
    grep -q ' requests in ' <<< "$output"
    tunnels "$HTTP_PORT" 100
}

@test "redis-benchmark" {
    need redis-server redis-benchmark
    through squid 4
    run tunnelled redis-benchmark -h "$HOST" -p "$REDIS_PORT" -c 50 -n 5000 -t set,get -q
    succeeds
    contains "$output" 'SET: ' 'GET: ' 'requests per second'
    tunnels "$REDIS_PORT" 100
}

@test "aria2c in eight pieces" {
    need nginx aria2c
    through squid 4
    run tunnelled aria2c -q --no-conf --all-proxy= -s 8 -x 8 -k 1M -d "$BATS_TEST_TMPDIR" -o 8M "http://$URLHOST:$HTTP_PORT/8M"
    succeeds
    cmp "$WWW/8M" "$BATS_TEST_TMPDIR/8M"
    tunnels "$HTTP_PORT" 8
}
