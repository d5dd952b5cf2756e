# shellcheck shell=bash
# ptunnel-run with a proxy that leads to the greeter: 203.0.113.7:7 for anybody, 203.0.113.8:7 with a password, and
# 203.0.113.9:403 for nobody.

setup_file() {
    start_greeter
    start_scripted --on '203.0.113.7:7' "to 127.0.0.1:$GREETER_PORT" \
        --on '203.0.113.8:7' "auth \"us er:p:@/%\"; to 127.0.0.1:$GREETER_PORT" --on '203.0.113.9:403' 'status 403'
    # A port with nobody behind, for what never gets as far as a connection.
    NOWHERE=127.0.0.1:$(free_port)
    export NOWHERE
}

# refused STATUS PART... : this was the status, and the whole answer a line on stderr with these parts. A pointer to
# the help may follow.
refused() {
    fails_with "$1"
    shift
    equal "$output" ''
    equal "${stderr#"${stderr_lines[0]}"}" "${stderr_lines[1]:+${NEWLINE}Try 'ptunnel-run --help'.}"
    equal "${stderr%%: *}" ptunnel-run
    contains "${stderr_lines[0]}" "$@"
}

launch() {
    run --separate-stderr timeout -k 5 20 "$PTUNNEL_RUN" "$@"
}
