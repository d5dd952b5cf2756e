# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # for the tests, and variables of theirs
# A network whose only way out is the proxy. Two network namespaces with a pair of interfaces between them: INSIDE, where
# programs run as a user with a home of their own, and OUTSIDE with the proxy and a target behind it. Every packet that
# leaves INSIDE for somewhere else than the proxy is a stray one. Whom to ask a resolver would be: nobody answers there.
#
# Root makes the namespaces as they are; anybody else has them in a user namespace of his own, in which he is root, and the programs
# run in one below it, in which they are nobody in particular.

GATE=10.99.0.1 GATE6=fd00:99::1 STRAY_PORT=3128
USER_ID=65534

has_namespaces() {
    has root && has netns || unshare --user --map-root-user --net --mount true 2> /dev/null
}

# Two processes that hold the namespaces, and what the names in /proc/PID/ns mean.
hold_namespaces() {
    local owned=() enter=()

    ENTER=''
    has root || {
        owned=(--user --map-root-user)
        ENTER='--user --preserve-credentials'
    }
    spawn outside unshare "${owned[@]}" --net sleep 600
    OUTSIDE=$SPAWNED
    wait_until holds "$OUTSIDE" net
    has root || enter=(nsenter -t "$OUTSIDE" --user --preserve-credentials)
    spawn inside "${enter[@]}" unshare --net --mount --propagation private sleep 600
    INSIDE=$SPAWNED
    wait_until holds "$INSIDE" mnt
    export INSIDE OUTSIDE ENTER
}

holds() { # PID KIND : a namespace of its own
    [ "$(readlink "/proc/$1/ns/$2")" != "$(readlink "/proc/$$/ns/$2")" ]
}

# shellcheck disable=SC2086 # words
outside() {
    nsenter -t "$OUTSIDE" $ENTER --net "$@"
}

# shellcheck disable=SC2086 # words
inside() {
    nsenter -t "$INSIDE" $ENTER --net --mount "$@"
}

spawn_outside() { # NAME COMMAND...
    # shellcheck disable=SC2086 # words
    spawn "$1" nsenter -t "$OUTSIDE" $ENTER --net "${@:2}"
}

# Neighbours are known: neither side asks for the other.
connect_namespaces() {
    local near far

    outside ip link set lo up
    inside ip link set lo up
    outside ip link add way type veth peer name way netns "$INSIDE"
    outside ip address add "$GATE/24" dev way
    outside ip link set way up
    inside ip address add "${GATE%.*}.2/24" dev way
    inside ip link set way up
    ! has ipv6 || inside ip address add "${GATE6%::*}::2/64" dev way nodad
    far=$(outside ip -o link show dev way | sed 's/.*link\/ether \([^ ]*\).*/\1/')
    near=$(inside ip -o link show dev way | sed 's/.*link\/ether \([^ ]*\).*/\1/')
    outside ip neighbour replace "${GATE%.*}.2" lladdr "$near" dev way nud permanent
    inside ip neighbour replace "$GATE" lladdr "$far" dev way nud permanent
    inside ip route add default via "$GATE"
    ! has ipv6 || {
        inside ip neighbour replace "$GATE6" lladdr "$far" dev way nud permanent
        inside ip -6 route add default via "$GATE6" dev way
    }
}

# Where a name would be looked up, and a place for what is under test that the user can reach.
furnish() {
    STRAY=$BATS_FILE_TMPDIR/stray
    export STRAY
    chmod a+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
    mkdir "$STRAY"
    cp "$PTUNNEL_RUN" "$LIBRARY" "$PROGRAMS"/{sandbox,connect,children,resolve,past} "$STRAY"
    chmod -R a+rX "$STRAY"
    install -d -m 700 "$STRAY/home" "$STRAY/run"
    ! has root || chown "$USER_ID:$USER_ID" "$STRAY/home" "$STRAY/run"
    echo "nameserver $GATE" > "$STRAY/resolv.conf"
    echo 'hosts: files dns' > "$STRAY/nsswitch.conf"
    printf '%s\n' '127.0.0.1 localhost myapp.dev' '::1 localhost' "127.0.1.1 $(uname -n)" > "$STRAY/hosts"
    for file in resolv.conf nsswitch.conf hosts; do
        inside mount --bind "$STRAY/$file" "/etc/$file"
    done
    inside mount -t tmpfs none /run # no name service cache
}

