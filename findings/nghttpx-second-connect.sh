#!/usr/bin/env bash
# nghttpx 1.52.0 (Debian), --http2-proxy, in front of an HTTP/1.1 proxy: when that refuses a CONNECT, nghttpx hands the refusal on with its
# Content-Length and keeps the connection open, and answers the next CONNECT on it with 400. RFC 9112 9.3: a connection is persistent unless
# one side says "close"; clients that ask again on it (NTLM, a second target) are refused for no reason.
set -u
dir=$(mktemp -d) || exit 77
trap 'kill $pids 2> /dev/null; rm -rf "$dir"' EXIT
pids=
cd "$dir" || exit 77
{ apt-get download nghttp2-proxy=1.52.0-1+deb12u3 && dpkg-deb -x nghttp2-proxy_*.deb .; } > install.log 2>&1 || { tail -1 install.log; exit 77; }
ldd usr/sbin/nghttpx | grep 'not found' && exit 77
python3 - > parent 2> parent.log << 'END' &
import socket, threading
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
def serve(client):
    while client.recv(4096):
        client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n")
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
END
pids=$!
for ((tenths = 0; tenths < 200; tenths++)); do [ -s parent ] && break; sleep 0.1; done
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
: > nghttpx.conf
usr/sbin/nghttpx --conf=nghttpx.conf --http2-proxy "--frontend=127.0.0.1,$port;no-tls" "--backend=127.0.0.1,$(cat parent)" > nghttpx.log 2>&1 &
pids="$pids $!"
seen=$(python3 - "$port" << 'END'
import http.client, socket, sys, time
for _ in range(200):
    try:
        proxy = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        break
    except ConnectionRefusedError:
        time.sleep(0.1)
proxy.settimeout(20)
said = []
for target in "a.test:443", "b.test:443":
    proxy.sendall(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, target)).encode())
    reply = http.client.HTTPResponse(proxy)
    try:
        reply.begin()
    except http.client.RemoteDisconnected:
        said.append("end of file")
        break
    said.append("%d%s" % (reply.status, " close" if (reply.headers.get("Connection") or "").lower() == "close" else ""))
    reply.read()
print(", ".join(said))
END
)
echo "version: nghttpx 1.52.0-1+deb12u3"
echo "expected: 403, 403"
echo "seen: $seen"
[ "$seen" = "403, 400 close" ] || [ "$seen" = "403, 400" ]
