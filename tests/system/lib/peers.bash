# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # for the tests
# Proxies that want Kerberos, NTLM or Digest, and a Kerberos server: all on loopback, as an ordinary user. The realm is TEST,
# its user alice with the password "pw"; the proxies are called localhost.

# In front of a command: as nobody, if this is root. No function: what is spawned with it is the command itself.
ORDINARY=()
[ "$(id -u)" -ne 0 ] || ORDINARY=(setpriv --reuid=nobody --regid="$(id -gn nobody)" --clear-groups --)

# A directory that ordinary programs may write to.
ordinary_folder() { # NAME
    mkdir -p "$(here)/$1"
    [ "$(id -u)" -ne 0 ] || chown nobody "$(here)/$1"
    echo "$(here)/$1"
}

peers_there() { # WHAT... : else the tests that want them are skipped
    local what

    for what in "$@"; do
        has "$what" || return 1
    done
}

write_krb5_conf() { # FILE PORT
    cat > "$1" << END
[libdefaults]
 default_realm = TEST
 dns_lookup_kdc = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
[realms]
 TEST = {
  kdc = 127.0.0.1:$2
 }
[domain_realm]
 localhost = TEST
END
}

# start_kdc -> KRB5_CONFIG, KEYTAB of HTTP/localhost, KDC_PORT, KDC (its pid)
start_kdc() {
    local dir

    peers_there krb5kdc kadmin.local kdb5_util kinit || return 0
    dir=$(ordinary_folder kdc)
    KDC_PORT=$(free_port)
    KEYTAB=$dir/keytab
    export KDC_PORT KEYTAB KRB5_CONFIG=$dir/krb5.conf KRB5_KDC_PROFILE=$dir/kdc.conf
    write_krb5_conf "$KRB5_CONFIG" "$KDC_PORT"
    cat > "$KRB5_KDC_PROFILE" << END
[realms]
 TEST = {
  kdc_listen = 127.0.0.1:$KDC_PORT
  kdc_tcp_listen = 127.0.0.1:$KDC_PORT
  database_name = $dir/principal
  key_stash_file = $dir/stash
  acl_file = $dir/acl
 }
[logging]
 kdc = FILE:$dir/log
END
    {
        "${ORDINARY[@]}" kdb5_util create -s -r TEST -P master
        "${ORDINARY[@]}" kadmin.local -q 'addprinc -pw pw alice'
        "${ORDINARY[@]}" kadmin.local -q 'addprinc -randkey HTTP/localhost'
        "${ORDINARY[@]}" kadmin.local -q "ktadd -k $KEYTAB HTTP/localhost"
    } > "$dir/made" 2>&1
    start_kdc_again
}

start_kdc_again() {
    spawn kdc "${ORDINARY[@]}" krb5kdc -n
    KDC=$SPAWNED
    export KDC
    wait_listen kdc "$KDC_PORT"
}

# get_ticket FILE [OPTION]... : alice's
get_ticket() {
    kinit -c "$1" "${@:2}" alice <<< pw > /dev/null
}

helper_of_squid() { # NAME
    local dir

    for dir in lib/squid lib64/squid libexec/squid; do
        ! [ -x "/usr/$dir/$1" ] || echo "/usr/$dir/$1"
    done
}

negotiate_lines() {
    echo "auth_param negotiate program $(helper_of_squid negotiate_kerberos_auth) -k $KEYTAB -s HTTP/localhost@TEST"
    echo 'auth_param negotiate children 4 startup=1'
}

digest_lines() { # [LINE]...
    local users

    users=$(here)/digest.users
    printf 'alice:corp:%s\n' "$(printf 'alice:corp:pw' | md5sum | cut -d ' ' -f 1)" > "$users"
    chmod a+r "$users"
    echo "auth_param digest program $(helper_of_squid digest_file_auth) -c $users"
    printf '%s\n' 'auth_param digest realm corp' "$@"
}

basic_lines() {
    htpasswd -bc "$(here)/basic.users" alice pw 2> /dev/null
    chmod a+r "$(here)/basic.users"
    echo "auth_param basic program $(ncsa_auth) $(here)/basic.users"
}

# start_peer NAME < LINES of squid.conf -> PEER_PORT; its log is PEER_LOG, a line "STATUS METHOD TARGET USER" a request
start_peer() {
    local dir

    dir=$(ordinary_folder "$1")
    PEER_PORT=$(free_port)
    PEER_LOG=$dir/access.log
    {
        echo "http_port 127.0.0.1:$PEER_PORT"
        cat
        cat << END
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
logformat short %>Hs %rm %ru %un
access_log stdio:$PEER_LOG logformat=short
buffered_logs off
cache deny all
cache_store_log none
cache_log $dir/cache.log
pid_filename none
coredump_dir none
netdb_filename none
pinger_enable off
visible_hostname localhost
shutdown_lifetime 0 seconds
max_filedescriptors 1024
END
    } > "$dir/squid.conf"
    spawn "$1" "${ORDINARY[@]}" squid -N -n "peer$PEER_PORT" -f "$dir/squid.conf"
    wait_listen "$1" "$PEER_PORT"
}

