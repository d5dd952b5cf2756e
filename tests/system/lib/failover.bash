# shellcheck shell=bash
# Several proxies at once, each with files in a directory of its own.

NAMESPACES=() # to be deleted

# another NAME start_... : one more service of its kind, with files in a directory of its own
another() {
    local BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR/$1

    mkdir -p "$BATS_TEST_TMPDIR"
    shift
    "$@"
}

teardown() {
    local directory

    for directory in "$BATS_TEST_TMPDIR"/*/; do
        stop_services "$directory"
    done
    stop_services "$BATS_TEST_TMPDIR"
    for directory in "${NAMESPACES[@]}"; do
        ip netns delete "$directory"
    done
}
