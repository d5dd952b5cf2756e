#!/usr/bin/env bash
# Clients that speak CONNECT take an interim response for the final one: OpenBSD netcat 1.219 (nc -X connect), Ncat 7.93, connect-proxy 1.105, as
# Debian 12 has them. RFC 9110 15.2: a client must be able to parse one or more 1xx responses before the final response, even
# if it does not expect one; what it has no use for it may ignore.
set -u
dir=$(mktemp -d) || exit 77
trap 'kill "${pid:-0}" 2> /dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 77
for package in netcat-openbsd=1.219-1 ncat=7.93+dfsg1-1 connect-proxy=1.105-1.3; do
    { apt-get download "$package" && dpkg-deb -x "${package%%=*}"_*.deb .; } > install.log 2>&1 || { tail -1 install.log; exit 77; }
done
python3 - > port 2> proxy.log << 'END' &
import socket, threading, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
def serve(client):
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(4096)
    client.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
    time.sleep(0.3)
    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\nbanner\r\n")
    time.sleep(5)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
END
pid=$!
for ((tenths = 0; tenths < 200; tenths++)); do [ -s port ] && break; sleep 0.1; done
port=$(cat port)
said() { # NAME COMMAND...
    local words

    words=$(sleep 3 | timeout 5 "${@:2}" 2>&1 | tr -d '\r' | head -1)
    case $words in
    banner) echo "$1 banner" ;;
    *) echo "$1 refused" ;;
    esac
}
seen=$(echo "$(said nc usr/bin/nc.openbsd -X connect -x "127.0.0.1:$port" target.test 25)," \
    "$(said ncat usr/bin/ncat --proxy "127.0.0.1:$port" --proxy-type http target.test 25)," \
    "$(said connect usr/bin/connect -H "127.0.0.1:$port" target.test 25)")
echo "version: netcat-openbsd 1.219-1, ncat 7.93+dfsg1-1, connect-proxy 1.105-1.3"
echo "expected: nc banner, ncat banner, connect banner"
echo "seen: $seen"
[ "$seen" = "nc refused, ncat refused, connect refused" ]
