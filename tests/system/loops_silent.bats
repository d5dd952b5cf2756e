#!/usr/bin/env bats
# A proxy that takes connections and says nothing: programs' own time-outs hold, and so do their timers.

load helpers

LOOPS=$ROOT/tests/programs/loops

setup_file() {
    start_targets
    NEVER=$(port never)
    export NEVER
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
