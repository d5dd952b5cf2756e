# shellcheck shell=bash
# shellcheck disable=SC2034 # PROXY is for the tests
# The proxies, each on 127.0.0.1 and ::1, and what they say of a connection.

both_families() { # ::1 where there is one
    echo 127.0.0.1
    ! has ipv6 || echo '[::1]'
}

# start_squid [NAME PASSWORD] -> SQUID_PORT, SQUID_LOG. Nothing is refused but who has no password, if one is given.
start_squid() {
    local dir access=all family

    has squid || return 0
    dir=$(here)/squid
    mkdir "$dir"
    [ "$(id -u)" -ne 0 ] || chown proxy "$dir"
    SQUID_PORT=$(free_port)
    SQUID_LOG=$dir/access.log
    export SQUID_PORT SQUID_LOG
    if [ $# -eq 2 ]; then
        access=known
        htpasswd -bc "$dir/passwords" "$1" "$2" 2> /dev/null
        chmod a+r "$dir/passwords"
        cat >> "$dir/squid.conf" << END
auth_param basic program $(ncsa_auth) $dir/passwords
auth_param basic children 1
acl known proxy_auth REQUIRED
END
    fi
    for family in $(both_families); do
        echo "http_port $family:$SQUID_PORT"
    done >> "$dir/squid.conf"
    cat >> "$dir/squid.conf" << END
http_access allow $access
http_access deny all
logformat short %rm %ru %>Hs
access_log stdio:$SQUID_LOG logformat=short
buffered_logs off
cache deny all
cache_store_log none
cache_log $dir/cache.log
pid_filename none
coredump_dir none
netdb_filename none
pinger_enable off
visible_hostname squid.invalid
shutdown_lifetime 0 seconds
max_filedescriptors 1024
END
    spawn squid squid -N -n "test$SQUID_PORT" -f "$dir/squid.conf"
    wait_listen squid "$SQUID_PORT"
}

ncsa_auth() {
    local dir

    for dir in lib/squid lib64/squid libexec/squid; do
        ! [ -x "/usr/$dir/basic_ncsa_auth" ] || echo "/usr/$dir/basic_ncsa_auth"
    done
}

# start_tinyproxy -> TINYPROXY_PORT, TINYPROXY_LOG
start_tinyproxy() {
    local dir

    has tinyproxy || return 0
    dir=$(here)
    TINYPROXY_PORT=$(free_port)
    TINYPROXY_LOG=$dir/tinyproxy.log
    export TINYPROXY_PORT TINYPROXY_LOG
    cat > "$dir/tinyproxy.conf" << END
Port $TINYPROXY_PORT
Listen 127.0.0.1
Timeout 60
MaxClients 100
Allow 127.0.0.1
LogLevel Connect
LogFile "$TINYPROXY_LOG"
END
    spawn tinyproxy tinyproxy -d -c "$dir/tinyproxy.conf"
    wait_listen tinyproxy "$TINYPROXY_PORT"
}

# start_scripted [--on PATTERN ACTIONS]... -> SCRIPTED_PORT (127.0.0.1), SCRIPTED_PORT6 (::1), SCRIPTED_LOG, PROXY
start_scripted() {
    local dir

    dir=$(here)
    SCRIPTED_LOG=$dir/scripted.log
    : > "$SCRIPTED_LOG"
    # shellcheck disable=SC2046 # two words
    spawn scripted "$BUILD/tests/proxy" --log "$SCRIPTED_LOG" --log-headers --listen 127.0.0.1:0 \
        $(! has ipv6 || echo --listen '[::1]:0') "$@"
    wait_until scripted_said_where "$dir/scripted.out"
    SCRIPTED_PORT=$(sed -n 's/^listening 127.0.0.1://p' "$dir/scripted.out")
    SCRIPTED_PORT6=$(sed -n 's/^listening \[::1\]://p' "$dir/scripted.out")
    PROXY=127.0.0.1:$SCRIPTED_PORT
    export SCRIPTED_PORT SCRIPTED_PORT6 SCRIPTED_LOG PROXY
    [ -n "$SCRIPTED_PORT" ] || {
        cat "$dir/scripted.out"
        return 1
    }
}

scripted_said_where() { # FILE
    [ "$(grep -c ^listening "$1")" -eq "$(both_families | wc -l)" ] || gone "$SPAWNED"
}

# Arguments for start_scripted: this port of 203.0.113.7 and [2001:db8::7], which nobody else can reach, is the one
# of loopback.
away() { # PORT...
    local port

    for port in "$@"; do
        printf '%s\n' --on "203.0.113.7:$port" "to 127.0.0.1:$port" --on "\\[2001:db8::7\\]:$port" "to [::1]:$port"
    done
}

# start_scripted_before PORT... [--on PATTERN ACTIONS]... : one through which these ports of 203.0.113.7 can be reached
start_scripted_before() {
    local arguments ports=()

    while [ $# -gt 0 ] && [[ $1 != --* ]]; do
        ports+=("$1")
        shift
    done
    mapfile -t arguments < <(away "${ports[@]}")
    start_scripted "${arguments[@]}" "$@"
}

# through squid|scripted|tinyproxy 4|6 : sets $PROXY, the target's $HOST, and the same as it stands in a URL, $URLHOST
through() {
    local proxy=$1 family=$2

    [ "$proxy" = scripted ] || need "$proxy"
    [ "$family" = 4 ] || need ipv6
    case $proxy$family in
    squid4) PROXY=127.0.0.1:$SQUID_PORT HOST=127.0.0.1 LOG=$SQUID_LOG ;;
    squid6) PROXY="[::1]:$SQUID_PORT" HOST=::1 LOG=$SQUID_LOG ;;
    tinyproxy4) PROXY=127.0.0.1:$TINYPROXY_PORT HOST=127.0.0.1 LOG=$TINYPROXY_LOG ;;
    scripted4) PROXY=127.0.0.1:$SCRIPTED_PORT HOST=203.0.113.7 LOG=$SCRIPTED_LOG ;;
    scripted6) PROXY="[::1]:$SCRIPTED_PORT6" HOST=2001:db8::7 LOG=$SCRIPTED_LOG ;;
    esac
    URLHOST=$HOST
    [ "$family" = 4 ] || URLHOST=[$HOST]
    LOGGED=0
    ! [ -e "$LOG" ] || LOGGED=$(wc -l < "$LOG")
}

# The proxy's log has, since `through`, a CONNECT for this port of the target. Squid writes it when the tunnel ends.
went_through() { # PORT
    wait_until logged "CONNECT $URLHOST:$1" || {
        echo "$LOG:"
        cat "$LOG"
        return 1
    }
}

logged() { # TEXT
    tail -n "+$((LOGGED + 1))" "$LOG" | grep -qF "$1"
}
