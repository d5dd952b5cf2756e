#!/usr/bin/env bats
# ptunnel: programs that know nothing of a proxy connect to a local port, or speak through the pipe of -W.

load helpers
load lib/listener

setup_file() {
    local files=$BATS_FILE_TMPDIR/files

    mkdir "$files"
    head -c 67108864 /dev/urandom > "$files/64M"
    start_sshd
    start_squid
    start_tinyproxy
    start_http
    start_dovecot
    start_crowd
    start_greeter
    start_rsync "$files"
    make_repository "$files/repository.git"
    start_git_daemon "$files"
    # shellcheck disable=SC2086 # the ports that are there
    start_scripted_before ${HTTP_PORT:-} ${SSH_PORT:-} $GIT_PORT ${IMAP_PORT:-} $CROWD_PORT $GREETER_PORT ${RSYNC_PORT:-}
}

imap_login() { # PROXY FAMILY
    need dovecot curl root
    listen_through "$@" "$IMAP_PORT"
    run curl -sv --max-time 20 "imap://me:open@127.0.0.1:$LISTEN_PORT/INBOX" -X NOOP
    succeeds
    contains "$output" 'OK Logged in' 'OK NOOP completed'
    went_through "$IMAP_PORT"
}

@test "IMAP login through squid" { imap_login squid 4; }
@test "IMAP login through squid, IPv6" { imap_login squid 6; }
@test "IMAP login through the scripted proxy" { imap_login scripted 4; }
@test "IMAP login through the scripted proxy, IPv6" { imap_login scripted 6; }
@test "IMAP login through tinyproxy" { imap_login tinyproxy 4; }

http_keeps_alive() { # PROXY FAMILY
    need nginx curl
    listen_through "$@" "$HTTP_PORT"
    run curl -sv --noproxy '*' "http://127.0.0.1:$LISTEN_PORT/hello?[1-3]"
    succeeds
    equal "$(grep -c '^hello from the target' <<< "$output")" 3
    equal "$(grep -c 'Re-using existing connection' <<< "$output")" 2
    went_through "$HTTP_PORT"
}

@test "HTTP keep-alive through squid" { http_keeps_alive squid 4; }
@test "HTTP keep-alive through squid, IPv6" { http_keeps_alive squid 6; }
@test "HTTP keep-alive through the scripted proxy" { http_keeps_alive scripted 4; }
@test "HTTP keep-alive through the scripted proxy, IPv6" { http_keeps_alive scripted 6; }
@test "HTTP keep-alive through tinyproxy" { http_keeps_alive tinyproxy 4; }

@test "git clones through the listener" {
    listen_through squid 4 "$GIT_PORT"
    run git clone -q "git://127.0.0.1:$LISTEN_PORT/repository.git" "$BATS_TEST_TMPDIR/clone"
    succeeds
    equal "$(cat "$BATS_TEST_TMPDIR/clone/file")" 'from the repository'
}

@test "ssh through the listener" {
    need ssh sshd login-shell
    listen_through squid 4 "$SSH_PORT"
    run ssh -F "$SSH_CONFIG" -p "$LISTEN_PORT" 127.0.0.1 'echo "the target heard: $(cat)"; exit 7' <<< 'hello'
    fails_with 7
    equal "$output" 'the target heard: hello'
}

proxy_command() { # PROXY FAMILY
    need ssh sshd login-shell
    through "$@"
    run ssh -F "$SSH_CONFIG" -o "ProxyCommand=$PTUNNEL -p $PROXY -W %h:%p" "$HOST" 'sha256sum; exit 7' \
        < "$BATS_FILE_TMPDIR/files/64M"
    fails_with 7
    equal "$output" "$(sha256sum < "$BATS_FILE_TMPDIR/files/64M")"
    went_through "$SSH_PORT"
}

@test "ssh with ProxyCommand ptunnel -W through squid" { proxy_command squid 4; }
@test "ssh with ProxyCommand ptunnel -W through the scripted proxy" { proxy_command scripted 4; }
@test "ssh with ProxyCommand ptunnel -W through squid, IPv6" { proxy_command squid 6; }
@test "ssh with ProxyCommand ptunnel -W through tinyproxy" { proxy_command tinyproxy 4; }

@test "ssh with ProxyCommand ptunnel -W and nothing more: the proxy is that of the rule file" {
    need ssh sshd login-shell
    through squid 4
    mkdir -p "$BATS_TEST_TMPDIR/config/ptunnel"
    echo "proxy $PROXY" > "$BATS_TEST_TMPDIR/config/ptunnel/rules"
    XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config run ssh -F "$SSH_CONFIG" -o "ProxyCommand=$PTUNNEL -W %h:%p" "$HOST" 'echo hello; exit 7'
    fails_with 7
    equal "$output" hello
    went_through "$SSH_PORT"
}

