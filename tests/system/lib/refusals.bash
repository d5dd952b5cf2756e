# shellcheck shell=bash
# What ptunnel-run does with a command that preloading cannot reach.

setup_file() {
    start_greeter
    start_scripted --on '*' "to 127.0.0.1:$GREETER_PORT"
    COPIES=$BATS_FILE_TMPDIR/copies
    export COPIES
    mkdir "$COPIES"
    cp "$PTUNNEL_RUN" "$LIBRARY" "$PROGRAMS/connect" "$(command -v printenv)" "$COPIES"
    # for tests that are somebody else
    chmod -R a+rX "$BATS_FILE_TMPDIR"
    chmod a+x "$BATS_RUN_TMPDIR"
}

launch() {
    run --separate-stderr timeout -k 5 20 "$PTUNNEL_RUN" --no-supervise -p "$PROXY" --loopback "$@"
}

# refused PART... : by ptunnel-run, in one line with these parts that names the way out
refused() {
    fails_with 125
    equal "$output" ''
    equal "${#stderr_lines[@]}" 1
    equal "${stderr%%: *}" ptunnel-run
    contains "$stderr" "$@" --force
}

# forced PART... : it ran, and one line with these parts said that it should not
forced() {
    succeeds
    equal "${#stderr_lines[@]}" 1
    equal "${stderr%%: *}" ptunnel-run
    contains "$stderr" "$@" --force
}
