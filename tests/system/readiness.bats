#!/usr/bin/env bats
# What a program sees of a connect() that takes its time is what it sees without us: tests/programs/readiness prints a
# transcript, natively and through the scripted proxy, and the two are compared row by row.

load helpers

# Rows that cannot be equal, each with its reason. A row that is not named here has to be, and one that is has to differ.
known_differences() {
    cat << 'END'
*: fast open by *                                    | MSG_FASTOPEN would go past the proxy: EOPNOTSUPP, and programs use connect()
*: ring                                              | an io_uring would connect where no hook sees it: ENOSYS
*: stream while connecting                           | stdio passes no hook: fdopen() waits until the tunnel is open
*: stream times out                                  | as above
*: stream interrupted                                | as above
*: set in a set, edge, slowrefuse                    | playing the refused connect() wakes an edge-triggered outer set once more
END
}

# What the ports of readiness -s do when they are reached through the proxy. Those from 10000 on are the rows' own: what is
# slow is the target itself, and the proxy answers when it has an answer.
behaviour() { # REFUSE HOW: the reply for a refused target, and how the others are given
    printf '%s\n' --on '*:10???' "${2:+$2; }connect" --on '*:11???' "${2:+$2; join; }connect" \
        --on '*:12???' "hold; $1" --on '*:13???' 'hold; status 504' \
        --on "*:$(port accept)" "${2:+$2; }connect" --on "*:$(port refuse)" "$1" \
        --on "*:$(port reset)" reset --on "*:$(port never)" hang
}

setup_file() {
    start_targets
}

start_proxy_that() { # REFUSE [HOW]
    local arguments

    mapfile -t arguments < <(behaviour "$@")
    start_scripted "${arguments[@]}"
}

# readiness OUT [OPTION]... -- [GLOB]... : natively, and through the proxy; a transcript with a row a line
native() {
    transcript "$1" timeout 250 "$PROGRAMS/readiness" -n "${@:2}"
}

through_proxy() {
    LIMIT=250 transcript "$1" tunnelled "$PROGRAMS/readiness" "${@:2}"
}

transcript() { # OUT COMMAND... -- [GLOB]...
    local out=$1 command=()

    shift
    while [ "$1" != -- ]; do
        command+=("$1")
        shift
    done
    shift
    "${command[@]}" "$TARGETS" "$@" > "$out.text" 2> "$out.errors" || {
        cat "$out.errors"
        return 1
    }
    # a proxy that forbids is as one that cannot, but for the errno
    awk '/^[^ ]/ { if (row) print row; row = $0; next } { row = row " |" $0 } END { print row }' "$out.text" |
        sed 's/EACCES/ECONNREFUSED/g' > "$out"
}

different_rows() { # DIR: their names
    diff "$1/native" "$1/through" | sed -n 's/^[<>] \([^|]*\) |.*/\1/p' | sort -u
}

