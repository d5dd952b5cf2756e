#!/usr/bin/env bash
# https-proxy-agent 7.0.6 (npm): connect() of the agent gives a socket to a plain target (secureEndpoint false) without the bytes that came in the
# same segment as the proxy's reply: they were read to parse the reply and are not put back. RFC 9110 9.3.6: what follows the blank
# line is the target's. It matters where the target speaks first, as in SMTP, ssh and MySQL.
set -u
dir=$(mktemp -d) || exit 77
trap 'kill "${pid:-0}" 2> /dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 77
npm install --prefix . --no-audit --no-fund --ignore-scripts https-proxy-agent@7.0.6 > install.log 2>&1 || { tail -1 install.log; exit 77; }
cat > proxy.js << 'END'
const net = require('net');
const server = net.createServer(client => client.once('data', () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\nfirst\r\n');
    setTimeout(() => client.end('second\r\n'), 1000);
}));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
END
node proxy.js > port &
pid=$!
for ((tenths = 0; tenths < 200; tenths++)); do [ -s port ] && break; sleep 0.1; done
cat > client.js << 'END'
const http = require('http'), net = require('net');
const { HttpsProxyAgent } = require('https-proxy-agent');
const agent = new HttpsProxyAgent('http://127.0.0.1:' + process.argv[2]);
const request = new http.ClientRequest({ createConnection: () => new net.Socket() });
let said = '';
agent.connect(request, { host: 'target.test', port: 25, secureEndpoint: false }).then(socket => {
    socket.on('data', data => said += data);
    socket.on('end', () => { console.log(JSON.stringify(said)); process.exit(); });
    socket.resume();
});
END
seen=$(timeout 20 node client.js "$(cat port)")
echo "version: https-proxy-agent 7.0.6, node $(node --version)"
echo 'expected: "first\r\nsecond\r\n"'
echo "seen: $seen"
[ "$seen" = '"second\r\n"' ]
