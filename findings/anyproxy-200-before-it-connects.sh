#!/usr/bin/env bash
# AnyProxy 4.1.3 (npm): CONNECT to a target that refuses is answered with 200; what the client then sends is answered inside the tunnel with
# "HTTP/1.1 502", and the client takes that for the target's words. RFC 9110 9.3.6: a 2xx says that the tunnel is there, and any other
# status that it has not been formed; 15.6.3: 502.
set -u
dir=$(mktemp -d) || exit 77
trap 'kill "${pid:-0}" 2> /dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 77
npm install --prefix . --no-audit --no-fund --ignore-scripts anyproxy@4.1.3 > install.log 2>&1 || { tail -1 install.log; exit 77; }
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > proxy.js << 'END'
const { ProxyServer } = require('anyproxy');
new ProxyServer({ port: +process.argv[2], silent: true, webInterface: { enable: false } }).start();
END
HOME=$dir node proxy.js "$port" > proxy.log 2>&1 &
pid=$!
seen=$(python3 - "$port" << 'END'
import socket, sys, time
def connect():
    for _ in range(300):
        try:
            return socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        except ConnectionRefusedError:
            time.sleep(0.1)
with socket.socket() as held:  # bound and not listening: nobody else can, and it refuses
    held.bind(("127.0.0.1", 0))
    target = "127.0.0.1:%d" % held.getsockname()[1]
    proxy = connect()
    proxy.settimeout(20)
    proxy.sendall(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, target)).encode())
    words = [proxy.recv(4096).split(b"\r\n")[0].decode()]
    if " 200 " in words[0]:
        proxy.sendall(b"EHLO client.test\r\n\r\n")
        words.append(proxy.recv(4096).split(b"\r\n")[0].decode())
    print(", then ".join(words))
END
)
echo "version: anyproxy 4.1.3, node $(node --version)"
echo "expected: HTTP/1.1 502 ..."
echo "seen: $seen"
[ "$seen" = "HTTP/1.1 200 OK, then HTTP/1.1 502" ]
