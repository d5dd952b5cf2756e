#!/usr/bin/env bash
# HAProxy 2.6.12 (Debian) in front of a proxy, with `http-request auth`: a CONNECT without credentials is answered with 401 and
# WWW-Authenticate. RFC 9110 15.5.8 and 11.7.1: a proxy asks with 407 and Proxy-Authenticate. Clients have credentials for proxies ready for 407
# alone, and fail. (Its manual: "401 or 407"; CONNECT is a request that only a proxy gets.)
set -u
dir=$(mktemp -d) || exit 77
trap 'kill "${pid:-0}" 2> /dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 77
{ apt-get download haproxy=2.6.12-1+deb12u4 && dpkg-deb -x haproxy_*.deb .; } > install.log 2>&1 || { tail -1 install.log; exit 77; }
ldd usr/sbin/haproxy | grep 'not found' && exit 77
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > haproxy.conf << END
userlist known
    user user insecure-password word
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend in
    bind 127.0.0.1:$port
    http-request auth unless { http_auth(known) }
    default_backend parent
backend parent
    server parent 127.0.0.1:9
END
usr/sbin/haproxy -db -f haproxy.conf > haproxy.log 2>&1 &
pid=$!
seen=$(python3 - "$port" << 'END'
import socket, sys, time
def connect():
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        except ConnectionRefusedError:
            time.sleep(0.1)
proxy = connect()
proxy.settimeout(20)
proxy.sendall(b"CONNECT target.test:443 HTTP/1.1\r\nHost: target.test:443\r\n\r\n")
lines = proxy.recv(4096).decode().split("\r\n")
print(lines[0].split(" ", 1)[1], *(line.split(":")[0].title() for line in lines if "-authenticate:" in line.lower()))
END
)
echo "version: haproxy 2.6.12-1+deb12u4"
echo "expected: 407 Proxy Authentication Required Proxy-Authenticate"
echo "seen: $seen"
[ "$seen" = "401 Unauthorized Www-Authenticate" ]
