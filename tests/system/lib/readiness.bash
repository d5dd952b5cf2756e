# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # PROXY is for the tests
# The rows of tests/programs/readiness: run natively and through the scripted proxy, and compared.

# Rows that cannot be equal, each with its reason. A row that is not named here has to be, and one that is has to differ.
known_differences() {
    cat << 'END'
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

start_proxy_that() { # REFUSE [HOW]
    local arguments

    mapfile -t arguments < <(behaviour "$@")
    start_scripted "${arguments[@]}"
}

# OUT [OPTION]... -- [GLOB]... : natively, and through the proxy, by $TUNNELLED; a transcript with a row a line
native() {
    transcript "$1" timeout 250 "$PROGRAMS/readiness" -n "${@:2}"
}

through_proxy() {
    LIMIT=250 transcript "$1" "${TUNNELLED:-tunnelled}" "$PROGRAMS/readiness" "${@:2}"
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
