#!/usr/bin/env bats
# What a tunnelled program starts is tunnelled too, whatever it does to the environment, or it is named in the log. With
# --strict=filter what would run outside the tunnel is not started.

load helpers

setup_file() {
    start_greeter
    start_scripted_before 7 "$GREETER_PORT" --on '203.0.113.8:*' "to 127.0.0.1:$GREETER_PORT" --on '203.0.113.9:99' 'status 403'
    CONNECT=$PROGRAMS/connect
    BUSYBOX=$(command -v busybox || true)
    export CONNECT BUSYBOX
}

CONNECTED='203.0.113.8:7 connected, heard "hello"'

# launch [OPTION]... COMMAND... : through the proxy, without loopback
launch() {
    run --separate-stderr timeout -k 5 30 "$PTUNNEL_RUN" -p "$PROXY" "$@"
}

# reached COMMAND... : the child's connection went through the proxy, and nothing was said
reached() {
    local before

    before=$(tunnels)
    launch "$@"
    succeeds
    contains "$output" "$CONNECTED"
    equal "$stderr" ''
    equal "$(tunnels)" $((before + 1))
}

# by_exec WAY : not by a shell that libc starts
by_exec() {
    case $1 in system | popen | wordexp) return 1 ;; esac
}

tunnels() {
    grep -c '^CONNECT 203.0.113.8:7 ' "$SCRIPTED_LOG" || true
}

# --- a cleaned environment ---

@test "each call that starts a program, with a cleaned environment" {
    local way

    for way in $("$PROGRAMS/children"); do
        reached "$PROGRAMS/children" "$way" "$CONNECT" 203.0.113.8:7
        by_exec "$way" || continue
        reached "$PROGRAMS/children" "vfork-$way" "$CONNECT" 203.0.113.8:7
    done
}

@test "the child's own variables are as it was given them, in its order" {
    launch "$PROGRAMS/children" execle "$(command -v printenv)"
    equal "${lines[0]} ${lines[1]}" 'OWN=1 PATH=/usr/local/bin:/usr/bin:/bin'
    launch env -i "LD_PRELOAD=libc.so.6" HOME=/nowhere printenv LD_PRELOAD HOME
    equal "${lines[0]}" "$LIBRARY:libc.so.6"
    equal "${lines[1]}" /nowhere
}

@test "a variable of ours that the child is given is not replaced" {
    launch env -i "PTUNNEL_PROXY=127.0.0.1:1" printenv PTUNNEL_PROXY
    equal "$output" 127.0.0.1:1
}

@test "env -i, also twice" {
    reached env -i "$CONNECT" 203.0.113.8:7
    reached env -i env -i "$CONNECT" 203.0.113.8:7
}

@test "env -i curl" {
    need curl
    start_http
    [ -n "${HTTP_PORT:-}" ] || skip 'needs: nginx'
    start_scripted_before "$HTTP_PORT"
    launch env -i "$(command -v curl)" -sS "http://203.0.113.7:$HTTP_PORT/hello"
    succeeds
    equal "$output" 'hello from the target'
    contains "$(cat "$SCRIPTED_LOG")" "CONNECT 203.0.113.7:$HTTP_PORT 200"
}

@test "su - root" {
    need root su
    reached su - root -s /bin/sh -c "'$CONNECT' 203.0.113.8:7"
}

@test "su - to another user" {
    local copies=$BATS_TEST_TMPDIR/copies

    need root su
    mkdir "$copies"
    cp "$PTUNNEL_RUN" "$LIBRARY" "$CONNECT" "$copies"
    chmod -R a+rX "$BATS_TEST_TMPDIR"
    chmod a+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"/*/
    PTUNNEL_RUN=$copies/ptunnel-run
    launch su - nobody -s /bin/sh -c "'$copies/connect' 203.0.113.8:7 && id -un"
    succeeds
    contains "$output" "$CONNECTED${NEWLINE}nobody"
    equal "$(tail -n 1 "$SCRIPTED_LOG")" 'CONNECT 203.0.113.8:7 200'
}

@test "a session of sshd, which cleans what it hands on" {
    local dir=$BATS_TEST_TMPDIR/ssh port

    need ssh sshd login-shell
    start_sshd
    port=$(free_port)
    sed "s/^Port .*/Port $port/" "$dir/sshd_config" > "$dir/tunnelled_config"
    spawn tunnelled "$PTUNNEL_RUN" -p "$PROXY" "$(command -v sshd)" -D -e -f "$dir/tunnelled_config"
    wait_listen tunnelled "$port"
    run --separate-stderr timeout -k 5 30 ssh -F "$SSH_CONFIG" -p "$port" 127.0.0.1 "'$CONNECT' 203.0.113.8:7"
    succeeds
    equal "$output" "$CONNECTED"
    equal "$(tail -n 1 "$SCRIPTED_LOG")" 'CONNECT 203.0.113.8:7 200'
}

