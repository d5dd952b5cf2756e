# shellcheck shell=bash
# shellcheck disable=SC2034 # for the tests
# Where the only resolver would be 127.0.0.1:53, and a trace shows whom programs speak to.

NAME=only-proxy.example
RESOLVERS='htons\(53\)|systemd[./][Rr]esolve'

setup_file() {
    local arguments=()

    start_greeter
    start_http
    start_sshd
    make_repository "$BATS_FILE_TMPDIR/repository.git"
    start_git_daemon "$BATS_FILE_TMPDIR"
    for port in "$GREETER_PORT" "${HTTP_PORT:-}" "${SSH_PORT:-}" "$GIT_PORT"; do
        [ -z "$port" ] || arguments+=(--on "*:$port" "to 127.0.0.1:$port")
    done
    start_scripted "${arguments[@]}"
    start_nscd
    echo 'nameserver 127.0.0.1' > "$BATS_FILE_TMPDIR/resolv.conf"
    echo 'hosts: files dns' > "$BATS_FILE_TMPDIR/nsswitch.conf"
    cat > "$BATS_FILE_TMPDIR/hosts" << END
127.0.0.1 localhost
::1 localhost
192.0.2.1 four.example
2001:db8::1 six.example
192.0.2.9 both.example
2001:db8::9 both.example
127.0.0.2 late.example
127.0.0.1 late.example
END
}

# A name service cache that writes down what it is asked, and answers nothing. Programs ask it for users too.
start_nscd() {
    NSCD=$BATS_FILE_TMPDIR/nscd
    export NSCD
    has python3 || return 0
    mkdir "$NSCD"
    : > "$NSCD/asked"
    spawn nscd "$(python)" -c '
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1] + "/socket")
os.chmod(sys.argv[1] + "/socket", 0o777)
listener.listen(64)
while True:
    with open(sys.argv[1] + "/asked", "ab", 0) as log:
        log.write(listener.accept()[0].recv(1000) + b"\n")' "$NSCD"
    wait_until test -S "$NSCD/socket"
}

setup() {
    mkdir -m 700 "$BATS_TEST_TMPDIR/run"
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
    TRACE=$BATS_TEST_TMPDIR/trace
    LOGGED=$(wc -l < "$SCRIPTED_LOG")
    LOG=$SCRIPTED_LOG
}

# apart COMMAND... : with these three files, in a mount namespace
apart() {
    timeout -k 5 60 unshare --mount bash -c '
        mount --make-rprivate /
        for file in resolv.conf nsswitch.conf hosts; do
            mount --bind "$0/$file" "/etc/$file"
        done
        if [ -d "$0/nscd" ]; then
            mount -t tmpfs none /run
            mkdir /run/nscd
            mount --bind "$0/nscd" /run/nscd
        fi
        exec "$@"' "$BATS_FILE_TMPDIR" "$@"
}

# rules LINE... : a rule file, for `preloaded`
rules() {
    printf '%s\n' "$@" > "$BATS_TEST_TMPDIR/rules"
    export PTUNNEL_RULES=$BATS_TEST_TMPDIR/rules
}

preloaded() { # COMMAND...
    env LD_PRELOAD="$LIBRARY" PTUNNEL_PROXY="$PROXY" "$@"
}

# traced COMMAND... : apart, preloaded; connections and datagrams are in $TRACE
traced() {
    apart strace -f -qq -s 256 -o "$TRACE" -e trace=connect,sendto,sendmsg,sendmmsg \
        -E LD_PRELOAD="$LIBRARY" -E PTUNNEL_PROXY="$PROXY" "$@"
}

without() { # REGULAR-EXPRESSION FILE
    test -e "$2" || return 1
    if grep -aE "$1" "$2"; then
        return 1
    fi
}

asked_for() { # AUTHORITY
    wait_until logged "CONNECT $1 200" || {
        echo "not asked for: $1"
        echo "$output"
        cat "$SCRIPTED_LOG"
        return 1
    }
}

not_asked() {
    equal "$(tail -n "+$((LOGGED + 1))" "$SCRIPTED_LOG")" ''
}
