"""outside.py PROXY USER [--kill] COMMAND... : runs the command as that user in a network of its own, in which a proxy
listens at 127.0.0.1:3128, and counts what arrives there besides what goes to the proxy.

198.51.100.7 has a port that says hello (7), and ports that nothing may come to: 9 and 53, of TCP and UDP; so may
nothing to the sockets of AF_UNIX that look names up. All packets are counted, of whatever protocol, but those of TCP to and from
the proxy and port 7. With --kill the processes that have the same command line as the command are killed once it has
said "ready"; then it is told to go on. To be started by: unshare --net --mount"""
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

HERE, HELLO, PROXY, CLOSED = "198.51.100.7", 7, 3128, (9, 53)
MARK = b"the end of the test"
counts = {"tcp": 0, "udp": 0, "unix": 0, "packets": 0}
ended = {"udp": threading.Event(), "packets": threading.Event()}


def run(work, *arguments):
    threading.Thread(target=work, args=arguments, daemon=True).start()


def listener(port):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((HERE, port))
    server.listen(500)
    return server


def greet(server):
    open_ones = []
    while True:
        client, _ = server.accept()
        open_ones.append(client)
        try:
            client.sendall(b"hello\n")
        except OSError:
            pass  # it has gone again


def count_connections(server, what):
    while True:
        server.accept()[0].close()
        counts[what] += 1


def count_datagrams(server):
    while True:
        if server.recv(2048) == MARK:
            ended["udp"].set()
        else:
            counts["udp"] += 1


def is_allowed(packet):
    """IPv4, TCP, with one of the two ports."""
    if packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP:
        return False
    at = (packet[0] & 15) * 4
    return any(port in (HELLO, PROXY) for port in struct.unpack_from("!HH", packet, at))


def count_packets(sniffer):
    while True:
        packet = sniffer.recv(65536)
        if MARK in packet:
            ended["packets"].set()
        elif not is_allowed(packet):
            counts["packets"] += 1


def local(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    os.chmod(path, 0o666)
    server.listen(50)
    return server


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def kill_supervisor(command, child):
    """By now the child is the command itself; the others still have the line that it was started by."""
    line = b"".join(word.encode() + b"\0" for word in command)
    pids = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != child and command_line(pid) == line]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    while any(command_line(pid) for pid in pids):
        time.sleep(0.01)
    print("killed", len(pids))


def start(proxy):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "address", "add", HERE + "/32", "dev", "lo"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    run(greet, listener(HELLO))
    for port in CLOSED:
        run(count_connections, listener(port), "tcp")
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind((HERE, port))
        run(count_datagrams, udp)
    for path in "/run/nscd/socket", "/run/systemd/resolve/io.systemd.Resolve":
        run(count_connections, local(path), "unix")
    sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    run(count_packets, sniffer)
    server = subprocess.Popen([proxy, "--listen", f"127.0.0.1:{PROXY}", "--on", "*", f"to {HERE}:{HELLO}"], stdout=subprocess.PIPE)
    server.stdout.readline()
    return server


def become(user):
    def change():
        if user:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
    return change


def main():
    proxy, user, *command = sys.argv[1:]
    kill = command[0] == "--kill"
    command = command[kill:]
    server = start(proxy)
    child = subprocess.Popen(command, preexec_fn=become(int(user)), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if kill:
        assert child.stdout.readline() == b"ready\n"
        kill_supervisor(command, child.pid)
    sys.stdout.write(child.communicate(b"go\n")[0].decode())
    last = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    last.sendto(MARK, (HERE, CLOSED[0]))
    good = all(event.wait(10) for event in ended.values())
    server.terminate()
    server.wait()
    print("status", child.returncode, " ".join(f"{what} {count}" for what, count in counts.items()) if good else "not counted")


main()