@test "as cron starts a job" {
    reached env -i HOME=/ LOGNAME=root SHELL=/bin/sh PATH=/usr/bin:/bin /bin/sh -c "'$CONNECT' 203.0.113.8:7"
}

@test "python's subprocess with an empty environment" {
    need python3
    reached "$(python)" -c '
import subprocess, sys
subprocess.run(sys.argv[1:], env={}, check=True)
subprocess.run(["true"], env={}, check=True)' "$CONNECT" 203.0.113.8:7
}

@test "node's child_process with an empty environment" {
    need node
    reached node -e '
require("child_process").execFileSync(process.argv[1], process.argv.slice(2), { env: {}, stdio: "inherit" })' \
        "$CONNECT" 203.0.113.8:7
}

@test "perl with an emptied %ENV" {
    need perl
    # shellcheck disable=SC2016 # perl's
    reached perl -e '%ENV = (); system(@ARGV) == 0 or die' "$CONNECT" 203.0.113.8:7
}

@test "make" {
    need make
    printf 'all:\n\t@env -i %s 203.0.113.8:7\n' "$CONNECT" > "$BATS_TEST_TMPDIR/Makefile"
    reached make -s -C "$BATS_TEST_TMPDIR"
}

@test "xargs" {
    echo 203.0.113.8:7 > "$BATS_TEST_TMPDIR/targets"
    reached env -i xargs -a "$BATS_TEST_TMPDIR/targets" "$CONNECT"
}

@test "a script without an interpreter line" {
    echo "'$CONNECT' 203.0.113.8:7" > "$BATS_TEST_TMPDIR/script"
    chmod +x "$BATS_TEST_TMPDIR/script"
    reached env -i "$BATS_TEST_TMPDIR/script"
}

# --- one in another ---

@test "nested: what the inner ptunnel-run was not told does not come back from the outer one" {
    local log=$BATS_TEST_TMPDIR/log

    # shellcheck disable=SC2016 # the inner one's
    launch --loopback --log "$log" -v "$PTUNNEL_RUN" -p "$PROXY" env -i sh -c \
        'echo "[$PTUNNEL_LOOPBACK$PTUNNEL_LOG] $PTUNNEL_VERBOSE $PTUNNEL_CONFIG"'
    equal "$output" $'[] 0 #ptunnel 1\ndefault tunnel'
    : > "$log"
    launch --loopback --log "$log" -v "$PTUNNEL_RUN" -p "$PROXY" env -i "$CONNECT" 203.0.113.9:99
    contains "$stderr" '203.0.113.9:99 via '
    equal "$(cat "$log")" ''
    launch --loopback "$PTUNNEL_RUN" -p "$PROXY" env -i "$CONNECT" "127.0.0.1:$GREETER_PORT"
    lacks "$(cat "$SCRIPTED_LOG")" "CONNECT 127.0.0.1:$GREETER_PORT"
}

@test "nested: a proxy that the inner one takes from a rule file is not the outer one's" {
    local rules=$BATS_TEST_TMPDIR/rules

    printf 'proxy %s\ndefault tunnel\n' "$PROXY" > "$rules"
    chmod 600 "$rules"
    run --separate-stderr "$PTUNNEL_RUN" -p 127.0.0.1:1 env PTUNNEL_PROXY= "$PTUNNEL_RUN" -r "$rules" \
        env -i "$CONNECT" 203.0.113.8:7
    succeeds
    equal "$output$stderr" "$CONNECTED"
}

@test "a child that is started with an empty LD_PRELOAD stays out" {
    launch --loopback env LD_PRELOAD= "$CONNECT" "127.0.0.1:$GREETER_PORT"
    contains "$output" connected
    lacks "$(cat "$SCRIPTED_LOG")" "CONNECT 127.0.0.1:$GREETER_PORT"
    launch sh -c "LD_PRELOAD= exec '$(command -v printenv)' LD_PRELOAD"
    equal "$output$stderr" ''
    launch "$PROGRAMS/children" emptied-posix_spawn "$(command -v printenv)" LD_PRELOAD
    equal "$output$stderr" ''
}

# --- out of reach ---

