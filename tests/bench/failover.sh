#!/usr/bin/env bash
# What a dead first proxy costs a program on its first connect() and on later ones: one that refuses, one that takes the
# connection and is silent, one that does not answer the SYN; blocking and non-blocking. Prints a table (markdown).
#   RUNS=5 LATER=200 ATTEMPT=2
set -eu
cd "$(dirname "$0")/../.."
B=$(cd "${B:-build}" && pwd)
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}"; rm -r "$work"' EXIT
python=$(python3 -c 'import sys; print(sys.executable)')

start_proxy() { # NAME ARGUMENT... : its port is in $port
    local name=$1

    : > "$work/$name"
    "$B/tests/proxy" --listen 127.0.0.1:0 "${@:2}" > "$work/$name" &
    pids+=($!)
    until grep -q listening "$work/$name"; do kill -0 $!; done
    port=$(sed 's/.*://' "$work/$name")
}

start_proxy good --on '*' 'raw "HTTP/1.1 200 OK\r\n\r\n"; end hang'
good=$port
start_proxy silent --on-accept hang
silent=$port

# A queue that is full, so that further SYNs are dropped.
"$python" -c '
import socket, time
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(0)
clients = [socket.socket() for i in range(4)]
for client in clients:
    client.setblocking(False)
    client.connect_ex(server.getsockname())
print(server.getsockname()[1], flush=True)
time.sleep(3600)' > "$work/full" &
pids+=($!)
until [ -s "$work/full" ]; do kill -0 $!; done
full=$(cat "$work/full")

# The first connect() and the median of the later ones, in milliseconds.
cat > "$work/connects.py" << 'END'
import select
import socket
import statistics
import sys
import time


def connect(blocking):
    start = time.perf_counter()
    with socket.socket() as client:
        client.setblocking(blocking)
        if client.connect_ex(("203.0.113.7", 7)) != 0:
            select.select([], [client], [])
        error = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            sys.exit(f"errno {error}")
    return (time.perf_counter() - start) * 1e3


times = [connect(sys.argv[1] == "blocking") for i in range(int(sys.argv[2]) + 1)]
print(times[0], statistics.median(times[1:]), max(times[1:]))
END

row() { # NAME PROXY...
    local name=$1 proxies=() proxy mode run

    for proxy in "${@:2}"; do
        proxies+=(-p "127.0.0.1:$proxy")
    done
    for mode in blocking non-blocking; do
        for ((run = 0; run < ${RUNS:-5}; run++)); do
            "$B/ptunnel-run" -q --no-rules --attempt "${ATTEMPT:-2}" "${proxies[@]}" "$python" "$work/connects.py" \
                "$mode" "${LATER:-200}"
        done | "$python" -c '
import statistics, sys
rows = [[float(word) for word in line.split()] for line in sys.stdin]
first, later, worst = zip(*rows)
print(f"| {sys.argv[1]} | {sys.argv[2]} | {statistics.median(first):.2f} | {max(first):.2f} | {statistics.median(later):.3f} | {max(worst):.2f} |")' "$name" "$mode"
    done
}

echo "| the first proxy (\`--attempt ${ATTEMPT:-2}\`) | socket | first ms | most | later, median ms | most |"
echo '|---|---|--:|--:|--:|--:|'
row 'there is only the good one' "$good"
row 'refuses' 1 "$good"
row 'is silent' "$silent" "$good"
row 'does not answer the SYN' "$full" "$good"
