#!/usr/bin/env bash
# Instructions per call, where a hook has nothing to do: natively, with an empty preload that only forwards, with the library. A
# markdown table; exit status 1 if the library takes more above the empty one than `most` says.
#
#   tests/bench/instructions.sh [N]      needs valgrind and gcc; N calls (1000000); B: the build's folder
#
# getpeername(2) is no fixed number of instructions: getpeername.sh measures it.
set -eu
cd "$(dirname "$0")/../.."
B=${B:-build}
N=${1:-1000000}
declare -A most=([close]=6 [read]=12 [write]=12 [recv]=14 [send]=14 [poll]=12 [select]=6 [epoll_wait]=18
    [getsockopt]=15 [fcntl]=15 [ioctl]=15)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

gcc -O2 -D_GNU_SOURCE -U_FORTIFY_SOURCE -o "$work/calls" tests/bench/calls.c
gcc -O2 -D_GNU_SOURCE -U_FORTIFY_SOURCE -shared -fPIC -Wl,-z,now -o "$work/empty.so" tests/bench/empty.c
library=$(realpath "$B/libptunnel.so")

instructions() { # LIBRARY NAME COUNT
    LD_PRELOAD=$1 PTUNNEL_PROXY=127.0.0.1:1 valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$work/calls" "$2" "$3" 2>&1 | sed -n 's/.*Collected : //p'
}

per_call() { # LIBRARY NAME : to a tenth
    local none many

    none=$(instructions "$1" "$2" 0)
    many=$(instructions "$1" "$2" "$N")
    echo $(((many - none) * 10 / N))
}

tenths() { # NUMBER
    printf '%d.%d' $(($1 / 10)) $(($1 % 10))
}

status=0
printf '| call | native | empty preload | ptunnel | ptunnel above empty |\n| --- | ---: | ---: | ---: | ---: |\n'
for name in $("$work/calls"); do
    native=$(per_call '' "$name")
    empty=$(per_call "$work/empty.so" "$name")
    ours=$(per_call "$library" "$name")
    above=$((ours - empty))
    printf '| %s | %s | %s | %s | %s |\n' "$name" "$(tenths "$native")" "$(tenths "$empty")" "$(tenths "$ours")" \
        "$([ "$above" -lt 0 ] && printf -- - || true)$(tenths "${above#-}")"
    [ "$above" -le $((${most[$name]:-$above} * 10)) ] || status=1
done
exit $status
