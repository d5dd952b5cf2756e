# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables of bats and of the tests
# Programs that nothing can be preloaded into, and what they go through.

# built LIBC NAME SOURCE... : a static build of one of tests/programs -> $STATIC/NAME-LIBC
built() {
    local compiler=gcc

    [ "$1" = glibc ] || compiler=musl-gcc
    "$compiler" -O1 -w -std=gnu11 -D_GNU_SOURCE -I"$ROOT/include" -static -pthread -o "$STATIC/$2-$1" "${@:3}" 2> "$STATIC/$2-$1.log" ||
        { cat "$STATIC/$2-$1.log"; return 1; }
}

static_programs() {
    STATIC=$BATS_FILE_TMPDIR/static
    mkdir -p "$STATIC"
    export STATIC XDG_RUNTIME_DIR=$BATS_FILE_TMPDIR
    need_supervisor || return 0
    built glibc connect "$ROOT/tests/programs/connect.c"
    ! has musl-gcc || built musl connect "$ROOT/tests/programs/connect.c"
}

# Whether this machine lets a supervisor work; a test skips where it does not.
need_supervisor() {
    "$PTUNNEL_RUN" --no-rules -p 127.0.0.1:1 --supervise true 2> /dev/null
}

need_supervised() { # WHAT...
    need "$@"
    need_supervisor || skip 'needs: a supervisor'
}

# supervised [OPTION]... COMMAND... : as `run` does
supervised() {
    run --separate-stderr timeout -k 5 "${LIMIT:-30}" "$PTUNNEL_RUN" --no-rules -p "$PROXY" "$@"
}

libcs() {
    echo glibc
    [ ! -e "$STATIC/connect-musl" ] || echo musl
}

# A Go program of many talents -> $GO. What Go compiles for it, its own library, is kept: that takes a minute.
go_program() {
    GO=$STATIC/go
    [ -x "$GO" ] || env CGO_ENABLED=0 GO111MODULE=off GOTOOLCHAIN=local GOCACHE="$BUILD/go" \
        go build -o "$GO" "$ROOT/tests/programs/supervised/main.go"
}
