#!/usr/bin/env bats
# Real event loops through squid: each does what it does natively, and squid's log counts the tunnels. Then their own
# time-outs, and their timers, while a proxy is silent.

load helpers

setup_file() {
    start_http
    start_redis
    start_squid
    head -c 8388608 /dev/urandom > "${WWW:-$BATS_FILE_TMPDIR}/8M"
    start_targets
    NEVER=$(port never)
    export NEVER
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

# in_time LEAST MOST COMMAND... : natively against a target that never answers, and through a proxy that never does; the
# status and the words are the same, and both keep the program's own time-out, in ms
in_time() {
    local least=$1 most=$2 native

    shift 2
    took "$least" "$most" timeout 20 "$@"
    native="$status $output"
    took "$least" "$most" tunnelled "$@"
    equal "$(words "$status $output")" "$(words "$native")"
}

took() { # LEAST MOST COMMAND...
    local start=${EPOCHREALTIME/[.,]/} ms

    run "${@:3}"
    ms=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
    [ "$ms" -ge "$1" ] && [ "$ms" -le "$2" ] || {
        echo "${*:3}: $ms ms, status $status: $output"
        return 1
    }
}

words() { # without figures
    sed 's/[0-9]* ms/MS/g' <<< "$1"
}

start_silent() {
    start_scripted --on '*' hang
}

@test "silent proxy: curl --connect-timeout" {
    need curl
    start_silent
    in_time 900 4000 curl -sS --noproxy '*' --connect-timeout 1 "http://127.0.0.1:$NEVER/"
    contains "$status $output" '28 ' 'Failed to connect'
}

@test "silent proxy: curl --parallel --connect-timeout" {
    need curl
    start_silent
    in_time 900 4000 curl -sS --no-progress-meter --noproxy '*' --connect-timeout 1 --parallel --parallel-immediate -o /dev/null \
        "http://127.0.0.1:$NEVER/[1-3]"
}

@test "silent proxy: ssh ConnectTimeout" {
    need ssh
    start_silent
    in_time 900 4000 ssh -F none -o BatchMode=yes -o ConnectTimeout=1 -p "$NEVER" 127.0.0.1 true
    contains "$status $output" '255 ' 'Connection timed out'
}

@test "silent proxy: nc -w" {
    need nc
    start_silent
    in_time 900 4000 nc -w 1 127.0.0.1 "$NEVER"
}

@test "silent proxy: java's Socket.connect with a time-out" {
    need java
    start_silent
    in_time 1000 12000 java "$LOOPS/Client.java" 127.0.0.1 "$NEVER"
    contains "$output" SocketTimeoutException
}

@test "silent proxy: psql connect_timeout" {
    need psql
    start_silent
    in_time 1900 5000 psql -X -w "host=127.0.0.1 port=$NEVER user=u dbname=d connect_timeout=2" -c 'select 1'
    contains "$output" 'timeout expired'
}

# A busy machine is late without us, too: what it takes natively in the same minute is granted.
ticks_on_time() { # poll | select | epoll
    local native through

    start_silent
    native=$("$PROGRAMS/ticks" "$1" 127.0.0.1 "$NEVER" 100 2000)
    through=$(tunnelled "$PROGRAMS/ticks" "$1" 127.0.0.1 "$NEVER" 100 2000)
    echo "# $1: longest tick $native natively, $through with 100 handshakes hanging" >&3
    contains "$native" ', 0 ready'
    contains "$through" ', 0 ready'
    [ "${through%% *}" -le 50 ] || [ "${through%% *}" -le $((2 * ${native%% *})) ]
    equal "$(grep -c ^CONNECT "$SCRIPTED_LOG")" 100
}

@test "silent proxy: epoll with a timer of 1 ms" { ticks_on_time epoll; }
@test "silent proxy: poll with a timer of 1 ms" { ticks_on_time poll; }
@test "silent proxy: select with a timer of 1 ms" { ticks_on_time select; }