# start_apache_ntlm -> NTLM_PORT. The user is DC\bob, password "pw".
start_apache_ntlm() {
    local dir modules=/usr/lib/apache2/modules

    peers_there apache2 && [ -e $modules/mod_auth_gssapi.so ] || return 0
    dir=$(ordinary_folder apache)
    NTLM_PORT=$(free_port)
    export NTLM_PORT
    printf 'DC:bob:pw\n' > "$dir/users"
    cat > "$dir/httpd.conf" << END
ServerRoot $dir
ServerName localhost
DefaultRuntimeDir $dir
Mutex pthread
PidFile $dir/pid
ErrorLog $dir/error.log
LogFormat "%>s %r %u"
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authn_core_module $modules/mod_authn_core.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule authz_user_module $modules/mod_authz_user.so
LoadModule auth_gssapi_module $modules/mod_auth_gssapi.so
LoadModule proxy_module $modules/mod_proxy.so
LoadModule proxy_connect_module $modules/mod_proxy_connect.so
CustomLog $dir/access.log "%>s %m %U"
StartServers 1
ServerLimit 1
ThreadsPerChild 64
MaxRequestWorkers 64
Listen 127.0.0.1:$NTLM_PORT
AllowCONNECT 1-65535
ProxyRequests On
<Proxy *>
AuthType GSSAPI
AuthName corp
GssapiAllowedMech ntlmssp
GssapiConnectionBound On
Require valid-user
</Proxy>
END
    NTLM_USER_FILE=$dir/users spawn apache "${ORDINARY[@]}" apache2 -f "$dir/httpd.conf" -DFOREGROUND
    wait_listen apache "$NTLM_PORT"
}

# Each test has an agent of its own; the folder's name is as short as a socket's path has to be.
own_agent() {
    XDG_RUNTIME_DIR=$(mktemp -d "${TMPDIR:-/tmp}/pa.XXXXXX")
    AGENT_SOCKET=$XDG_RUNTIME_DIR/ptunnel/agent
    export XDG_RUNTIME_DIR AGENT_SOCKET
}

# The pid of the agent that listens at $AGENT_SOCKET; its workers are its children.
agent_pid() {
    ss -xlpH src "$AGENT_SOCKET" 2> /dev/null | sed -n 's/.*pid=\([0-9]*\).*/\1/p' | head -n 1
}

end_agent() {
    local pid

    [ -n "${AGENT_SOCKET:-}" ] || return 0
    pid=$(agent_pid)
    if [ -n "$pid" ]; then
        kill -CONT "$pid"
        kill "$pid"
        wait_until gone "$pid"
    fi
    rm -rf "$XDG_RUNTIME_DIR"
}

# What the test files of these peers share.

setup_file() {
    start_greeter
    start_http
    if peers_there squid krb5kdc kadmin.local kdb5_util kinit setpriv; then
        start_kdc
        start_peer kerberos < <(negotiate_lines)
        export KERBEROS_PORT=$PEER_PORT KERBEROS_LOG=$PEER_LOG
        start_peer digest < <(digest_lines 'auth_param digest nonce_max_count 5')
        export DIGEST_PORT=$PEER_PORT DIGEST_LOG=$PEER_LOG
        start_peer closing < <(negotiate_lines; echo 'auth_param negotiate keep_alive off'; digest_lines; basic_lines)
        export CLOSING_PORT=$PEER_PORT CLOSING_LOG=$PEER_LOG
        export TICKET=$BATS_FILE_TMPDIR/ticket
        get_ticket "$TICKET"
    fi
    start_apache_ntlm
}

setup() {
    need ss
    own_agent
    export KRB5CCNAME=FILE:$TICKET
    ALICE=("${DIGEST_PORT:-}" --auth digest -U alice -P) # and her password
    LOGGED=0
}

teardown() {
    end_agent
    stop_services "$BATS_TEST_TMPDIR"
}

# What a log says since here.
mark() { # LOG
    LOG=$1
    LOGGED=0
    ! [ -e "$LOG" ] || LOGGED=$(wc -l < "$LOG")
}

requests() { # STATUS... : of the log since `mark`; squid writes of a tunnel when it ends
    wait_until requests_are "$*" || {
        tail -n "+$((LOGGED + 1))" "$LOG"
        return 1
    }
}

requests_are() {
    [ "$(tail -n "+$((LOGGED + 1))" "$LOG" | grep CONNECT | cut -d ' ' -f 1 | xargs)" = "$1" ]
}

# through_peer PORT OPTION... -- COMMAND...
through_peer() {
    timeout -k 5 "${LIMIT:-30}" "$PTUNNEL_RUN" --loopback -p "localhost:$1" "${@:2}"
}

fetch() { # PORT OPTION...
    through_peer "$@" -- curl -s "http://127.0.0.1:$HTTP_PORT/hello"
}
