#!/usr/bin/env bash
# System calls of a blocking connection: 1000 of them natively, through the library, and through proxychains4 if it is
# there. Prints a table (markdown).
#   COUNT=1000
set -eu
cd "$(dirname "$0")/../.."
B=${B:-build} COUNT=${COUNT:-1000}
work=$(mktemp -d)
"$B/tests/proxy" --listen 127.0.0.1:0 --on '203.0.113.7:7' 'raw "HTTP/1.1 200 OK\r\n\r\n"; end hang' > "$work/proxy" &
proxy=$!
trap 'kill $proxy; rm -r "$work"' EXIT
until grep -q listening "$work/proxy"; do kill -0 $proxy; done
port=$(sed 's/.*://' "$work/proxy")
printf '[ProxyList]\nhttp 127.0.0.1 %s\n' "$port" > "$work/proxychains"

counted() { # COUNT COMMAND... : "calls name" a line
    strace -f -qq -c -U calls,name -o "$work/counts" "${@:2}" "$B/programs/connects" "$1" "$address" "$to" > /dev/null 2>&1
    awk '/^ *[0-9]+ +[a-z0-9_]+$/ && $2 != "total" { print $1, $2 }' "$work/counts"
}

row() { # NAME ADDRESS PORT COMMAND...
    local name=$1
    address=$2 to=$3
    shift 3
    counted 1 "$@" > "$work/one"
    counted $((COUNT + 1)) "$@" > "$work/many"
    awk -v name="$name" -v count="$COUNT" '
        NR == FNR { one[$2] = $1; next }
        { each = ($1 - one[$2]) / count; total += each; if (each >= 0.01) which = which sprintf("%s %.2f, ", $2, each) }
        END { printf "| %s | %.2f | %s |\n", name, total, substr(which, 1, length(which) - 2) }' "$work/one" "$work/many"
}

printf '| %s connections | calls each | which |\n|---|--:|---|\n' "$COUNT"
row native 127.0.0.1 "$port"
row ptunnel-run 203.0.113.7 7 "$B/ptunnel-run" -p "127.0.0.1:$port" --
! command -v proxychains4 > /dev/null || row proxychains4 203.0.113.7 7 proxychains4 -q -f "$work/proxychains"
