#!/usr/bin/env bash
# mitmproxy 8.1.1 (Debian) takes a tunnel whose client begins with three letters for HTTP, though its connections are to be raw TCP where
# they are no HTTP (option rawtcp, on by default): memcached's "get" is held back until the client ends, and STOMP is answered with
# mitmproxy's own 400 inside the tunnel. RFC 9110 9.3.6: behind the 2xx a tunnel is blind forwarding.
set -u
dir=$(mktemp -d) || exit 77
trap 'kill "${pid:-0}" 2> /dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 77
{ apt-get download mitmproxy=8.1.1-2 && dpkg-deb -x mitmproxy_*.deb .; } > install.log 2>&1 || { tail -1 install.log; exit 77; }
export PYTHONPATH=$dir/usr/lib/python3/dist-packages
/usr/bin/python3 -c 'import mitmproxy.tools.main' 2> install.log || { tail -1 install.log; exit 77; }
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
/usr/bin/python3 -c 'from mitmproxy.tools.main import mitmdump; mitmdump()' --listen-host 127.0.0.1 -p "$port" --set "confdir=$dir" > proxy.log 2>&1 &
pid=$!
seen=$(python3 - "$port" << 'END'
import socket, sys, threading, time
target = socket.create_server(("127.0.0.1", 0))
name = b"127.0.0.1:%d" % target.getsockname()[1]
def echo(client):
    while data := client.recv(4096):
        client.sendall(data)
def accept():
    while True:
        threading.Thread(target=echo, args=(target.accept()[0],), daemon=True).start()
threading.Thread(target=accept, daemon=True).start()
def connect():
    for _ in range(300):
        try:
            return socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        except ConnectionRefusedError:
            time.sleep(0.1)
def ask(words):
    proxy = connect()
    proxy.settimeout(20)
    proxy.sendall(b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (name, name))
    assert b" 200 " in proxy.recv(4096)
    proxy.settimeout(5)
    proxy.sendall(words)
    try:
        answer = proxy.recv(4096)
    except TimeoutError:
        return "nothing"
    return "echo" if answer == words else answer.split(b"\r\n")[0].decode()
print("; ".join(map(ask, (b"*1\r\n$4\r\nPING\r\n", b"get key\r\n", b"STOMP\naccept-version:1.2\n\n\0"))))
END
)
echo "version: mitmproxy 8.1.1-2"
echo "expected: echo; echo; echo"
echo "seen: $seen"
[ "$seen" = "echo; nothing; HTTP/1.1 400 Bad Request" ]
