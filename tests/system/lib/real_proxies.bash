# shellcheck shell=bash
# shellcheck disable=SC2034 # for the tests
# Real proxies, each as it is shipped but for where it listens and writes, as an ordinary user, in a network of their
# own with targets (real_targets.py).

AS_USER="setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs"

# The program that has to be there, and the package whose version it is, for each row of the manual.
declare -gA REAL_PROGRAM=(
    [anyproxy]=node [apache]=apache2 [apt-cacher-ng]=apt-cacher-ng [cntlm]=cntlm [e2guardian]=e2guardian
    [haproxy]=haproxy [HTTP::Proxy]=perl [lighttpd]=lighttpd [mitmproxy]=mitmdump [ncat]=ncat [nghttpx]=nghttpx
    [privoxy]=privoxy [proxy]=node [proxy-chain]=node [squid]=squid [tinyproxy]=tinyproxy
    [trafficserver]=traffic_server [transparent-proxy]=node [v2ray]=v2ray [varnish]=varnishd [WEBrick]=ruby
    [whistle]=node [ziproxy]=ziproxy
)
declare -gA REAL_PACKAGE=(
    [apache]=apache2-bin [HTTP::Proxy]=libhttp-proxy-perl [nghttpx]=nghttp2-proxy [WEBrick]=ruby-webrick
)

# Those of npm, installed once, below build/.
NPM_PINNED='anyproxy@4.1.3 proxy@4.1.0 proxy-chain@3.0.1 transparent-proxy@1.15.3 whistle@2.10.10'

is_of_npm() { # NAME
    [ "${REAL_PROGRAM[$1]}" = node ]
}

install_npm_proxies() {
    local folder=$BUILD/zoo/npm

    command -v npm > /dev/null || return 0
    [ "$(cat "$folder/pinned" 2> /dev/null)" != "$NPM_PINNED" ] || return 0
    mkdir -p "$folder"
    # shellcheck disable=SC2086 # one word a package
    if npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts $NPM_PINNED > "$folder/install.log" 2>&1; then
        echo "$NPM_PINNED" > "$folder/pinned"
    else
        tail -n 3 "$folder/install.log"
    fi
}

has_real() { # NAME
    has "${REAL_PROGRAM[$1]}" || return 1
    case $1 in
    apache) [ -e /usr/lib/apache2/modules/mod_proxy_connect.so ] ;;
    HTTP::Proxy) perl -MHTTP::Proxy -e 1 2> /dev/null ;;
    WEBrick) ruby -e 'require "webrick/httpproxy"' 2> /dev/null ;;
    *) ! is_of_npm "$1" || [ -e "$BUILD/zoo/npm/pinned" ] ;;
    esac
}

version_of() { # NAME
    if is_of_npm "$1"; then
        sed -n 's/^ *"version": "\(.*\)".*/\1/p' "$BUILD/zoo/npm/node_modules/$1/package.json" | head -n 1
    else
        dpkg-query -W -f '${Version}' "${REAL_PACKAGE[$1]:-$1}" 2> /dev/null | sed 's/^[0-9]*://; s/[-+~].*//'
    fi
}

# A network with targets, a resolver, and a neighbour that swallows packets.
open_network() {
    spawn network unshare --net --mount --propagation private sleep 7200
    NETWORK=$SPAWNED
    export NETWORK
    wait_until holds_network
    echo 'nameserver 127.0.0.1' > "$BATS_FILE_TMPDIR/resolv.conf"
    in_network mount --bind "$BATS_FILE_TMPDIR/resolv.conf" /etc/resolv.conf
    in_network ip link set lo up
    in_network ip address add 10.99.0.1/32 dev lo
    in_network ip address add 10.99.0.2/32 dev lo
    ! has ipv6 || in_network ip address add fd99::11/128 dev lo
    in_network ip link add swallow type veth peer name swallowed
    in_network ip link set swallow up
    in_network ip link set swallowed up
    in_network ip route add 10.98.0.0/24 dev swallow src 10.99.0.1
    in_network ip neighbour replace 10.98.0.1 lladdr 02:00:00:00:00:01 dev swallow nud permanent
    spawn targets nsenter -t "$NETWORK" --net "$(python)" "$ROOT/tests/system/lib/real_targets.py"
    wait_until grep -qs ready "$BATS_FILE_TMPDIR/targets.out"
}

