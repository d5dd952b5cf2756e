#!/usr/bin/env bash
# cntlm 0.92.3 (Debian), which speaks NTLM to a proxy for its clients: CONNECT to an IPv6 address in brackets is answered with nothing, and the
# connection is closed; to a name it is passed on. RFC 9112 3.2.3, RFC 3986 3.2.2: brackets are how such an address is written; RFC 9110
# 15.5.1: what is not understood is answered with 400.
set -u
dir=$(mktemp -d) || exit 77
trap 'kill $pids 2> /dev/null; rm -rf "$dir"' EXIT
pids=
cd "$dir" || exit 77
{ apt-get download cntlm=0.92.3-1.2 && dpkg-deb -x cntlm_*.deb .; } > install.log 2>&1 || { tail -1 install.log; exit 77; }
ldd usr/sbin/cntlm | grep 'not found' && exit 77
python3 - > parent 2> parent.log << 'END' &
import socket, threading
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
def serve(client):
    while client.recv(4096):
        client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
END
pids=$!
for ((tenths = 0; tenths < 200; tenths++)); do [ -s parent ] && break; sleep 0.1; done
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf '%s\n' 'Username user' 'Domain domain' 'Password word' "Proxy 127.0.0.1:$(cat parent)" "Listen 127.0.0.1:$port" > cntlm.conf
usr/sbin/cntlm -f -c cntlm.conf > cntlm.log 2>&1 &
pids="$pids $!"
seen=$(python3 - "$port" << 'END'
import socket, sys, time
def connect():
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        except ConnectionRefusedError:
            time.sleep(0.1)
def ask(target):
    proxy = connect()
    proxy.settimeout(20)
    proxy.sendall(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, target)).encode())
    return proxy.recv(4096).split(b"\r\n")[0].decode() or "end of file"
print("%s, %s" % (ask("target.test:443"), ask("[2001:db8::7]:443")))
END
)
echo "version: cntlm 0.92.3-1.2"
echo "expected: HTTP/1.1 403 Forbidden, HTTP/1.1 403 Forbidden"
echo "seen: $seen"
[ "$seen" = "HTTP/1.1 403 Forbidden, end of file" ]
