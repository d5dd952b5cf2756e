#!/usr/bin/env bats
# What processes share: sockets and epoll sets are the kernel's, records of them are a process's own.

load helpers

setup_file() {
    start_greeter
    start_scripted --on "*" "delay 200; to 127.0.0.1:$GREETER_PORT"
    export PROXY
}

same_as_native() { # STORY
    local native seen

    native=$(timeout 30 "$PROGRAMS/shared" "$1" 127.0.0.1 "$GREETER_PORT")
    seen=$(tunnelled "$PROGRAMS/shared" "$1" 203.0.113.7 "$GREETER_PORT")
    contains "$native" "${2:-is told 1 (4, 1)}"
    equal "$seen" "$native"
}

@test "a forked child that closes its copies takes nothing from its parent's set" {
    same_as_native child_closes
}

@test "a forked child that looks at its copy puts no old registration back" {
    same_as_native child_looks 'the parent is told 1 (4, 2)'
}

@test "a forked child may wait for its parent's connection, and the parent is told all the same" {
    same_as_native child_opens
}

@test "a daemon, whose parent is gone, is told of what the parent began" {
    same_as_native daemon_waits 'the daemon is told 1 (4, 2)'
}

@test "what a forked child has registered in its parent's set stays" {
    same_as_native both_use_it 'the child is told 1 (4, 2)'
}

@test "the record of a closed listener is not taken for a registration" {
    same_as_native exclusive 'is told 0'
    same_as_native exclusive_added 'is told 1 (4, 2)'
    same_as_native plain_added 'is told 1 (4, 2)'
}