holds_network() {
    [ "$(readlink "/proc/$NETWORK/ns/mnt")" != "$(readlink "/proc/$$/ns/mnt")" ]
}

in_network() {
    nsenter -t "$NETWORK" --net --mount "$@"
}

# start_real NAME [INSTANCE [PARENT-PORT]] : sets $REAL_PORT; does not wait for it
start_real() {
    local name=$1 instance=${2:-$1} configure

    REAL_NEXT=$((${REAL_NEXT:-3100} + 1))
    REAL_PORT=$REAL_NEXT
    REAL_DIR=$BATS_FILE_TMPDIR/real/$instance
    mkdir -p "$REAL_DIR"
    REAL_COMMAND=()
    configure=configure_${name//[:-]/_}
    "$configure" "$REAL_DIR" "$REAL_PORT" "${3:-}"
    chown -R 65534:65534 "$REAL_DIR"
    # shellcheck disable=SC2086 # words
    spawn "real-$instance" nsenter -t "$NETWORK" --net --mount env -C "$REAL_DIR" "HOME=$REAL_DIR" "TMPDIR=$REAL_DIR" \
        $AS_USER "${REAL_COMMAND[@]}"
    echo "$REAL_PORT" > "$REAL_DIR.port"
}

wait_real() { # INSTANCE
    wait_until is_real_there "$(cat "$BATS_FILE_TMPDIR/real/$1.port")" || {
        tail -n 20 "$BATS_FILE_TMPDIR/real-$1.out"
        return 1
    }
}

is_real_there() { # PORT
    in_network ss -Hltn "sport = :$1" | grep -q .
}

# start_reals NAME... : all at once, and whom they need behind them; then waits for them
start_reals() {
    local name instance started=()

    install -d -m 755 "$BATS_FILE_TMPDIR/real"
    chmod a+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
    for name in "$@"; do
        has_real "$name" || continue
        case $name in
        haproxy | varnish) # whose half-close counts is seen with two behind it, one of each kind
            need_behind parent
            need_behind apache
            start_real "$name" "$name-apache" "$(port_of behind-apache)"
            start_real "$name" "$name" "$(port_of behind-parent)"
            started+=("$name-apache")
            ;;
        nghttpx | lighttpd)
            need_behind parent
            start_real "$name" "$name" "$(port_of behind-parent)"
            ;;
        cntlm)
            need_behind tinyproxy
            start_real "$name" "$name" "$(port_of behind-tinyproxy)"
            ;;
        *) start_real "$name" ;;
        esac
        started+=("$name")
    done
    for instance in "${started[@]}"; do
        wait_real "$instance" || return 1
    done
}

# start_asking NAME... : a second instance of each, NAME-asks, that wants to know who it is for
start_asking() {
    local name started=() REAL_ASKS=1

    need_behind parent
    for name in "$@"; do
        has_real "$name" || continue
        start_real "$name" "$name-asks" "$(port_of behind-parent)"
        started+=("$name")
    done
    for name in "${started[@]}"; do
        wait_real "$name-asks" || return 1
    done
}

need_behind() { # NAME
    [ -e "$BATS_FILE_TMPDIR/real/behind-$1.port" ] || start_real "$1" "behind-$1"
}

port_of() { # INSTANCE
    cat "$BATS_FILE_TMPDIR/real/$1.port"
}

