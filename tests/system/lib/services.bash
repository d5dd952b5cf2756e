# shellcheck shell=bash
# Services: started in the background, known by pid, stopped by pid. One that setup_file starts lives as long as the
# file, one that a test starts as long as the test.

# The directory for files of the running test, or of the file in setup_file.
here() {
    if [ -n "${BATS_TEST_TMPDIR:-}" ]; then
        echo "$BATS_TEST_TMPDIR"
    else
        # squid drops root, and has to reach its files
        chmod a+x "$BATS_RUN_TMPDIR"
        echo "$BATS_FILE_TMPDIR"
    fi
}

# spawn NAME COMMAND... : output goes to NAME.out; the pid is in $SPAWNED
spawn() {
    local name=$1 dir

    shift
    dir=$(here)
    mkdir -p "$dir/pids"
    "$@" > "$dir/$name.out" 2>&1 < /dev/null 3>&- 4>&- &
    SPAWNED=$!
    : > "$dir/pids/$SPAWNED"
}

stop_services() {
    local pid pids=()

    for pid in "$1"/pids/*; do
        [ -e "$pid" ] || return 0
        pids+=("${pid##*/}")
        rm "$pid"
    done
    kill "${pids[@]}" 2> /dev/null
    for pid in "${pids[@]}"; do
        wait_until gone "$pid" || kill -9 "$pid"
    done
    return 0
}

gone() { # PID: no such process, or only its exit status is left
    local state

    { read -r state < "/proc/$1/stat"; } 2> /dev/null || return 0
    [[ ${state##*) } == Z* ]]
}

# A port that nobody uses, below the range from which the kernel takes ports for outgoing connections.
free_port() {
    local port

    while port=$((15000 + RANDOM % 17000)); do
        grep -qsi "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$port") " /proc/net/tcp /proc/net/tcp6 || break
    done
    echo "$port"
}

# Looks at the kernel's table: a connect() would be a client.
listening() { # PORT
    grep -qsi "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$1") [0-9A-F]*:0000 0A " /proc/net/tcp /proc/net/tcp6
}

listening_or_gone() { # PORT PID
    listening "$1" || gone "$2"
}

# wait_listen NAME PORT : the service spawned last
wait_listen() {
    wait_until listening_or_gone "$2" "$SPAWNED" && listening "$2" && return
    echo "$1 did not start on port $2:"
    tail -n 20 "$(here)/$1.out"
    return 1
}
