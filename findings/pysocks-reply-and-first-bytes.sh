#!/usr/bin/env bash
# PySocks 1.7.1 (Debian python3-socks 1.7.1+dfsg-1), proxy type HTTP: it reads the status line of the reply to CONNECT through a
# buffered file, closes that, and reads no further. So what came with the status line is lost, the target's first bytes among
# it; and what came later, header fields, is given to the program as if the target had said it.
# RFC 9110 9.3.6: the tunnel begins behind the blank line that ends the header section. A banner in the same segment is usual
# for ssh, SMTP and MySQL; a reply in two segments is allowed.
set -u
dir=$(mktemp -d) || exit 77
trap 'kill "${pid:-0}" 2> /dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 77
{ apt-get download python3-socks=1.7.1+dfsg-1 && dpkg-deb -x python3-socks_*.deb .; } > install.log 2>&1 || { tail -1 install.log; exit 77; }
python3 - > port 2> proxy.log << 'END' &
import socket, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
for pause in (0, 0.5):
    client, _ = listener.accept()
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(4096)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    reply = b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\nbanner\r\n"
    cut = reply.index(b"Via") if pause else len(reply)
    client.sendall(reply[:cut])
    time.sleep(pause)
    client.sendall(reply[cut:])
    client.shutdown(socket.SHUT_WR)
END
pid=$!
for ((tenths = 0; tenths < 200; tenths++)); do [ -s port ] && break; sleep 0.1; done
seen=$(PYTHONPATH=usr/lib/python3/dist-packages python3 - "$(cat port)" << 'END'
import socks, sys
for _ in range(2):
    s = socks.socksocket()
    s.set_proxy(socks.HTTP, "127.0.0.1", int(sys.argv[1]))
    s.settimeout(20)
    s.connect(("target.test", 25))
    said = b""
    while piece := s.recv(4096):
        said += piece
    print(said, end=" ")
END
)
expected="b'banner\\r\\n' b'banner\\r\\n' "
echo "version: python3-socks 1.7.1+dfsg-1"
echo "expected: $expected"
echo "seen: $seen"
[ "$seen" = "b'' b'Via: 1.1 proxy\\r\\n\\r\\nbanner\\r\\n' " ]
