# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables of bats and of the tests
# --strict: for whom, and where.

# need_strict WHAT... : as need_supervised, and that a network of its own can be made
need_strict() {
    need "$@"
    strict true
    [ "$status" -eq 0 ] || skip 'needs: a supervisor, and a user namespace'
}

# strict [OPTION]... COMMAND... : as `run` does
strict() {
    run --separate-stderr timeout -k 5 "${LIMIT:-30}" "$PTUNNEL_RUN" --no-rules -p "${PROXY:-127.0.0.1:1}" --strict "$@"
}

# What others may run, too: ptunnel-run and the programs -> $OPEN
open_to_all() {
    OPEN=$BATS_FILE_TMPDIR/open
    export OPEN
    mkdir -p "$OPEN"
    cp "$BUILD/ptunnel-run" "$BUILD/programs/connect" "$BUILD/programs/sandbox" "$LIBRARY" "$OPEN"
    chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$OPEN" "$OPEN"/*
}

# as_nobody COMMAND... : as `run` does, with no rights of root
as_nobody() {
    run --separate-stderr timeout -k 5 "${LIMIT:-30}" setpriv --reuid=65534 --regid=65534 --clear-groups \
        env "XDG_RUNTIME_DIR=/nonexistent" "$@"
}
