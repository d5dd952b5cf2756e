#!/usr/bin/env bash
# proxy-chain 3.0.1 (npm), a proxy server for Node.js: a CONNECT to a target that refuses the connection is answered with nothing at all, the
# connection is closed. RFC 9110 9.3.6 and 15.6.3: a proxy that cannot reach the target says so, 502. A client cannot tell this from a
# proxy that died, or from a port that is no HTTP proxy.
set -u
dir=$(mktemp -d) || exit 77
trap 'kill "${pid:-0}" 2> /dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 77
npm install --prefix . --no-audit --no-fund --ignore-scripts proxy-chain@3.0.1 > install.log 2>&1 || { tail -1 install.log; exit 77; }
cat > proxy.mjs << 'END'
import { Server } from 'proxy-chain';
const server = new Server({ port: 0, host: '127.0.0.1' });
await server.listen();
console.log(server.port);
END
node proxy.mjs > port 2> proxy.log &
pid=$!
for ((tenths = 0; tenths < 200; tenths++)); do [ -s port ] && break; sleep 0.1; done
seen=$(python3 - "$(cat port)" << 'END'
import socket, sys
with socket.socket() as held:  # bound and not listening: nobody else can, and it refuses
    held.bind(("127.0.0.1", 0))
    proxy = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    proxy.settimeout(20)
    target = "127.0.0.1:%d" % held.getsockname()[1]
    proxy.sendall(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, target)).encode())
    try:
        print(proxy.recv(4096).split(b"\r\n")[0].decode() or "end of file")
    except ConnectionResetError:
        print("reset")
END
)
echo "version: proxy-chain 3.0.1, node $(node --version)"
echo "expected: HTTP/1.1 502 ..."
echo "seen: $seen"
[ "$seen" = "end of file" ]