# Everything at port 80 is a web server, all else says hello.
start_gate() {
    mkdir "$BATS_FILE_TMPDIR/www"
    echo hello > "$BATS_FILE_TMPDIR/www/hello"
    ! has git || make_repository "$BATS_FILE_TMPDIR/www/repository.git"
    spawn_outside greeter "$PROGRAMS/greeter"
    wait_until grep -qs ^listening "$BATS_FILE_TMPDIR/greeter.out"
    spawn_outside web "$(python)" -u -m http.server --bind 127.0.0.1 --directory "$BATS_FILE_TMPDIR/www" 80
    wait_until grep -qs Serving "$BATS_FILE_TMPDIR/web.out"
    GATE_LOG=$BATS_FILE_TMPDIR/gate.log
    export GATE_LOG
    spawn_outside gate "$BUILD/tests/proxy" --log "$GATE_LOG" --listen "$GATE:$STRAY_PORT" \
        --on '*:80' 'to 127.0.0.1:80' --on '*' "to 127.0.0.1:$(sed -n 's/^listening //p' "$BATS_FILE_TMPDIR/greeter.out")"
    wait_until grep -qs ^listening "$BATS_FILE_TMPDIR/gate.out"
    STRAYS=$BATS_FILE_TMPDIR/watch.out
    export STRAYS
    spawn_outside watch "$PROGRAMS/stray" way "$GATE" "$STRAY_PORT"
    wait_until grep -qs ^watching "$STRAYS"
}

# as_user COMMAND... : inside, as a user would
as_user() {
    local become=(setpriv --reuid="$USER_ID" --regid="$USER_ID" --clear-groups)

    has root || become=(unshare --user --map-user="$USER_ID" --map-group="$USER_ID")
    # shellcheck disable=SC2086 # words
    (cd "$STRAY/home" && timeout -k 5 "${LIMIT:-20}" nsenter -t "$INSIDE" $ENTER --net --mount "${become[@]}" \
        env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$STRAY/home" XDG_RUNTIME_DIR="$STRAY/run" LC_ALL=C \
        "$@" < /dev/null 2>&1)
}

# tunnelled_user [OPTION...] COMMAND...
tunnelled_user() {
    as_user "$STRAY/ptunnel-run" --no-rules -p "$GATE:$STRAY_PORT" "$@"
}

marked() { # MARK
    grep -qx "mark $1" "$STRAYS"
}

# strays NAME : those since the last mark, which this one becomes
strays() {
    # shellcheck disable=SC2016 # the inner shell's
    inside bash -c 'printf %s "$0" > "/dev/udp/$1/9"' "$1" "$GATE"
    wait_until marked "$1"
    awk -v mark="mark $1" '$0 == mark { printf "%s", found; exit } /^mark/ { found = ""; next } !/^watching/ { found = found $0 "\n" }' "$STRAYS"
}

asked_gate() { # AUTHORITY
    grep -qF "CONNECT $1 200" "$GATE_LOG"
}

# --- cases: what failed is said together, at the end of a test that begins with CASES=0 ---

# row NAME COMMAND... : through the proxy, to NAME.test:80 (or $PORT) at least, and nowhere else. A program that is not there is passed over.
row() {
    local program=$2

    [[ $program != --* ]] || program=$3
    has "$program" || return 0
    CASES=$((CASES + 1))
    output=$(tunnelled_user -q "${@:2}") || true
    asked_gate "$1.test:${PORT:-80}" || fails "$1" "the proxy was not asked for it"
    none_strayed "$1"
}

none_strayed() { # NAME
    local found

    found=$(strays "$1")
    [ -z "$found" ] || fails "$1" "$found"
}

fails() { # NAME WORDS
    printf '%s: %s\nit said: %s\n' "$1" "$2" "$output" >> "$BATS_TEST_TMPDIR/failures"
}

all_well() { # AT-LEAST-SO-MANY
    equal "$(cat "$BATS_TEST_TMPDIR/failures" 2> /dev/null)" ''
    [ "$CASES" -ge "$1" ]
}
