# shellcheck shell=bash
# ptunnel as a listener, and what is tunnelled through it.

# shellcheck disable=SC2034 # for the tests
PTUNNEL=$BUILD/ptunnel

# start_ptunnel ARGUMENT... -> LISTENER (its pid), LISTEN_PORT, and LISTEN_PORTS of operands with port 0, in order; AT_START.
# $PTUNNEL_UNDER is a command to run it under.
start_ptunnel() {
    local operands=0 argument out

    for argument in "$@"; do
        [[ $argument != 0:* && $argument != *:0:* ]] || operands=$((operands + 1))
    done
    out=$(here)/ptunnel.out
    : > "$out" # what an earlier one said is not for this one
    # shellcheck disable=SC2086 # words
    spawn ptunnel ${PTUNNEL_UNDER:-} "$PTUNNEL" "$@"
    LISTENER=$SPAWNED
    wait_until has_lines "$out" "$operands" "$LISTENER"
    mapfile -t LISTEN_PORTS < <(sed -n 's/^listening .*:\([0-9]*\) for .*/\1/p' "$out")
    LISTEN_PORT=${LISTEN_PORTS[0]:-}
    AT_START=$(descriptors "$LISTENER")
    ! gone "$LISTENER" || {
        cat "$out"
        return 1
    }
}

has_lines() { # FILE COUNT PID: so many "listening", or the process is gone
    [ "$(grep -c '^listening' "$1")" -ge "$2" ] || gone "$3"
}

# What the listener has said.
listener_says() {
    cat "$(here)/ptunnel.out"
}

listener_has_said() { # TEXT
    grep -qF -- "$1" "$(here)/ptunnel.out"
}

# listen_through PROXY FAMILY PORT [OPTION]... : a port that leads to that port of the target
listen_through() {
    local port=$3

    through "$1" "$2"
    shift 3
    start_ptunnel -p "$PROXY" "$@" "0:$URLHOST:$port"
}

# For crowd, whose target is on this machine.
listen_for_crowd() { # [OPTION]...
    listen_through scripted 4 "$CROWD_PORT" "$@"
}

# hold COUNT : so many open tunnels, until `release`
hold() {
    mkfifo "$BATS_TEST_TMPDIR/hold"
    "$PROGRAMS/crowd" hold "$LISTEN_PORT" "$1" < "$BATS_TEST_TMPDIR/hold" > "$BATS_TEST_TMPDIR/held" 2>&1 3>&- &
    HOLDER=$!
    exec 7> "$BATS_TEST_TMPDIR/hold"
    wait_until grep -qs "open $1" "$BATS_TEST_TMPDIR/held" || {
        cat "$BATS_TEST_TMPDIR/held"
        return 1
    }
}

release() {
    exec 7>&-
    wait "$HOLDER"
}

descriptors() { # PID
    find "/proc/$1/fd" -mindepth 1 | wc -l
}

# The listener has no tunnel: the descriptors of its start, and perhaps a socket for the next tunnel.
at_rest() {
    [ "$(descriptors "$LISTENER")" -le $((AT_START + 1)) ]
}

resident() { # PID -> KiB
    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

# grown_at_most BEFORE KIB : what a sanitizer keeps does not count
grown_at_most() {
    grep -q __asan_init "$PTUNNEL" || [ $(($(resident "$LISTENER") - $1)) -le "$2" ]
}

ticks() { # PID -> CPU time used, in hundredths of a second
    local fields

    read -ra fields < "/proc/$1/stat"
    echo $((fields[13] + fields[14]))
}

# start_crowd -> CROWD_PORT, CROWD
start_crowd() {
    : > "$(here)/crowd.out"
    spawn crowd "$PROGRAMS/crowd" serve
    CROWD=$SPAWNED
    wait_until grep -qs ^listening "$(here)/crowd.out"
    CROWD_PORT=$(sed -n 's/^listening //p' "$(here)/crowd.out")
    export CROWD CROWD_PORT
}

# start_dovecot -> IMAP_PORT. Any user, password "open".
start_dovecot() {
    local dir

    has root && has dovecot && [[ $(dovecot --version) == 2.3.* ]] || return 0
    dir=$(here)/dovecot
    mkdir -p "$dir/mail"
    chown dovecot "$dir/mail"
    IMAP_PORT=$(free_port)
    export IMAP_PORT
    cat > "$dir/dovecot.conf" << END
base_dir = $dir/run
state_dir = $dir/state
protocols = imap
listen = 127.0.0.1$(! has ipv6 || echo ', ::1')
ssl = no
disable_plaintext_auth = no
log_path = $dir/log
mail_location = maildir:$dir/mail/%u
first_valid_uid = 1
passdb {
  driver = static
  args = password=open
}
userdb {
  driver = static
  args = uid=dovecot gid=dovecot home=$dir/mail/%u
}
service imap-login {
  inet_listener imap {
    port = $IMAP_PORT
  }
  inet_listener imaps {
    port = 0
  }
}
END
    spawn dovecot "$(command -v dovecot)" -F -c "$dir/dovecot.conf"
    wait_listen dovecot "$IMAP_PORT"
}

# start_rsync DIRECTORY -> RSYNC_PORT, its module `files`
start_rsync() {
    local dir

    has rsync || return 0
    dir=$(here)
    RSYNC_PORT=$(free_port)
    export RSYNC_PORT
    cat > "$dir/rsyncd.conf" << END
use chroot = no
[files]
path = $1
read only = no
END
    spawn rsync rsync --daemon --no-detach --address=127.0.0.1 --port="$RSYNC_PORT" --config="$dir/rsyncd.conf"
    wait_listen rsync "$RSYNC_PORT"
}
