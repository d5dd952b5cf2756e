#!/usr/bin/env bats
# Each proxy of ptunnel-proxies(7), asked anew for each of its cells. It takes half an hour: so long is waited for quiet
# tunnels to be cut.

load ../system/helpers
load ../system/lib/real_proxies
load ../system/lib/proxies_manual

setup_file() {
    has root && has netns && has mountns && has ip && has setpriv || return 0
    install_npm_proxies
    open_network
    start_reals "${!REAL_PROGRAM[@]}"
    ask_reals quick -- "${!REAL_PROGRAM[@]}" haproxy-apache varnish-apache
    REAL_AT_ONCE=4 ask_reals run --run "$PTUNNEL_RUN" -- "${!REAL_PROGRAM[@]}" haproxy-apache varnish-apache
    start_asking "${REAL_THAT_ASK[@]}"
    ask_reals asks --asks -- "${REAL_THAT_ASK[@]/%/-asks}"
    ask_reals slow --slow 1500 -- "${!REAL_PROGRAM[@]}"
}

setup() {
    need root netns mountns ip setpriv
}

@test "anyproxy" { is_as_known anyproxy; }

@test "anyproxy, what takes its time" { is_as_known_in_time anyproxy; }

@test "apache" { is_as_known apache; }

@test "apache, what takes its time" { is_as_known_in_time apache; }

@test "apt-cacher-ng" { is_as_known apt-cacher-ng; }

@test "apt-cacher-ng, what takes its time" { is_as_known_in_time apt-cacher-ng; }

@test "cntlm" { is_as_known cntlm; }

@test "cntlm, what takes its time" { is_as_known_in_time cntlm; }

@test "e2guardian" { is_as_known e2guardian; }

@test "e2guardian, what takes its time" { is_as_known_in_time e2guardian; }

@test "haproxy" { is_as_known haproxy; }

@test "haproxy, what takes its time" { is_as_known_in_time haproxy; }

@test "HTTP::Proxy" { is_as_known HTTP::Proxy; }

@test "HTTP::Proxy, what takes its time" { is_as_known_in_time HTTP::Proxy; }

@test "lighttpd" { is_as_known lighttpd; }

@test "lighttpd, what takes its time" { is_as_known_in_time lighttpd; }

@test "mitmproxy" { is_as_known mitmproxy; }

@test "mitmproxy, what takes its time" { is_as_known_in_time mitmproxy; }

@test "ncat" { is_as_known ncat; }

@test "ncat, what takes its time" { is_as_known_in_time ncat; }

@test "nghttpx" { is_as_known nghttpx; }

@test "nghttpx, what takes its time" { is_as_known_in_time nghttpx; }

@test "privoxy" { is_as_known privoxy; }

@test "privoxy, what takes its time" { is_as_known_in_time privoxy; }

@test "proxy" { is_as_known proxy; }

@test "proxy, what takes its time" { is_as_known_in_time proxy; }

@test "proxy-chain" { is_as_known proxy-chain; }

@test "proxy-chain, what takes its time" { is_as_known_in_time proxy-chain; }

@test "squid" { is_as_known squid; }

@test "squid, what takes its time" { is_as_known_in_time squid; }

@test "tinyproxy" { is_as_known tinyproxy; }

@test "tinyproxy, what takes its time" { is_as_known_in_time tinyproxy; }

@test "trafficserver" { is_as_known trafficserver; }

@test "trafficserver, what takes its time" { is_as_known_in_time trafficserver; }

@test "transparent-proxy" { is_as_known transparent-proxy; }

@test "transparent-proxy, what takes its time" { is_as_known_in_time transparent-proxy; }

@test "v2ray" { is_as_known v2ray; }

@test "v2ray, what takes its time" { is_as_known_in_time v2ray; }

@test "varnish" { is_as_known varnish; }

@test "varnish, what takes its time" { is_as_known_in_time varnish; }

@test "WEBrick" { is_as_known WEBrick; }

@test "WEBrick, what takes its time" { is_as_known_in_time WEBrick; }

@test "whistle" { is_as_known whistle; }

@test "whistle, what takes its time" { is_as_known_in_time whistle; }

@test "ziproxy" { is_as_known ziproxy; }

@test "ziproxy, what takes its time" { is_as_known_in_time ziproxy; }

@test "apache asks who is there" { asks_as_known apache; }

@test "haproxy asks who is there" { asks_as_known haproxy; }

@test "mitmproxy asks who is there" { asks_as_known mitmproxy; }

@test "ncat asks who is there" { asks_as_known ncat; }

@test "proxy asks who is there" { asks_as_known proxy; }

@test "proxy-chain asks who is there" { asks_as_known proxy-chain; }

@test "squid asks who is there" { asks_as_known squid; }

@test "tinyproxy asks who is there" { asks_as_known tinyproxy; }

@test "transparent-proxy asks who is there" { asks_as_known transparent-proxy; }

@test "v2ray asks who is there" { asks_as_known v2ray; }

@test "WEBrick asks who is there" { asks_as_known WEBrick; }
