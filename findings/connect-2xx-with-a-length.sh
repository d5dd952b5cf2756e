#!/usr/bin/env bash
# Two proxies describe a body in their 200 to CONNECT: WEBrick 1.8.1 (Debian 1.8.1-1) with Content-Length: 0, HTTP::Proxy 0.304 (Debian 0.304-5) with
# Transfer-Encoding: chunked. RFC 9110 9.3.6 and RFC 9112 6.1: a server must not send either in a 2xx to CONNECT, and a client must
# ignore them. One that does not takes the target's first bytes for the size of a chunk.
set -u
dir=$(mktemp -d) || exit 77
trap 'kill $pids 2> /dev/null; rm -rf "$dir"' EXIT
pids=
cd "$dir" || exit 77
for package in ruby-webrick=1.8.1-1 libhttp-proxy-perl=0.304-5; do
    { apt-get download "$package" && dpkg-deb -x "${package%%=*}"_*.deb .; } > install.log 2>&1 || { tail -1 install.log; exit 77; }
done
webrick=$(dirname "$(find "$dir/usr" -path '*/webrick/httpproxy.rb')")/..
perl "-I$dir/usr/share/perl5" -MHTTP::Proxy -e 1 2> install.log || { tail -1 install.log; exit 77; }
free() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
webrick_port=$(free)
http_proxy_port=$(free)
ruby "-I$webrick" -e 'require "webrick/httpproxy"
WEBrick::HTTPProxyServer.new(BindAddress: "127.0.0.1", Port: ARGV[0].to_i).start' "$webrick_port" > webrick.log 2>&1 &
pids=$!
perl "-I$dir/usr/share/perl5" -MHTTP::Proxy -e 'HTTP::Proxy->new(host => "127.0.0.1", port => shift)->start' "$http_proxy_port" > http_proxy.log 2>&1 &
pids="$pids $!"
seen=$(python3 - "$webrick_port" "$http_proxy_port" << 'END'
import socket, sys, time
target = socket.create_server(("127.0.0.1", 0))
name = "127.0.0.1:%d" % target.getsockname()[1]
def connect(port):
    for _ in range(300):
        try:
            return socket.create_connection(("127.0.0.1", int(port)))
        except ConnectionRefusedError:
            time.sleep(0.1)
def fields(port):
    proxy = connect(port)
    proxy.settimeout(20)
    proxy.sendall(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (name, name)).encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += proxy.recv(4096)
    lines = head.decode().split("\r\n")
    assert " 200 " in lines[0], lines
    return [line for line in lines if line.lower().startswith(("content-length:", "transfer-encoding:"))]
print("; ".join(", ".join(fields(port)) or "neither" for port in sys.argv[1:]))
END
)
echo "version: WEBrick 1.8.1-1, HTTP::Proxy 0.304-5"
echo "expected: neither; neither"
echo "seen: $seen"
[ "$seen" = "Content-Length: 0; Transfer-Encoding: chunked" ]
