#!/usr/bin/env bash
# corkscrew 2.0 (Debian 2.0-14), the ProxyCommand of many ssh configurations: it takes the first read() of the proxy's reply for all of it.
# When the status line and the header fields come in two segments, the fields go to the program behind it, before the target's banner.
# RFC 9112 2.2 and RFC 9110 9.3.6: a reply ends with a blank line, however it is cut. (ssh survives it, since it skips lines before the
# banner; mail and database clients do not.)
set -u
dir=$(mktemp -d) || exit 77
trap 'kill "${pid:-0}" 2> /dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 77
{ apt-get download corkscrew=2.0-14 && dpkg-deb -x corkscrew_*.deb .; } > install.log 2>&1 || { tail -1 install.log; exit 77; }
python3 - > port 2> proxy.log << 'END' &
import socket, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
client, _ = listener.accept()
head = b""
while b"\r\n\r\n" not in head:
    head += client.recv(4096)
client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
client.sendall(b"HTTP/1.1 200 Connection established\r\n")
time.sleep(0.5)
client.sendall(b"Via: 1.1 proxy\r\n\r\nbanner\r\n")
time.sleep(5)
END
pid=$!
for ((tenths = 0; tenths < 200; tenths++)); do [ -s port ] && break; sleep 0.1; done
seen=$(sleep 3 | timeout 5 usr/bin/corkscrew 127.0.0.1 "$(cat port)" target.test 25 2>&1 | tr -d '\r' | tr '\n' '|')
echo "version: corkscrew 2.0-14"
echo "expected: banner|"
echo "seen: $seen"
[ "$seen" = "Via: 1.1 proxy||banner|" ]
