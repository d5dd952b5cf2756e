#!/usr/bin/env bash
# socat 1.7.4.4 (Debian 1.7.4.4-2), PROXY: address: of the successful replies to CONNECT it takes 200 alone. RFC 9110 9.3.6: any 2xx response
# says that the tunnel is there, and section 15: a status code that is not known counts as the x00 of its class.
set -u
dir=$(mktemp -d) || exit 77
trap 'kill "${pid:-0}" 2> /dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 77
{ apt-get download socat=1.7.4.4-2 && dpkg-deb -x socat_*.deb .; } > install.log 2>&1 || { tail -1 install.log; exit 77; }
python3 - > port 2> proxy.log << 'END' &
import socket, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
client, _ = listener.accept()
head = b""
while b"\r\n\r\n" not in head:
    head += client.recv(4096)
client.sendall(b"HTTP/1.1 201 Tunnel Created\r\n\r\nbanner\r\n")
time.sleep(5)
END
pid=$!
for ((tenths = 0; tenths < 200; tenths++)); do [ -s port ] && break; sleep 0.1; done
seen=$(sleep 3 | timeout 5 usr/bin/socat - "PROXY:127.0.0.1:target.test:25,proxyport=$(cat port)" 2>&1 | tr -d '\r' | head -1 | sed 's/^.* E //')
echo "version: socat 1.7.4.4-2"
echo "expected: banner"
echo "seen: $seen"
[ "$seen" = "CONNECT target.test:25: Tunnel Created" ]