go_program() {
    need go
    GO_PROGRAM=$BATS_TEST_TMPDIR/plain
    cat > "$BATS_TEST_TMPDIR/main.go" << 'END'
package main

import "os"

func main() {
	os.Stdout.WriteString("ran\n")
}
END
    env CGO_ENABLED=0 GO111MODULE=off GOTOOLCHAIN=local GOCACHE="$BATS_FILE_TMPDIR/go" \
        go build -o "$GO_PROGRAM" "$BATS_TEST_TMPDIR/main.go"
}

# named FILE REASON : it ran, and one line says that its connections are not tunnelled, but those of what it starts
named() {
    succeeds
    contains "$output" ran
    equal "${#stderr_lines[@]}" 1
    contains "$stderr" "$1" "$2" 'its own connections do not go through the proxy, those of what it starts do'
}

# withheld FILE REASON : it did not run, and one of our lines says so
withheld() {
    lacks "$output" ran
    equal "$(grep -c '^ptunnel: ' <<< "$stderr")" 1
    contains "$stderr" "$1" "$2" "it is not started, as 'children refuse' says"
}

@test "a static child without a supervisor is named; with --strict=filter it is not started" {
    need busybox-static
    launch --no-supervise sh -c "'$BUSYBOX' echo ran"
    named "$BUSYBOX" 'statically linked'
    launch --strict=filter sh -c "'$BUSYBOX' echo ran"
    fails_with 126
    withheld "$BUSYBOX" 'statically linked'
    launch --strict=filter sh -c "env -i '$BUSYBOX' echo ran"
    fails_with 126
    withheld "$BUSYBOX" 'statically linked'
}

@test "a Go child without a supervisor is named; with --strict=filter it is not started" {
    go_program
    launch --no-supervise sh -c "'$GO_PROGRAM'"
    named "$GO_PROGRAM" 'Go program'
    launch --strict=filter sh -c "'$GO_PROGRAM'"
    fails_with 126
    withheld "$GO_PROGRAM" 'Go program'
}

@test "a child that cannot read the library is named; with --strict=filter it is not started" {
    local dir=$BATS_TEST_TMPDIR/closed
    local as=()

    need root python3
    as=("$(python)" -c 'import os, sys; os.setuid(65534); os.execvp(sys.argv[1], sys.argv[1:])')
    mkdir -m 700 "$dir"
    cp "$PTUNNEL_RUN" "$LIBRARY" "$dir"
    run --separate-stderr "$dir/ptunnel-run" -p "$PROXY" "${as[@]}" printf started
    succeeds
    equal "$output" started
    contains "$stderr" 'printf is started where libptunnel.so cannot be read' 'its connections do not go through the proxy'
    run --separate-stderr "$dir/ptunnel-run" --strict=filter -p "$PROXY" "${as[@]}" printf started
    fails_with 1
    equal "$output" ''
    contains "$stderr" "it is not started, as 'children refuse' says"
    chmod 755 "$dir" "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
    run --separate-stderr "$dir/ptunnel-run" --strict=filter -p "$PROXY" "${as[@]}" printf started
    equal "$output$stderr" started
}

@test "--strict=filter: each call that starts a program says EACCES" {
    local way

    need busybox-static
    for way in system popen; do
        launch --strict=filter "$PROGRAMS/children" "$way" "$BUSYBOX" echo ran
        fails_with 126
        withheld '' 'statically linked'
    done
    for way in $("$PROGRAMS/children"); do
        by_exec "$way" || continue
        launch --strict=filter "$PROGRAMS/children" "$way" "$BUSYBOX" echo ran
        fails_with 1
        equal "$output" "$way EACCES"
        withheld '' 'statically linked'
        launch --strict=filter "$PROGRAMS/children" "vfork-$way" "$BUSYBOX" echo ran
        fails_with 1
        equal "$output" "vfork-$way EACCES"
        withheld '' 'statically linked'
    done
}

@test "--strict=filter: python's subprocess reports it" {
    need python3
    need busybox-static
    launch --strict=filter "$(python)" -c '
import subprocess, sys
try:
    subprocess.run(sys.argv[1:], env={})
except PermissionError as error:
    print(error.strerror)' "$BUSYBOX" echo ran
    equal "$output" 'Permission denied'
    withheld "$BUSYBOX" 'statically linked'
}

@test "--strict=filter: a child with an empty LD_PRELOAD is not started" {
    launch --strict=filter "$PROGRAMS/children" emptied-execve "$(command -v printenv)" LD_PRELOAD
    fails_with 1
    withheld "$(command -v printenv)" 'an empty LD_PRELOAD'
    launch --strict=filter "$PROGRAMS/children" emptied-execve /nosuch/program
    equal "$output$stderr" 'emptied-execve ENOENT'
}

