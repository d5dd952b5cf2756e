#!/usr/bin/env bash
# Clients that write CONNECT for an IPv6 address without brackets: proxychains-ng 4.16 (Debian), and of npm tunnel 0.0.6, tunnel-agent 0.6.0 and
# hpagent 1.2.0. RFC 9112 3.2.3: the target is `uri-host ":" port`, and RFC 3986 3.2.2: an IPv6 address stands in square brackets there.
# Squid, Apache and Privoxy answer 400 to it, Traffic Server 403.
set -u
dir=$(mktemp -d) || exit 77
trap 'kill "${pid:-0}" 2> /dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 77
for package in proxychains4 libproxychains4; do
    { apt-get download "$package=4.16-2" && dpkg-deb -x "$package"_*.deb .; } > install.log 2>&1 || { tail -1 install.log; exit 77; }
done
npm install --prefix . --no-audit --no-fund --ignore-scripts tunnel@0.0.6 tunnel-agent@0.6.0 hpagent@1.2.0 > install.log 2>&1 || { tail -1 install.log; exit 77; }
python3 - > proxy.out 2> proxy.log << 'END' &
import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    with listener.accept()[0] as client:
        print(client.recv(4096).split(b" ")[1].decode(), flush=True)
        client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
END
pid=$!
for ((tenths = 0; tenths < 200; tenths++)); do [ -s proxy.out ] && break; sleep 0.1; done
port=$(head -1 proxy.out)
printf '%s\n' strict_chain quiet_mode '[ProxyList]' "http 127.0.0.1 $port" > proxychains.conf
cat > client.js << 'END'
const http = require('http'), https = require('https');
const proxy = { host: '127.0.0.1', port: +process.argv[3] };
const hpagent = require('hpagent');
const clients = {
    'tunnel': () => [http, require('tunnel').httpOverHttp({ proxy })],
    'tunnel-agent': () => [http, require('tunnel-agent').httpOverHttp({ proxy })],
    'hpagent': () => [https, new hpagent.HttpsProxyAgent({ proxy: 'http://127.0.0.1:' + proxy.port })],
};
const [module_, agent] = clients[process.argv[2]]();
module_.get({ host: '2001:db8::7', port: 443, agent }).on('error', () => process.exit());
END
LD_PRELOAD=$(echo usr/lib/*/libproxychains.so.4) PROXYCHAINS_CONF_FILE=proxychains.conf timeout 10 \
    python3 -c 'import socket; socket.create_connection(("2001:db8::7", 443))' > client.log 2>&1
for client in tunnel tunnel-agent hpagent; do
    timeout 10 node client.js $client "$port" > client.log 2>&1
done
right=$(echo ' [2001:db8::7]:443'{,,,})
wrong=$(echo ' 2001:db8::7:443'{,,,})
seen=$(sed 1d proxy.out | tr '\n' ' ')
echo "version: proxychains-ng 4.16-2, tunnel 0.0.6, tunnel-agent 0.6.0, hpagent 1.2.0"
echo "expected:$(echo $right | sed 's/^/ /')"
echo "seen: ${seen% }"
[ "${seen% }" = "$(echo $wrong)" ]
