#!/usr/bin/env bats
# Where Yama lets nobody but an ancestor look into a process (ptrace_scope 1, as Ubuntu has it), the supervisor is the command's
# parent, and ptunnel-run stands in for the command. No machine of the tests has Yama: here a file says that this one has.

load helpers
load lib/supervise
load lib/strict

setup_file() {
    start_greeter
    start_scripted --on '*' "to 127.0.0.1:$GREETER_PORT"
    open_to_all
}

setup() {
    need root mountns setpriv busybox-static
    need_supervised
}

# below_yama COMMAND... : as `run` does, an ordinary user; $RUN is in it
below_yama() {
    # shellcheck disable=SC2016 # for the other shell
    run --separate-stderr timeout -k 5 30 unshare --mount sh -c 'mount -t tmpfs none /proc/sys/kernel && mkdir /proc/sys/kernel/yama &&
        echo 1 > /proc/sys/kernel/yama/ptrace_scope && cd / && exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"' sh \
        env XDG_RUNTIME_DIR=/nonexistent RUN="$OPEN/ptunnel-run --no-rules -p $PROXY" "$@"
}

# shellcheck disable=SC2016 # all the commands are for the other shell

@test "a static program is tunnelled, and its parent is not who started it" {
    below_yama sh -c 'echo $$; exec $RUN busybox sh -c "echo \$PPID \$\$; busybox nc only.example 7"'
    succeeds
    [ "${lines[0]}" != "${lines[1]%% *}" ]
    [ "${lines[0]}" != "${lines[1]##* }" ]
    equal "${lines[2]}" hello
    equal "$(tail -n 1 "$SCRIPTED_LOG")" 'CONNECT only.example:7 200'
}

@test "a static child of a preloaded program" {
    below_yama sh -c '$RUN sh -c "busybox nc child.example 7; busybox sh -c \"exit 3\"; echo \$?"'
    equal "$output" "hello${NEWLINE}3"
}

@test "exit status, and how it was ended" {
    below_yama sh -c '$RUN busybox sh -c "exit 7"; echo $?; $RUN busybox sh -c "kill -TERM \$\$"; echo $?
        $RUN --strict=filter busybox /nonexistent; $RUN busybox sh -c "kill -KILL \$\$"; echo $?'
    equal "${lines[0]} ${lines[1]} ${lines[-1]}" '7 143 137'
}

@test "signals go on to the command, and killing ptunnel-run kills it" {
    below_yama sh -c '$RUN busybox sh -c "trap \"echo caught; exit 9\" USR1; echo ready; while :; do sleep 0.05; done" > /tmp/$$ & pid=$!
        until grep -q ready /tmp/$$; do sleep 0.02; done
        kill -USR1 $pid; wait $pid; echo $?; cat /tmp/$$; rm /tmp/$$'
    equal "$output" "9${NEWLINE}ready${NEWLINE}caught"
    below_yama sh -c '$RUN busybox sh -c "echo \$\$; exec sleep 100" > /tmp/$$ & pid=$!
        until grep -q . /tmp/$$; do sleep 0.02; done
        kill -KILL $pid; wait $pid; echo $?
        while kill -0 $(cat /tmp/$$) 2> /dev/null; do sleep 0.02; done; rm /tmp/$$'
    succeeds
    equal "$output" 137
}

@test "a command that stops stops ptunnel-run, which lets it go on" {
    below_yama sh -c '$RUN busybox sh -c "kill -STOP \$\$; exit 5" & pid=$!
        until grep -q "^State:.T" /proc/$pid/status; do sleep 0.02; done
        kill -CONT $pid; wait $pid; echo $?'
    equal "$output" 5
}

@test "what outlives the command is tunnelled, and keeps nobody waiting" {
    mkfifo -m 666 "$BATS_TEST_TMPDIR/go"
    : > "$BATS_TEST_TMPDIR/late"
    chmod a+w "$BATS_TEST_TMPDIR/late"
    chmod a+rx "$BATS_TEST_TMPDIR"
    below_yama sh -c 'x=$($RUN busybox sh -c "(read -r _ < $0/go; exec busybox nc late.example 7 > $0/late) > /dev/null 2>&1 & echo started" 2>&1); echo "$x"' \
        "$BATS_TEST_TMPDIR"
    equal "$output" started
    echo > "$BATS_TEST_TMPDIR/go"
    wait_until grep -q hello "$BATS_TEST_TMPDIR/late"
    wait_until none_left
}

none_left() {
    ! pgrep -f -- "-p $PROXY busybox sh" > /dev/null
}

@test "orphans are reaped" {
    below_yama sh -c '$RUN busybox sh -c "for i in 1 2 3 4 5; do (busybox true &) ; done; sleep 0.3; busybox ps -o stat,ppid | grep -c \"^Z.* \$PPID\$\""'
    equal "$output" 0
}

@test "without a supervisor, by --force" {
    below_yama sh -c "exec setpriv --no-new-privs '$OPEN/sandbox' pidfd_getfd 1 exec \$RUN --force busybox sh -c 'echo ran; exit 4'"
    equal "$status $output" "4 ran"
    contains "$stderr" 'it cannot be supervised' 'SYS_PTRACE'
}
