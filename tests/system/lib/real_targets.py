"""What real proxies are sent to, on 10.99.0.1 and fd99::11: port 443 answers when its client has ended a line with "?" and said no
more, resets the connection after a line with "!", and echoes everything else; port 22 greets first. Port 53 of loopback is a resolver that knows open.test. Nobody
listens on 10.99.0.2."""
import socket
import struct
import threading
import time


def serve(port, talk):
    for family, host in (socket.AF_INET, "10.99.0.1"), (socket.AF_INET6, "fd99::11"):
        server = socket.socket(family, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((host, port))
        except OSError:
            continue
        server.listen(100)
        threading.Thread(target=accept, args=(server, talk), daemon=True).start()


def accept(server, talk):
    while True:
        threading.Thread(target=guarded, args=(server.accept()[0], talk), daemon=True).start()


def guarded(client, talk):
    try:
        talk(client)
    except OSError:
        pass
    client.close()


def converse(client):
    data = b""
    while data := client.recv(65536):
        if data.endswith(b"?\n"):
            break
        if data.endswith(b"!\n"):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        client.sendall(data)
    if data and not client.recv(65536):
        time.sleep(0.3)  # the proxy has passed the end on, and done what it does then
        client.sendall(b"answer")


def greet(client):
    client.sendall(b"hello\r\n")
    converse(client)


def resolve():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    while True:
        query, client = server.recvfrom(4096)
        end = query.index(b"\0", 12) + 5
        name, kind = query[12:end - 4], struct.unpack(">H", query[end - 4:end - 2])[0]
        known = name.lower() == b"\4open\4test\0"
        found = known and kind == 1
        head = query[:2] + struct.pack(">HHHHH", 0x8180 | (0 if known else 3), 1, int(found), 0, 0)
        record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([10, 99, 0, 1])
        server.sendto(head + query[12:end] + (record if found else b""), client)


serve(443, converse)
serve(22, greet)
threading.Thread(target=resolve, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
