#!/usr/bin/env bash
# transparent-proxy 1.15.3 (npm), a proxy server for Node.js: a CONNECT to a target that refuses the connection is answered with 400 Bad Request, as if the
# request were malformed. RFC 9110 15.5.1: 400 is for what the client did wrong; 15.6.3: 502 for what the next server did.
set -u
dir=$(mktemp -d) || exit 77
trap 'kill "${pid:-0}" 2> /dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 77
npm install --prefix . --no-audit --no-fund --ignore-scripts transparent-proxy@1.15.3 > install.log 2>&1 || { tail -1 install.log; exit 77; }
cat > proxy.js << 'END'
const ProxyServer = require('transparent-proxy');
const server = new ProxyServer({ verbose: false });
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
END
node proxy.js > port 2> proxy.log &
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
    print(proxy.recv(4096).split(b"\r\n")[0].decode() or "end of file")
END
)
echo "version: transparent-proxy 1.15.3, node $(node --version)"
echo "expected: HTTP/1.1 502 ..."
echo "seen: $seen"
[ "$seen" = "HTTP/1.0 400 Bad Request" ]