# What follows writes a configuration into DIR and sets REAL_COMMAND: configure_NAME DIR PORT [PARENT-PORT]. With
# REAL_ASKS=1 the proxy lets in nobody but user, with the password word, where it can.
REAL_THAT_ASK=(apache haproxy mitmproxy ncat proxy proxy-chain squid tinyproxy transparent-proxy v2ray WEBrick)

if_asking() { # LINE...
    [ -z "${REAL_ASKS:-}" ] || printf '%s\n' "$@"
}

configure_squid() {
    : > "$1/passwords"
    squid_base "$1" "$2" > "$1/squid.conf"
    cat >> "$1/squid.conf" << END
$(if_asking "auth_param basic program $(ncsa_auth) $1/passwords" 'acl known proxy_auth REQUIRED' 'http_access deny !known')
acl SSL_ports port 443
acl Safe_ports port 80 21 443 70 210 1025-65535 280 488 591 777
http_access deny !Safe_ports
http_access deny CONNECT !SSL_ports
http_access allow localhost
http_access deny all
END
    REAL_COMMAND=(squid -N -n "real$2" -f "$1/squid.conf")
}

# One that allows every port, for those that stand before another proxy. They may keep connections to it open, and
# would meet its end of one now and then; its patience with a silent target is longer than theirs.
configure_parent() {
    squid_base "$1" "$2" > "$1/squid.conf"
    printf '%s\n' 'http_access allow all' 'client_persistent_connections off' 'connect_timeout 2 minutes' >> "$1/squid.conf"
    REAL_COMMAND=(squid -N -n "real$2" -f "$1/squid.conf")
}

squid_base() { # DIR PORT
    cat << END
http_port 127.0.0.1:$2
access_log none
cache_store_log none
cache_log $1/cache.log
pid_filename none
coredump_dir none
netdb_filename none
pinger_enable off
visible_hostname squid.invalid
shutdown_lifetime 0 seconds
max_filedescriptors 1024
END
}

configure_tinyproxy() {
    sed "s/^Port .*/Port $2/; /^\(User\|Group\|PidFile\|LogFile\|Syslog\) /d" /etc/tinyproxy/tinyproxy.conf > "$1/conf"
    if_asking 'BasicAuth user word' >> "$1/conf"
    REAL_COMMAND=(tinyproxy -d -c "$1/conf")
}

configure_privoxy() {
    sed "/^listen-address/d; s|^logdir .*|logdir $1|" /etc/privoxy/config > "$1/config"
    echo "listen-address 127.0.0.1:$2" >> "$1/config"
    REAL_COMMAND=(privoxy --no-daemon "$1/config")
}

configure_apache() {
    local module

    for module in mpm_event authz_core proxy proxy_connect authn_core authn_file authz_user auth_basic; do
        echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
    done > "$1/conf"
    cat >> "$1/conf" << END
ServerName apache.invalid
ServerRoot $1
PidFile $1/pid
ErrorLog $1/error.log
DefaultRuntimeDir $1
Listen 127.0.0.1:$2
Timeout 300
ProxyRequests On
$(if_asking '<Proxy "*">' 'AuthType Basic' 'AuthName here' "AuthUserFile $1/passwords" 'Require valid-user' '</Proxy>')
END
    REAL_COMMAND=(apache2 -DFOREGROUND -f "$1/conf")
}

