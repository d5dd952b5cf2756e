#!/usr/bin/env bash
# What a proxy that wants Kerberos costs: time and processor a connection, and an agent that is stopped; beside curl's own
# --proxy-negotiate. Starts a Kerberos server and squid on loopback. Prints a table (markdown).
# On a machine that does something else the times are those of a program with precedence: chrt -f 10 tests/bench/auth.sh
#   COUNT=300 (connections of each measurement) SECONDS_STOPPED=5
set -eu
cd "$(dirname "$0")/../.."
COUNT=${COUNT:-300} SECONDS_STOPPED=${SECONDS_STOPPED:-5}
work=$(mktemp -d)
chmod a+x "$work"
BATS_TEST_TMPDIR=$work BATS_FILE_TMPDIR=$work BATS_RUN_TMPDIR=$work
bats_require_minimum_version() { :; }
. tests/system/helpers.bash
. tests/system/lib/peers.bash
trap 'end_agent; stop_services "$work"; rm -rf "$work"' EXIT

start_kdc
start_greeter
start_http
start_peer kerberos < <(negotiate_lines)
kerberos=$PEER_PORT
start_peer open < <(negotiate_lines; echo 'http_access allow all')
without=$PEER_PORT
start_scripted --on '*' 'raw "HTTP/1.1 200 OK\r\n\r\n"; end hang'
scripted=$SCRIPTED_PORT
own_agent
get_ticket "$work/ticket"
mkdir -m 700 "$work/tickets"
get_ticket "DIR:$work/tickets"
export KRB5CCNAME=FILE:$work/ticket

row() { # WHAT VALUE [LIMIT]
    printf '| %s | %s | %s |\n' "$1" "$2" "${3:-}"
}

subtract() { # A B
    awk "BEGIN { printf \"%.2f\", $1 - $2 }"
}

# The median, in milliseconds, of a connect() with ten milliseconds in between: so long the agent has for the next token.
latency() { # PORT OPTION...
    through_peer "$@" -- python3 -c '
import socket, statistics, sys, time
times = []
for i in range(int(sys.argv[1]) + 20):
    with socket.socket() as client:
        start = time.perf_counter()
        client.connect(("127.0.0.1", int(sys.argv[2])))
        times.append(time.perf_counter() - start)
    time.sleep(0.01)
print("%.2f" % (statistics.median(times[20:]) * 1000))' "$COUNT" "$GREETER_PORT"
}

# Nanoseconds on a processor so far, of the agent and its workers.
agent_time() {
    local pid=$1

    # shellcheck disable=SC2046 # several
    cat /proc/"$pid"/schedstat $(printf '/proc/%s/schedstat ' $(cat "/proc/$pid/task/$pid/children")) | awk '{ sum += $1 } END { printf "%d", sum }'
}

processor() { # COMMAND... : milliseconds
    local TIMEFORMAT='%U %S'

    { time "$@" > /dev/null 2>&1; } 2>&1 | awk '{ printf "%d", ($1 + $2) * 1000 }'
}

fetches() { # COUNT
    echo "-s -H Connection:close http://127.0.0.1:$HTTP_PORT/hello?[1-$1]"
}

each() { # MILLISECONDS-OF-ONE OF-ALL
    awk "BEGIN { printf \"%.2f\", ($2 - $1) / $COUNT }"
}

# shellcheck disable=SC2046 # several words
ours() { # COUNT
    through_peer "$kerberos" --auth negotiate -- curl $(fetches "$1")
}

# shellcheck disable=SC2046
curls() { # COUNT
    curl -x "localhost:$kerberos" --proxy-negotiate -U : -p $(fetches "$1")
}

echo '| what | measured | wanted |'
echo '|---|--:|---|'

start=$(date +%s%N)
through_peer "$kerberos" --auth negotiate -- true
cold=$((($(date +%s%N) - start) / 1000000))
start=$(date +%s%N)
through_peer "$kerberos" --auth negotiate -- true
row 'ptunnel-run that starts the agent, first token included; that finds it, ms' "$cold; $((($(date +%s%N) - start) / 1000000))"

plain=$(latency "$scripted") pooled=$(latency "$scripted" --auth negotiate)
row 'a connection without authentication, to a proxy that accepts everything, ms' "$plain"
row 'more with a token that was made ahead, ms' "$(subtract "$pooled" "$plain")" '<= 0.3'
worker=$(KRB5CCNAME=DIR:$work/tickets latency "$scripted" --auth negotiate)
row 'more with a token of a worker, ms' "$(subtract "$worker" "$plain")"
plain=$(latency "$without") pooled=$(latency "$kerberos" --auth negotiate)
row 'squid, which asks its helper about each token: more than without authentication, ms' "$(subtract "$pooled" "$plain")"

pid=$(agent_pid)
one=$(processor ours 1)
before=$(agent_time "$pid")
all=$(processor ours $((COUNT + 1)))
agent=$((($(agent_time "$pid") - before) / 1000000))
client=$(each "$one" "$all") agents=$(each 0 "$agent")
theirs=$(each "$(processor curls 1)" "$(processor curls $((COUNT + 1)))")
row 'processor time of a fetch: curl under ptunnel-run, ms' "$client"
row 'that of the agent and its workers, ms' "$agents"
row 'curl --proxy-negotiate, ms' "$theirs"
row 'ours, of theirs' "$(awk "BEGIN { printf \"%.2f\", ($client + $agents) / $theirs }")" '<= 1.2'

memory=
# shellcheck disable=SC2013 # numbers
for process in "$pid" $(cat "/proc/$pid/task/$pid/children"); do
    memory+="$(awk '/^Pss:/ { print $2 }' "/proc/$process/smaps_rollup") "
done
row 'memory of the agent, and of each worker, KB (Pss)' "$memory"

# A loop that ticks each millisecond; what it is late beyond two more is what somebody held it up. Of the second of each pair the agent is stopped.
# shellcheck disable=SC2016
held() { # PID-TO-STOP
    through_peer "$kerberos" --auth negotiate --timeout 60 -- python3 -c '
import asyncio, os, signal, sys, time
agent, port, seconds = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
async def main():
    tasks = []
    if agent:
        os.kill(agent, signal.SIGSTOP)
        tasks = [asyncio.create_task(asyncio.open_connection("127.0.0.1", port)) for i in range(200)]
    await asyncio.sleep(1)
    held, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.monotonic()
        await asyncio.sleep(0.001)
        late = time.monotonic() - start - 0.001
        held += late if late > 0.002 else 0
    if agent:
        os.kill(agent, signal.SIGCONT)
    for reader, writer in await asyncio.gather(*tasks):
        writer.close()
    print("%.1f" % (held * 1000 / seconds))
asyncio.run(main())' "$1" "$GREETER_PORT" "$SECONDS_STOPPED"
}

row 'a loop with nothing to do is held up by the machine alone, ms a second' "$(held 0)"
row '200 asyncio connections with a stopped agent, ms a second' "$(held "$pid")" '<= 20'

COUNT=100 tests/bench/connect-syscalls.sh | sed -n 's/^| \(native\|ptunnel-run\) | \([^|]*\)|.*/| system calls of a connection without authentication, \1 | \2| |/p'