# compares [OPTION]... -- [GLOB]... : both ways at once. The transcripts stay in $BATS_TEST_TMPDIR.
compares() {
    local dir=$BATS_TEST_TMPDIR native rows

    native "$dir/native" "$@" &
    native=$!
    through_proxy "$dir/through" "$@"
    wait "$native"
    equal "$(wc -l < "$dir/through")" "$(wc -l < "$dir/native")"
    different_rows "$dir" > "$dir/different"
    unexpected "$dir/different" > "$dir/unexpected"
    mapfile -t rows < "$dir/unexpected"
    [ ${#rows[@]} -eq 0 ] || show "$dir" "${rows[@]}"
}

show() { # DIR ROW...
    local row

    for row in "${@:2}"; do
        echo "$row"
        diff <(grep -F "$row |" "$1/native" | tr '|' '\n') <(grep -F "$row |" "$1/through" | tr '|' '\n')
    done
    return 1
}

unexpected() { # FILE: the rows in it that are not known to differ
    local row pattern rest known

    while IFS= read -r row; do
        known=
        while IFS='|' read -r pattern rest; do
            # shellcheck disable=SC2053 # a glob
            [[ $row != ${pattern%"${pattern##*[![:blank:]]}"} ]] || known=1
        done < <(known_differences)
        [ -n "$known" ] || echo "$row"
    done < "$1"
}

# Each line of the table speaks of a row that differed.
table_is_true() { # FILE
    local row pattern rest found

    while IFS='|' read -r pattern rest; do
        pattern=${pattern%"${pattern##*[![:blank:]]}"} found=
        while IFS= read -r row; do
            # shellcheck disable=SC2053 # a glob
            [[ $row != $pattern ]] || found=1
        done < "$1"
        [ -n "$found" ] || {
            echo "no such difference any more: $pattern"
            return 1
        }
    done < <(known_differences)
}

nothing_came_early() {
    grep -q ^CONNECT "$SCRIPTED_LOG"
    run grep ^EARLY "$SCRIPTED_LOG"
    equal "$output" ''
}

SOME=('poll: level*' 'epoll_wait: level*' 'select: level*' 'epoll_wait: edge*' 'poll: before*' 'epoll_wait: before*'
    '*: to the next*' 'poll: * waits*' 'epoll_wait: fork*' 'poll: interrupted*' 'poll: connect*' 'epoll_wait: dissolved*'
    'epoll_wait: number used*' 'epoll_wait: shutdown*' 'epoll_wait: duplicate, *' 'poll: made*' 'poll: exec*' 'poll: rights*')

@test "every call, trigger, outcome and order of events is as without a proxy" {
    start_proxy_that 'status 502'
    compares --
    table_is_true "$BATS_TEST_TMPDIR/different"
    nothing_came_early
}

@test "the same with replies in pieces, together with the first bytes, and refusals by 403" {
    start_proxy_that 'status 403' 'interim 103; pad 3000; chunk 700 1'
    compares -b 3000 -- 'epoll_wait: *' 'poll: * waits*' 'poll: *while*' 'poll: level*'
    nothing_came_early
}

@test "IPv6 sockets, IPv6 proxy" {
    need ipv6
    start_proxy_that 'status 502'
    PROXY="[::1]:$SCRIPTED_PORT6"
    compares -6 -- "${SOME[@]}"
    nothing_came_early
}

@test "IPv6 sockets, IPv4 proxy" {
    need ipv6
    start_proxy_that 'status 502'
    compares -6 -- "${SOME[@]}"
    nothing_came_early
}

@test "mapped addresses" {
    need ipv6
    start_proxy_that 'status 502'
    compares -a -- "${SOME[@]}"
    nothing_came_early
}

@test "MPTCP sockets" {
    need mptcp
    start_proxy_that 'status 502'
    # not those that end in "timeout": the native one does not heed TCP_USER_TIMEOUT
    compares -m -- "${SOME[@]/%\*/*[!u]?}"
    nothing_came_early
}

@test "select writes the time that is left where the program's libc does" {
    local compiler libc=(gcc musl-gcc) says=(written kept) i

    need gcc musl-gcc
    cat > "$BATS_TEST_TMPDIR/left.c" << 'END'
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

/* left [PORT] : select() on a pipe, or on a socket that is being connected to this port of loopback */
int main(int argc, char **argv)
{
    struct timeval time = { 0, 30000 };
    struct sockaddr_in target = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int ends[2], fd;
    fd_set set;

    if (pipe(ends) < 0)
        return 1;
    fd = ends[0];
    if (argc > 1) {
        fd = socket(AF_INET, SOCK_STREAM, 0);
        fcntl(fd, F_SETFL, O_NONBLOCK);
        target.sin_port = htons(atoi(argv[1]));
        connect(fd, (struct sockaddr *)&target, sizeof target);
    }
    FD_ZERO(&set);
    FD_SET(fd, &set);
    printf("%d", select(fd + 1, &set, NULL, NULL, &time));
    puts(time.tv_usec == 30000 ? " kept" : " written");
    return 0;
}
END
    start_scripted --on '*:9' hang
    PROXY=127.0.0.1:$SCRIPTED_PORT
    for i in 0 1; do
        compiler=${libc[i]}
        "$compiler" -o "$BATS_TEST_TMPDIR/left" "$BATS_TEST_TMPDIR/left.c"
        equal "$("$BATS_TEST_TMPDIR/left")" "0 ${says[i]}"
        equal "$(tunnelled "$BATS_TEST_TMPDIR/left" 9)" "0 ${says[i]}"
    done
}