configure_trafficserver() {
    mkdir -p "$1/etc" "$1/run" "$1/log" "$1/cache"
    cp -r /etc/trafficserver/. "$1/etc"
    : > "$1/etc/storage.config"
    cat > "$1/runroot.yaml" << END
prefix: $1
exec_prefix: $1
bindir: /usr/bin
sbindir: /usr/sbin
sysconfdir: $1/etc
datadir: $1/cache
includedir: /usr/include
libdir: /usr/lib
libexecdir: $(dirname "$(dpkg -L trafficserver 2> /dev/null | grep /header_rewrite.so)")
localstatedir: $1/run
runtimedir: $1/run
logdir: $1/log
cachedir: $1/cache
END
    REAL_COMMAND=(env "PROXY_CONFIG_HTTP_SERVER_PORTS=$2:ip-in=127.0.0.1" PROXY_CONFIG_URL_REMAP_REMAP_REQUIRED=0
        PROXY_CONFIG_REVERSE_PROXY_ENABLED=0 PROXY_CONFIG_ADMIN_USER_ID='#-1' PROXY_CONFIG_LOG_LOGGING_ENABLED=0
        PROXY_CONFIG_HTTP_CACHE_HTTP=0 PROXY_CONFIG_EXEC_THREAD_AUTOCONFIG=0 PROXY_CONFIG_EXEC_THREAD_LIMIT=1
        traffic_server "--run-root=$1/runroot.yaml")
}

configure_apt_cacher_ng() {
    cp -r /etc/apt-cacher-ng "$1/conf"
    REAL_COMMAND=(apt-cacher-ng -c "$1/conf" ForeGround=1 "Port=$2" BindAddress=127.0.0.1 "CacheDir=$1" "LogDir=$1"
        "SocketPath=$1/socket" 'PassThroughPattern=.*')
}

configure_ncat() {
    REAL_COMMAND=(ncat -l 127.0.0.1 "$2" --proxy-type http -k ${REAL_ASKS:+--proxy-auth user:word})
}

configure_haproxy() {
    cat > "$1/conf" << END
$(if_asking 'userlist known' 'user user insecure-password word')
defaults
    mode http
    timeout connect 5000
    timeout client 50000
    timeout server 50000
frontend in
    bind 127.0.0.1:$2
$(if_asking 'http-request auth unless { http_auth(known) }')
    default_backend parent
backend parent
    server parent 127.0.0.1:$3
END
    REAL_COMMAND=(haproxy -db -f "$1/conf")
}

configure_nghttpx() {
    : > "$1/conf"
    REAL_COMMAND=(nghttpx "--conf=$1/conf" --http2-proxy "--frontend=127.0.0.1,$2;no-tls" "--backend=127.0.0.1,$3")
}

configure_varnish() {
    cat > "$1/conf.vcl" << END
vcl 4.1;
backend parent { .host = "127.0.0.1"; .port = "$3"; }
sub vcl_recv { if (req.method == "CONNECT") { return (pipe); } }
END
    REAL_COMMAND=(varnishd -F -j none -a "127.0.0.1:$2" -f "$1/conf.vcl" -n "$1/work" -s 'malloc,10m' -T none)
}

configure_lighttpd() {
    cat > "$1/conf" << END
server.modules = ("mod_proxy")
server.document-root = "$1"
server.bind = "127.0.0.1"
server.port = $2
proxy.header = ("connect" => "enable")
proxy.server = ("" => (("host" => "127.0.0.1", "port" => $3)))
END
    REAL_COMMAND=(lighttpd -D -f "$1/conf")
}

configure_mitmproxy() {
    REAL_COMMAND=(mitmdump --listen-host 127.0.0.1 -p "$2" --set "confdir=$1" ${REAL_ASKS:+--proxyauth user:word})
}

configure_cntlm() {
    printf '%s\n' 'Username user' 'Domain domain' 'Password word' "Proxy 127.0.0.1:$3" "Listen 127.0.0.1:$2" > "$1/conf"
    REAL_COMMAND=(cntlm -f -c "$1/conf")
}

