#!/usr/bin/env bats
# The main job: ssh and scp to a real sshd, through each proxy, over IPv4 and IPv6.

load helpers

setup_file() {
    start_sshd
    start_squid
    start_tinyproxy
    [ -z "${SSH_PORT:-}" ] || start_scripted_before "$SSH_PORT" \
        --on "203.0.113.8:$SSH_PORT" "to 127.0.0.1:$SSH_PORT; join" \
        --on "203.0.113.9:$SSH_PORT" "to 127.0.0.1:$SSH_PORT; chunk 1"
    head -c 104857600 /dev/urandom > "$BATS_FILE_TMPDIR/100M"
}

setup() {
    need ssh scp sshd login-shell
}

ssh_runs_a_command() { # PROXY FAMILY
    through "$@"
    run tunnelled ssh -F "$SSH_CONFIG" "$HOST" 'echo "the target heard: $(cat)"; exit 7' <<< 'hello'
    fails_with 7
    equal "$output" 'the target heard: hello'
    went_through "$SSH_PORT"
}

@test "ssh runs a command through squid" { ssh_runs_a_command squid 4; }
@test "ssh runs a command through squid, IPv6" { ssh_runs_a_command squid 6; }
@test "ssh runs a command through the scripted proxy" { ssh_runs_a_command scripted 4; }
@test "ssh runs a command through the scripted proxy, IPv6" { ssh_runs_a_command scripted 6; }
@test "ssh runs a command through tinyproxy" { ssh_runs_a_command tinyproxy 4; }

scp_copies_100_megabytes() { # PROXY FAMILY
    local original=$BATS_FILE_TMPDIR/100M

    through "$@"
    run tunnelled scp -q -F "$SSH_CONFIG" "$original" "$URLHOST:$BATS_TEST_TMPDIR/there"
    succeeds
    equal "$output" ''
    cmp "$original" "$BATS_TEST_TMPDIR/there"
    went_through "$SSH_PORT"
}

@test "scp copies 100 MB intact through squid" { scp_copies_100_megabytes squid 4; }
@test "scp copies 100 MB intact through squid, IPv6" { scp_copies_100_megabytes squid 6; }
@test "scp copies 100 MB intact through the scripted proxy" { scp_copies_100_megabytes scripted 4; }
@test "scp copies 100 MB intact through the scripted proxy, IPv6" { scp_copies_100_megabytes scripted 6; }

@test "scp fetches 100 MB intact through squid" {
    through squid 4
    run tunnelled scp -q -F "$SSH_CONFIG" "$HOST:$BATS_FILE_TMPDIR/100M" "$BATS_TEST_TMPDIR/here"
    succeeds
    cmp "$BATS_FILE_TMPDIR/100M" "$BATS_TEST_TMPDIR/here"
}

exit_statuses_pass() { # PROXY
    local code

    through "$1" 4
    for code in 0 255; do
        run tunnelled ssh -F "$SSH_CONFIG" "$HOST" "exit $code"
        fails_with "$code"
    done
}

@test "ssh's exit statuses pass through squid" { exit_statuses_pass squid; }
@test "ssh's exit statuses pass through the scripted proxy" { exit_statuses_pass scripted; }

@test "the server's banner in the same segment as the 200 is not lost" {
    through scripted 4
    run tunnelled ssh -F "$SSH_CONFIG" 203.0.113.8 echo it is there
    succeeds
    equal "$output" 'it is there'
    logged "CONNECT 203.0.113.8:$SSH_PORT 200"
}

@test "a reply that comes byte by byte costs none of the banner" {
    through scripted 4
    run tunnelled ssh -F "$SSH_CONFIG" 203.0.113.9 echo it is there
    succeeds
    equal "$output" 'it is there'
}

@test "two ssh at a time, each on a tunnel of its own" {
    local first second

    through scripted 4
    tunnelled ssh -F "$SSH_CONFIG" "$HOST" echo first > "$BATS_TEST_TMPDIR/first" &
    first=$!
    tunnelled ssh -F "$SSH_CONFIG" "$HOST" echo second > "$BATS_TEST_TMPDIR/second" &
    second=$!
    wait "$first"
    wait "$second"
    equal "$(cat "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/second")" "first${NEWLINE}second"
}

@test "a port of the target that nobody listens on is a refused connection for ssh" {
    local port

    port=$(free_port)
    through squid 4
    run tunnelled ssh -F "$SSH_CONFIG" -p "$port" "$HOST" true
    fails_with 255
    contains "$output" 'Connection refused' "ptunnel: ssh[" "127.0.0.1:$port via $PROXY: 503 "
}
