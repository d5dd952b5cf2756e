#!/usr/bin/env bash
# What a supervised command's connections cost: a Go program's, through the tests' proxy, beside one that speaks CONNECT itself
# (dials), the preload (bulk), and a plain start (start-up). The peer that stops programs by ptrace(2), graftcp, is not built here.
# Prints a table (markdown). RUNS=9 of each, in turn; least and median.
#
# needs: go, gcc, busybox (static)
set -eu
cd "$(dirname "$0")/../.."
B=$(cd "${B:-build}" && pwd)
RUNS=${RUNS:-9}
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2> /dev/null; rm -r "$work"' EXIT
env CGO_ENABLED=0 GO111MODULE=off GOTOOLCHAIN=local GOCACHE="$B/go" go build -o "$work/go" tests/bench/supervise.go
go=$work/go

# One byte and the end (port 7), or as much as anybody reads (port 8).
cat > "$work/target.py" << 'END'
import socket, threading
def serve(server, bytes):
    while True:
        client, _ = server.accept()
        threading.Thread(target=send, args=(client, bytes), daemon=True).start()
def send(client, bytes):
    try:
        client.sendall(b"x")
        while bytes:
            client.sendall(bytes)
    except OSError:
        pass
    client.close()
servers = [socket.create_server(("127.0.0.1", 0), backlog=2000) for _ in range(2)]
print(*(server.getsockname()[1] for server in servers), flush=True)
threading.Thread(target=serve, args=(servers[1], b"x" * 1048576), daemon=True).start()
serve(servers[0], b"")
END
python3 "$work/target.py" > "$work/ports" & pids+=($!)
until [ -s "$work/ports" ]; do sleep 0.1; done
read -r small large < "$work/ports"
"$B/tests/proxy" --listen 127.0.0.1:0 --on '*:8' "to 127.0.0.1:$large" --on '*:97' hang \
    --on '*:200' "delay 200; to 127.0.0.1:$small" --on '*' "to 127.0.0.1:$small" > "$work/proxy" & pids+=($!)
until [ -s "$work/proxy" ]; do sleep 0.1; done
proxy=$(sed -n 's/^listening //p' "$work/proxy")
run=("$B/ptunnel-run" -q --no-rules -p "$proxy")
${CC:-cc} -O2 -o "$work/pull" tests/bench/pull.c
${CC:-cc} -O2 -static -o "$work/pull-static" tests/bench/pull.c

declare -A seen
note() { # NAME COMMAND... : the first number that it prints
    local number

    number=$("${@:2}" | awk '{ print $1; exit }')
    seen[$1]+="$number "
}

started() { # COMMAND... : ms of its start and end
    local before=${EPOCHREALTIME/./}

    "$@"
    echo $(((${EPOCHREALTIME/./} - before) / 10)) | awk '{ print $1 / 100 }'
}

summary() { # NAME -> "least / median"
    tr ' ' '\n' <<< "${seen[$1]}" | grep . | sort -g | awk '{ all[NR] = $1 } END { print all[1] " / " all[int((NR + 1) / 2)] }'
}

for ((round = 0; round < RUNS; round++)); do
    note 'Go, 1000 dials of 200 ms, CONNECT by itself, ms' "$go" dials 203.0.113.7:200 1000 "$proxy"
    note 'Go, 1000 dials of 200 ms, supervised, ms' "${run[@]}" "$go" dials 203.0.113.7:200 1000
    note 'Go, 1000 dials of 200 ms, --strict, ms' "${run[@]}" --strict "$go" dials 203.0.113.7:200 1000
    note 'Go, DialTimeout of 50 ms is late by, ms' "${run[@]}" "$go" deadline 203.0.113.7:97 20
    note 'Go, one dial after the other, supervised, us' "${run[@]}" "$go" serial 203.0.113.7:7 300
    note '1 GiB, preloaded, MB/s' "${run[@]}" "$work/pull" 203.0.113.7 8
    note '1 GiB, placed (Go), MB/s' "${run[@]}" "$go" pull 203.0.113.7:8 1073741824
    note '1 GiB, blocking, placed, MB/s' "${run[@]}" "$work/pull-static" 203.0.113.7 8
    note '1 GiB, relayed (--strict), MB/s' "${run[@]}" --strict "$work/pull-static" 203.0.113.7 8
    note 'start of busybox true, ms' started busybox true
    note 'start of it, supervised, ms' started "${run[@]}" busybox true
    note 'start of it, --strict, ms' started "${run[@]}" --strict busybox true
done
echo '| what | least / median |'
echo '| --- | --: |'
for name in "${!seen[@]}"; do
    echo "| $name | $(summary "$name") |"
done | sort
