# shellcheck shell=bash
# What every system test loads: where the things under test are, what a test needs, how a program is run through the
# proxy. Services are in lib/.

# shellcheck disable=SC2034,SC2154 # some of these are for the tests, and `run` sets others

bats_require_minimum_version 1.5.0
ROOT=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
BUILD=${B:-build}
[[ $BUILD == /* ]] || BUILD=$ROOT/$BUILD
PTUNNEL_RUN=$BUILD/ptunnel-run
LIBRARY=$BUILD/libptunnel.so
PROGRAMS=$BUILD/programs
NEWLINE=$'\n'
PATH=$PATH:/usr/sbin:/sbin

. "$ROOT/tests/system/lib/services.bash"
. "$ROOT/tests/system/lib/proxies.bash"
. "$ROOT/tests/system/lib/targets.bash"

# No setting of whoever runs the tests has a say in them.
unset LD_PRELOAD PTUNNEL_PROXY PTUNNEL_RULES PTUNNEL_LOOPBACK PTUNNEL_VERBOSE PTUNNEL_LOG PTUNNEL_LOG_FORMAT PTUNNEL_CONFIG
unset http_proxy https_proxy all_proxy no_proxy ftp_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY FTP_PROXY
unset XDG_CONFIG_HOME SSH_AUTH_SOCK SSH_ASKPASS DISPLAY GIT_DIR GIT_SSH GIT_SSH_COMMAND JAVA_TOOL_OPTIONS
export LC_ALL=C HOME=$BATS_FILE_TMPDIR GIT_CONFIG_NOSYSTEM=1

# Nor has the map of names that other programs of this user share.
export XDG_RUNTIME_DIR=$BATS_FILE_TMPDIR/runtime
[ ! -d "$BATS_FILE_TMPDIR" ] || install -d -m 700 "$XDG_RUNTIME_DIR"

teardown() {
    stop_services "$BATS_TEST_TMPDIR"
}

teardown_file() {
    stop_services "$BATS_FILE_TMPDIR"
}

# need WHAT... : skip the test where it cannot be run. WHAT is root, ptrace, netns, mountns, ipv6, mptcp, login-shell,
# busybox-static, or a program.
need() {
    local what

    for what in "$@"; do
        has "$what" || skip "needs: $what"
    done
}

has() {
    case $1 in
    root) [ "$(id -u)" -eq 0 ] ;;
    ptrace) command -v strace > /dev/null && strace -o /dev/null true 2> /dev/null ;;
    netns) unshare --net true 2> /dev/null ;;
    mountns) unshare --mount true 2> /dev/null ;;
    ipv6) grep -qs '^0\{31\}1 .* lo$' /proc/net/if_inet6 ;;
    login-shell) "$(getent passwd "$(id -un)" | cut -d : -f 7)" -c true > /dev/null 2>&1 ;;
    busybox-static) has busybox && ! LC_ALL=C grep -qa /ld- "$(command -v busybox)" ;;
    mptcp) grep -qsx 1 /proc/sys/net/mptcp/enabled ;;
    *) command -v "$1" > /dev/null ;;
    esac
}

# Run a command through $PROXY, loopback included, in at most $LIMIT seconds.
tunnelled() {
    timeout -k 5 "${LIMIT:-30}" "$PTUNNEL_RUN" -p "$PROXY" --loopback -- "$@"
}

# The interpreter behind wrapper scripts of the name python3.
python() {
    python3 -c 'import sys; print(sys.executable)'
}

# wait_until COMMAND... : for up to ten seconds
wait_until() {
    local i

    for ((i = 0; i < 500; i++)); do
        "$@" && return 0
        sleep 0.02
    done
    echo "not in ten seconds: $*"
    return 1
}

# equal GOT WANTED
equal() {
    [ "$1" = "$2" ] || {
        printf 'got:    %s\nwanted: %s\n' "$1" "$2"
        return 1
    }
}

# contains TEXT PART...
contains() {
    local text=$1 part

    shift
    for part in "$@"; do
        [[ $text == *"$part"* ]] || {
            printf 'not in it: %s\nthe text:  %s\n' "$part" "$text"
            return 1
        }
    done
}

# lacks TEXT PART...
lacks() {
    local text=$1 part

    shift
    for part in "$@"; do
        [[ $text != *"$part"* ]] || {
            printf 'in it:    %s\nthe text: %s\n' "$part" "$text"
            return 1
        }
    done
}

# succeeds, fails_with STATUS: what the last `run` did
succeeds() {
    fails_with 0
}

fails_with() {
    [ "$status" -eq "$1" ] || {
        printf 'status %s, not %s\n%s\n' "$status" "$1" "$output"
        return 1
    }
}
