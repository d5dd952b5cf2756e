# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # for the tests, and variables of theirs
# What a runtime says of a banner by a name that only the proxy knows, of a refusal, and of a time-out: the same as natively.
# A test has said_native and said_tunnelled RUNTIME HOST PORT SECONDS, which print what it says and how it ended.

# start_cases : GREETER_PORT, CLOSED_PORT, SILENT_PORT, and PROXY that knows the three names
start_cases() {
    start_greeter
    start_scripted --on 'banner.example:*' "to 127.0.0.1:$GREETER_PORT" --on 'refused.example:*' 'status 502' \
        --on 'never.example:*' hang
    SILENT_PORT=$(start_silent)
    CLOSED_PORT=$(free_port)
    export SILENT_PORT CLOSED_PORT
}

# start_silent : the port of a listener whose queue is full, so that no SYN is answered
start_silent() {
    spawn silent "$(python)" -u -c '
import socket, time
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
kept = [socket.socket() for i in range(4)]
for s in kept:
    s.setblocking(False)
    s.connect_ex(listener.getsockname())
print(listener.getsockname()[1])
time.sleep(3600)'
    wait_until test -s "$BATS_FILE_TMPDIR/silent.out"
    cat "$BATS_FILE_TMPDIR/silent.out"
}

# run_cases RUNTIME... : the three cases of each, natively and tunnelled, all at the same time. $OUT/RUNTIME.CASE.HOW
run_cases() {
    local runtime case port seconds

    for runtime in "$@"; do
        for case in banner refused never; do
            seconds=${PATIENCE:-30}
            case $case in
            banner) port=$GREETER_PORT ;;
            refused) port=$CLOSED_PORT ;;
            never) port=$SILENT_PORT seconds=1 ;;
            esac
            said_native "$runtime" localhost "$port" "$seconds" \
                > "$OUT/$runtime.$case.native" 2> /dev/null < /dev/null 3>&- &
            said_tunnelled "$runtime" "$case.example" "$port" "$seconds" \
                > "$OUT/$runtime.$case.tunnelled" 2> "$OUT/$runtime.$case.words" < /dev/null 3>&- &
        done
    done
    wait
}

# behaves RUNTIME : its three cases are as natively, and the banner arrived
behaves() {
    local case wrong=0

    for case in banner refused never; do
        diff "$OUT/$1.$case.native" "$OUT/$1.$case.tunnelled" || {
            echo "^ $1, $case: $(cat "$OUT/$1.$case.words")"
            wrong=1
        }
    done
    grep -q hello "$OUT/$1.banner.tunnelled" || { echo "$1: no banner"; wrong=1; }
    ! grep -H hello "$OUT/$1".{refused,never}.native || wrong=1
    return $wrong
}
