#!/usr/bin/env bash
# What a look-up costs that is answered with a stand-in: time and system calls of a new name, of one that another process
# looked up, and of a repeated one, next to libc's own answer for a numeric host; and what the map of so many names takes.
#   NAMES=50000
set -eu
cd "$(dirname "$0")/../.."
B=$(cd "${B:-build}" && pwd)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkdir -m 700 "$work/run"
names=${NAMES:-50000}

${CC:-cc} -O2 -D_GNU_SOURCE -x c - -o "$work/look" << 'END'
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* look FORMAT COUNT TIMES : nanoseconds for each look-up of COUNT names in turn, TIMES over, all but the first round */
int main(int argc, char **argv)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
    int count = atoi(argv[2]), times = atoi(argv[3]), skipped = times > 1 ? count : 0;
    struct timespec start, end;
    char name[256];

    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < count * times; i++) {
        if (i == skipped)
            clock_gettime(CLOCK_MONOTONIC, &start);
        snprintf(name, sizeof name, argv[1], i % count);
        if (getaddrinfo(name, "443", &hints, &list) != 0)
            return 1;
        freeaddrinfo(list);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.0f\n", ((end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec)) / (count * times - skipped));
    return argc != 4;
}
END

ours() { # FORMAT COUNT TIMES
    env XDG_RUNTIME_DIR="$work/run" LD_PRELOAD="$B/libptunnel.so" PTUNNEL_PROXY=127.0.0.1:1 "$work/look" "$@"
}

# calls COMMAND FORMAT COUNT TIMES : system calls of the whole run
calls() {
    local command=$1

    shift
    if [ "$command" = ours ]; then
        set -- env LD_PRELOAD="$B/libptunnel.so" PTUNNEL_PROXY=127.0.0.1:1 "$work/look" "$@"
    else
        set -- "$work/look" "$@"
    fi
    XDG_RUNTIME_DIR=$work/run strace -f -qq -o "$work/trace" "$@" > /dev/null
    wc -l < "$work/trace"
}

# calls_each COMMAND FORMAT TIMES : system calls of each of 100 look-ups more
calls_each() {
    local one hundred

    one=$(calls "$1" "$2" 1 "$3")
    rm -rf "$work/run/"*
    [ -z "${4:-}" ] || ours "$2" 101 1 > /dev/null
    hundred=$(calls "$1" "$2" 101 "$3")
    awk -v a="$one" -v b="$hundred" 'BEGIN { printf "%.1f", (b - a) / 100 }'
}

row() { # WHAT NANOSECONDS CALLS
    printf '| %-50s | %7.1f | %5s |\n' "$1" "$(awk "BEGIN { print $2 / 1000 }")" "$3"
}

printf '| %-50s | us each | calls |\n| --- | ---: | ---: |\n' 'getaddrinfo(name, "443")'
row 'numeric host, without the library' "$("$work/look" 198.18.0.7 1 20000)" "$(calls_each native '198.18.0.%d' 1)"
rm -rf "$work/run/"*
row 'new name, empty map' "$(ours host%d.example.org 100 1)" "$(calls_each ours new%d.example.org 1)"
rm -rf "$work/run/"*
new=$(ours host%d.example.org "$names" 1)
row "$names new names" "$new" ''
row 'known to the map, new to the process' "$(ours host%d.example.org "$names" 1)" \
    "$(calls_each ours known%d.example.org 1 known)"
rm -rf "$work/run/"*
ours host%d.example.org "$names" 1 > /dev/null
row "repeated, among $names" "$(ours host%d.example.org "$names" 3)" ''
calls ours same.example.org 1 1 > /dev/null
row 'repeated, one name' "$(ours host0.example.org 1 20000)" \
    "$(awk -v a="$(calls ours same.example.org 1 1)" -v b="$(calls ours same.example.org 1 101)" \
        'BEGIN { printf "%.1f", (b - a) / 100 }')"
stat -c "the file for $names names: %s bytes, of which" "$work/run/ptunnel-names"
du -k "$work/run/ptunnel-names" | sed 's/\t.*/ KiB are stored/'
