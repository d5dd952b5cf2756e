#!/usr/bin/env bats
# What processes share: sockets and epoll sets are the kernel's, records of them are a process's own.

load helpers

setup_file() {
    start_scripted --on '203.0.113.7:*' 'delay 200; raw "HTTP/1.1 200 OK\r\n\r\n"; end hang'
    export PROXY SCRIPTED_PORT
}

# Whom nothing is said to, and who says nothing and stays: natively the proxy itself.
same_as_native() { # STORY WANTED
    local native seen

    native=$(timeout 30 "$PROGRAMS/shared" "$1" 127.0.0.1 "$SCRIPTED_PORT")
    seen=$(tunnelled "$PROGRAMS/shared" "$1" 203.0.113.7 "$SCRIPTED_PORT")
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

@test "an epoll set that is passed on holds what the program registered" {
    same_as_native set_passed 'the other is told 1 (4, 1)'
}

@test "a connection that is not open yet is not passed on by who does not wait" {
    run tunnelled "$PROGRAMS/shared" passed_without_waiting 203.0.113.7 "$SCRIPTED_PORT"
    equal "$output" "passed 0 Resource temporarily unavailable${NEWLINE}then 1"
}

@test "a thread with descriptors of its own leaves those of the others alone" {
    same_as_native apart 'apart: poll 1, 1, read 1, close 0'
}

@test "a set that was forked before anything was pending: the child sees nothing but what was registered" {
    cat > "$BATS_TEST_TMPDIR/forked.py" <<'END'
import os, select, socket, sys, time
client = socket.socket()
client.setblocking(False)
watch = select.epoll()
watch.register(client, select.EPOLLOUT | select.EPOLLET)
watch.poll(0)
ready, go = os.pipe()
child = os.fork()
if child == 0:
    os.read(ready, 1)
    seen, end = set(), time.monotonic() + 1
    while time.monotonic() < end:
        seen |= {fd for fd, events in watch.poll(0.05)}
    os._exit(0 if seen <= {client.fileno()} else 1)
client.connect_ex((sys.argv[1], int(sys.argv[2])))
os.write(go, b"x")
told = select.select([], [client], [], 10)[1] == [client]
print(told, client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), os.waitpid(child, 0)[1])
END
    run tunnelled python3 "$BATS_TEST_TMPDIR/forked.py" 203.0.113.7 "$SCRIPTED_PORT"
    equal "$output" "True 0 0"
}