@test "--strict=filter: wordexp() starts no shell with it, but expands what is no command" {
    launch "$PROGRAMS/children" emptied-wordexp "$(command -v printenv)" OWN
    equal "$output$stderr" 1
    launch --strict=filter "$PROGRAMS/children" emptied-wordexp "$(command -v printenv)" OWN
    withheld /bin/sh 'an empty LD_PRELOAD'
    equal "$output" 'no commands'
}

@test "--strict=filter: nor by a shell that is started with it" {
    local way

    for way in system popen; do
        launch "$PROGRAMS/children" "emptied-$way" "$(command -v printenv)" LD_PRELOAD
        equal "$output$stderr" ''
        launch --strict=filter "$PROGRAMS/children" "emptied-$way" "$(command -v printenv)" LD_PRELOAD
        withheld /bin/sh 'an empty LD_PRELOAD'
        fails_with 128
    done
}

@test "--strict=filter: what can be reached runs as ever" {
    reached --strict=filter env -i sh -c "'$CONNECT' 203.0.113.8:7"
    launch --strict=filter sh -c 'exit 7'
    fails_with 7
}

@test "--strict=filter with -q refuses without a word" {
    need busybox-static
    launch --strict=filter -q "$PROGRAMS/children" execve "$BUSYBOX" echo ran
    equal "$output$stderr" 'execve EACCES'
}

@test "'children refuse' in a rule file is --strict=filter, for the library alone too" {
    local rules=$BATS_TEST_TMPDIR/rules

    need busybox-static
    printf 'proxy %s\nchildren refuse\ndefault tunnel\n' "$PROXY" > "$rules"
    run --separate-stderr "$PTUNNEL_RUN" -r "$rules" "$PROGRAMS/children" execve "$BUSYBOX" echo ran
    equal "$output" 'execve EACCES'
    run --separate-stderr "$PTUNNEL_RUN" -r "$rules" "$PROGRAMS/uring"
    equal "$output" ENOSYS
    run --separate-stderr env LD_PRELOAD="$LIBRARY" PTUNNEL_RULES="$rules" "$PROGRAMS/children" execve "$BUSYBOX" echo ran
    equal "$output" 'execve EACCES'
    withheld "$BUSYBOX" 'statically linked'
    run --separate-stderr "$PTUNNEL_RUN" -r "$rules" --show
    contains "$output" 'children refuse'
}

@test "'children refuse' of a file with a secret holds where the file can no longer be read" {
    local rules=$BATS_TEST_TMPDIR/rules

    need busybox-static
    printf 'proxy http://name:word@%s\nchildren refuse\ndefault tunnel\n' "$PROXY" > "$rules"
    chmod 600 "$rules"
    run --separate-stderr "$PTUNNEL_RUN" -r "$rules" sh -c "rm '$rules'; exec '$BUSYBOX' echo ran"
    fails_with 126
    withheld "$BUSYBOX" 'statically linked'
}

@test "--strict=filter: io_uring stays closed in a nested ptunnel-run" {
    launch --strict=filter "$PTUNNEL_RUN" -p "$PROXY" "$PROGRAMS/uring"
    equal "$output" ENOSYS
}

@test "--strict=filter closes io_uring, which liburing would get by a system call that no hook sees" {
    [ "$("$PROGRAMS/uring")" = ring ] || skip 'needs: io_uring'
    launch "$PROGRAMS/uring"
    equal "$output" ring
    launch --strict=filter "$PROGRAMS/uring"
    equal "$output$stderr" ENOSYS
    launch --strict=filter env -i sh -c "'$PROGRAMS/uring'"
    equal "$output$stderr" ENOSYS
}

@test "--strict=filter and --force exclude each other, wherever the first was said" {
    local rules=$BATS_TEST_TMPDIR/rules

    launch --strict=filter --force true
    fails_with 125
    contains "$stderr" '--force runs what --strict=filter refuses'
    printf 'proxy %s\nchildren refuse\ndefault tunnel\n' "$PROXY" > "$rules"
    run --separate-stderr "$PTUNNEL_RUN" -r "$rules" --force true
    fails_with 125
    contains "$stderr" "--force runs what $rules:2 refuses"
}

@test "a word that 'children' does not have" {
    printf 'proxy %s\nchildren forbid\ndefault tunnel\n' "$PROXY" > "$BATS_TEST_TMPDIR/rules"
    run --separate-stderr "$PTUNNEL_RUN" -r "$BATS_TEST_TMPDIR/rules" true
    fails_with 125
    contains "$stderr" ":2:10: expected allow or refuse, not 'forbid'"
}
