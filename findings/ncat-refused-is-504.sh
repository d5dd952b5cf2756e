#!/usr/bin/env bash
# ncat 7.93 (Debian) as a proxy (--proxy-type http): a target that refuses the connection is answered with 504 Gateway Timeout, at once, and so is
# a name that does not resolve. RFC 9110 15.6.5: 504 means that there was no timely response; 15.6.3: 502. A client that goes by the number
# reports a time-out, and may try again what will never work.
set -u
dir=$(mktemp -d) || exit 77
trap 'kill "${pid:-0}" 2> /dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 77
{ apt-get download ncat=7.93+dfsg1-1 && dpkg-deb -x ncat_*.deb .; } > install.log 2>&1 || { tail -1 install.log; exit 77; }
ldd usr/bin/ncat | grep 'not found' && exit 77
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
usr/bin/ncat -l 127.0.0.1 "$port" --proxy-type http -k > proxy.log 2>&1 &
pid=$!
seen=$(python3 - "$port" << 'END'
import socket, sys, time
def connect():
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        except ConnectionRefusedError:
            time.sleep(0.1)
with socket.socket() as held:  # bound and not listening: nobody else can, and it refuses
    held.bind(("127.0.0.1", 0))
    target = "127.0.0.1:%d" % held.getsockname()[1]
    proxy = connect()
    proxy.settimeout(20)
    started = time.monotonic()
    proxy.sendall(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, target)).encode())
    words = proxy.recv(4096).split(b"\r\n")[0].decode().split(" ", 1)[1]
    print(words, "within a second" if time.monotonic() - started < 1 else "later")
END
)
echo "version: ncat 7.93+dfsg1-1"
echo "expected: 502 Bad Gateway within a second"
echo "seen: $seen"
[ "$seen" = "504 Gateway Timeout within a second" ]