configure_WEBrick() {
    REAL_COMMAND=(ruby -e 'require "webrick/httpproxy"
require "webrick/httpauth"
asks = ->(request, answer) { WEBrick::HTTPAuth.proxy_basic_auth(request, answer, "here") { |*who| who == %w(user word) } }
WEBrick::HTTPProxyServer.new(BindAddress: "127.0.0.1", Port: ARGV[0].to_i, ProxyAuthProc: ARGV[1] && asks).start' \
        "$2" ${REAL_ASKS:+asks})
}

configure_HTTP__Proxy() {
    REAL_COMMAND=(perl -MHTTP::Proxy -e 'HTTP::Proxy->new(host => "127.0.0.1", port => shift)->start' "$2")
}

configure_e2guardian() {
    cp -r /etc/e2guardian "$1/conf"
    find "$1/conf" -maxdepth 1 -type f -exec sed -i "s|/etc/e2guardian|$1/conf|g" {} +
    sed -i "/^\(filterip\|filterports\|transparenthttpsport\|httpworkers\|filecachedir\) *=/d" "$1/conf/e2guardian.conf"
    cat >> "$1/conf/e2guardian.conf" << END
filterip = 127.0.0.1
filterports = $2
httpworkers = 20
filecachedir = '$1'
pidfilename = '$1/pid'
loglocation = '$1/access.log'
daemonuser = '$(id -un 65534)'
daemongroup = '$(id -gn 65534)'
END
    REAL_COMMAND=(e2guardian -N -c "$1/conf/e2guardian.conf")
}

configure_v2ray() {
    cat > "$1/conf.json" << END
{"log": {"loglevel": "warning"},
 "inbounds": [{"listen": "127.0.0.1", "port": $2, "protocol": "http",
               "settings": {$(if_asking '"accounts": [{"user": "user", "pass": "word"}]')}}],
 "outbounds": [{"protocol": "freedom", "settings": {}}]}
END
    REAL_COMMAND=(v2ray -config "$1/conf.json")
}

configure_ziproxy() {
    sed "s/^ *\(Port\|Address\|PIDFile\|RunAsUser\|RunAsGroup\) *=.*//" /etc/ziproxy/ziproxy.conf > "$1/conf"
    printf 'Port = %s\nAddress = "127.0.0.1"\nPIDFile = "%s"\n' "$2" "$1/pid" >> "$1/conf"
    # It is a daemon or nothing: in a PID namespace, whose end is its.
    REAL_COMMAND=(unshare --user --map-current-user --pid --fork --kill-child sh -c 'ziproxy -d -c "$1"; sleep 7200' sh "$1/conf")
}

# Those of npm see their modules at a place that an ordinary user can reach.
npm_modules() { # DIR
    mkdir -p "$1/npm"
    in_network mount --bind "$BUILD/zoo/npm" "$1/npm"
}

configure_anyproxy() {
    npm_modules "$1"
    REAL_COMMAND=(node "$1/npm/node_modules/anyproxy/bin/anyproxy" --port "$2" --silent)
}

configure_proxy() {
    npm_modules "$1"
    REAL_COMMAND=(node "$1/npm/node_modules/proxy/dist/bin/proxy.js" --port "$2" ${REAL_ASKS:+--authenticate false})
}

configure_proxy_chain() {
    npm_modules "$1"
    REAL_COMMAND=(node -e 'const { Server } = require(process.argv[1]);
const prepareRequestFunction = process.argv[3] && (({ username }) => ({ requestAuthentication: username !== "user" }));
new Server({ port: +process.argv[2], host: "127.0.0.1", prepareRequestFunction }).listen();' \
        "$1/npm/node_modules/proxy-chain" "$2" ${REAL_ASKS:+asks})
}

configure_transparent_proxy() {
    npm_modules "$1"
    REAL_COMMAND=(node -e 'const Server = require(process.argv[1]);
new Server(process.argv[3] && { auth: (user, word) => user === "user" && word === "word" })
    .listen(+process.argv[2], "127.0.0.1");' "$1/npm/node_modules/transparent-proxy" "$2" ${REAL_ASKS:+asks})
}

configure_whistle() {
    npm_modules "$1"
    REAL_COMMAND=(node "$1/npm/node_modules/whistle/bin/whistle.js" run -p "$2" -D "$1/store" -H 127.0.0.1)
}