@test "ssh says why its ProxyCommand failed" {
    need ssh
    start_scripted --on '*' 'status 403 Not from here'
    run ssh -F "$SSH_CONFIG" -o "ProxyCommand=$PTUNNEL -p $PROXY -W %h:%p" example.org true
    fails_with 255
    contains "$output" "ptunnel: example.org:$SSH_PORT via $PROXY: 403 Not from here"
}

@test "64 MiB each way at once arrive intact" {
    local here=$BATS_TEST_TMPDIR files=$BATS_FILE_TMPDIR/files port there

    head -c 67108864 /dev/urandom > "$here/other"
    "$PROGRAMS/crowd" wait < "$files/64M" > "$here/heard-there" 2> "$here/waits" 3>&- &
    there=$!
    wait_until grep -qs listening "$here/waits"
    port=$(sed -n 's/^listening //p' "$here/waits")
    start_scripted_before "$port"
    start_ptunnel -p "$PROXY" "0:203.0.113.7:$port"
    timeout 60 "$PROGRAMS/crowd" pipe "$LISTEN_PORT" < "$here/other" > "$here/heard-here"
    wait "$there"
    cmp "$files/64M" "$here/heard-here"
    cmp "$here/other" "$here/heard-there"
}

# start_summer -> SUMMER_PORT. Says what it has heard when it has heard its end: a checksum.
start_summer() {
    spawn summer "$(python)" -c '
import hashlib, socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    client, heard = listener.accept()[0], hashlib.sha256()
    while piece := client.recv(65536):
        heard.update(piece)
    client.sendall(heard.hexdigest().encode())
    client.close()'
    wait_until test -s "$BATS_TEST_TMPDIR/summer.out"
    SUMMER_PORT=$(cat "$BATS_TEST_TMPDIR/summer.out")
    start_scripted_before "$SUMMER_PORT"
}

@test "a client that has ended its side hears the answer" {
    need nc
    start_summer
    start_ptunnel -p "$PROXY" "0:203.0.113.7:$SUMMER_PORT"
    run timeout 30 nc -N 127.0.0.1 "$LISTEN_PORT" < "$BATS_FILE_TMPDIR/files/64M"
    equal "$output  -" "$(sha256sum < "$BATS_FILE_TMPDIR/files/64M")"
}

@test "a pipe that has ended its side hears the answer, be its input a file, a pipe or a socket" {
    local wanted

    start_summer
    wanted=$(sha256sum < "$BATS_FILE_TMPDIR/files/64M")
    run timeout 30 "$PTUNNEL" -p "$PROXY" -W "203.0.113.7:$SUMMER_PORT" < "$BATS_FILE_TMPDIR/files/64M"
    succeeds
    equal "$output  -" "$wanted"
    run timeout 30 "$PTUNNEL" -p "$PROXY" -W "203.0.113.7:$SUMMER_PORT" < <(cat "$BATS_FILE_TMPDIR/files/64M")
    succeeds
    equal "$output  -" "$wanted"
    run timeout 30 "$(python)" -c '
import socket, subprocess, sys
ours, theirs = socket.socketpair()
process = subprocess.Popen(sys.argv[2:], stdin=theirs, stdout=theirs)
theirs.close()
ours.sendall(open(sys.argv[1], "rb").read())
ours.shutdown(socket.SHUT_WR)
print(ours.recv(64, socket.MSG_WAITALL).decode(), ours.recv(1), process.wait())' \
        "$BATS_FILE_TMPDIR/files/64M" "$PTUNNEL" -p "$PROXY" -W "203.0.113.7:$SUMMER_PORT"
    equal "$output" "${wanted%  -} b'' 0"
}

@test "rsync through the listener" {
    need rsync
    listen_through squid 4 "$RSYNC_PORT"
    run rsync "rsync://127.0.0.1:$LISTEN_PORT/files/64M" "$BATS_TEST_TMPDIR/copy"
    succeeds
    cmp "$BATS_FILE_TMPDIR/files/64M" "$BATS_TEST_TMPDIR/copy"
}

@test "a client that says nothing hears the greeting although it ended its side first" {
    need nc
    listen_through scripted 4 "$GREETER_PORT"
    run nc -N 127.0.0.1 "$LISTEN_PORT" < /dev/null
    equal "$output" hello
}

@test "a target's reset is a reset for the client" {
    listen_for_crowd
    run "$PROGRAMS/crowd" reset "$LISTEN_PORT"
    equal "$output" reset
}
