"""Asks a proxy what ptunnel-proxies(7) says of it, and prints a cell a line: the column, a tab, what was seen.

    ask_proxy.py PORT                     the quick ones
    ask_proxy.py PORT --slow SECONDS      after how long a quiet tunnel is cut, and what is said of a silent target, when
    ask_proxy.py PORT --asks              with what status and scheme it asks who is there
    ask_proxy.py PORT --run PTUNNEL-RUN   what a program sees through ptunnel-run, and the exit statuses of --check
"""
import os
import socket
import subprocess
import sys
import threading
import time

PORT = int(sys.argv[1])
HOST, REFUSES, SILENT = "10.99.0.1", "10.99.0.2", "10.98.0.1"
PORTS = 21, 22, 80, 443, 465, 563, 587, 993, 5222, 8443
BEHIND = 2.5  # seconds: the slowest closes one second after its 200


class Tunnel:
    """One CONNECT. status: 0 if the proxy closed without a word, -1 if it said nothing."""

    def __init__(self, target, patience=20):
        self.socket = socket.create_connection(("127.0.0.1", PORT))
        self.socket.settimeout(patience)
        self.socket.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        head, self.status, self.words, self.fields = b"", 0, "closes", []
        try:
            while b"\r\n\r\n" not in head and (data := self.socket.recv(65536)):
                head += data
        except TimeoutError:
            self.status, self.words = -1, "silence"
        except ConnectionError:
            pass
        head, _, self.first = head.partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1."):
            lines = head.decode("latin-1").split("\r\n")
            self.words = lines[0].split(" ", 1)[1].strip()
            self.status = int(self.words[:3])
            self.fields = [(k.lower(), v.strip()) for k, _, v in (line.partition(":") for line in lines[1:])]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def values(self, name):
        return [value for key, value in self.fields if key == name]

    def opened(self):
        return 200 <= self.status < 300

    def receive(self, patience):
        """What comes next: bytes, b"" for an end, None for nothing."""
        if self.first:
            data, self.first = self.first, b""
            return data
        self.socket.settimeout(patience)
        try:
            return self.socket.recv(65536)
        except TimeoutError:
            return None
        except ConnectionError:
            return b""

    def works(self):
        if not self.opened():
            return False
        try:
            self.socket.sendall(b"1 ping\n")
        except ConnectionError:
            return False
        return self.receive(5) == b"1 ping\n"


def refusal(target):
    """The words for a target that cannot be reached."""
    with Tunnel(target) as tunnel:
        if not tunnel.opened():
            return ", ".join([tunnel.words] + [error.removesuffix(" 0") for error in tunnel.values("x-squid-error")])
        data = tunnel.receive(BEHIND)
        words = "200, then "
        if data is None:
            words = "200, when sent something "
            tunnel.socket.sendall(b"ping\n\n")
            data = tunnel.receive(BEHIND)
        if data is None:
            return "200, and silence"
        return words + (data.splitlines()[0].decode("latin-1") if data.startswith(b"HTTP/1.") else "closes")


def ports():
    """Of some that are in use, those that are not forbidden, whether somebody listens there or not."""
    allowed = []
    for port in PORTS:
        with Tunnel(f"{HOST}:{port}") as tunnel:
            allowed += [str(port)] if tunnel.status != 403 else []
    return "all" if len(allowed) == len(PORTS) else ", ".join(allowed)


def half_close():
    with Tunnel(f"{HOST}:443") as tunnel:
        if not tunnel.opened():
            return tunnel.words
        try:
            tunnel.socket.sendall(b"1 question?\n")
            tunnel.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return "lost"
        return "kept" if tunnel.receive(6) == b"answer" else "lost"


def brackets():
    """Some hold back what their client says first."""
    with Tunnel("[fd99::11]:443") as tunnel, Tunnel("[fd99::11]:22") as greeted:
        return "yes" if tunnel.works() or greeted.opened() and greeted.receive(5) == b"hello\r\n" else "no"


def idle():
    with Tunnel(f"{HOST}:443") as tunnel:
        if not tunnel.opened():
            return tunnel.words
        started = time.monotonic()
        data = tunnel.receive(float(sys.argv[3]))
        return "-" if data is None else f"{time.monotonic() - started:.0f} s"


def silent():
    started = time.monotonic()
    with Tunnel(f"{SILENT}:443", float(sys.argv[3])) as tunnel:
        return tunnel.words, f"{time.monotonic() - started:.0f} s"


def asks():
    with Tunnel(f"{HOST}:443") as tunnel:
        field = {401: "www-authenticate", 407: "proxy-authenticate"}.get(tunnel.status, "")
        return f"{tunnel.status} " + ", ".join(sorted(value.split(" ")[0] for value in tunnel.values(field)))


# What it says first is no letter: some proxies hold letters back, which could be the begin of HTTP.
PROGRAM = """
import errno, socket, sys
host, port, words = sys.argv[1:4]
try:
    family, *_, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
    s = socket.socket(family)
    s.settimeout(10)
    s.connect(address)
    heard = "connected"
    if words:
        s.settimeout(6)
        s.sendall(words.encode() + b"\\n")
        if words.endswith("?"):
            s.shutdown(socket.SHUT_WR)
        heard = s.recv(4096).decode().splitlines()[:1]
        heard = heard[0] if heard else "end"
    print(heard)
except OSError as e:
    print(errno.errorcode[e.errno] if e.errno else "nothing")
"""


def seen(host, port, words=""):
    command = [sys.argv[3], "--no-rules", "-p", f"127.0.0.1:{PORT}", "--loopback", sys.executable, "-c", PROGRAM, host, port, words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.strip()


def brackets_seen():
    return "yes" if "1 ping" in (seen("fd99::11", "443", "1 ping"), seen("fd99::11", "22", "1 ping")) else "no"


def checked():
    """Exit statuses for one that is open, one that refuses, a name that nobody knows, and port 22."""
    targets = f"{HOST}:443", f"{REFUSES}:443", "nosuch.test:443", f"{HOST}:22"
    return ", ".join(str(subprocess.run([sys.argv[3], "--no-rules", "-p", f"127.0.0.1:{PORT}", "--check", target],
                                        capture_output=True, timeout=120).returncode) for target in targets)


QUICK = {"Ports": ports, "Half-close": half_close, "IPv6": brackets,
         "refused": lambda: refusal(f"{REFUSES}:443"), "unknown name": lambda: refusal("nosuch.test:443")}
SLOW = {"Idle": idle, ("silent target", "after"): silent}
RUN = {"to a refused one": lambda: seen(REFUSES, "443"), "to an unknown name": lambda: seen("nosuch.test", "443"),
       "to port 22": lambda: seen(HOST, "22"), "a reset": lambda: seen(HOST, "443", "1 reset!"), "--check": checked,
       "Half-close": lambda: {"answer": "kept"}.get(seen(HOST, "443", "1 question?"), "lost"), "IPv6": brackets_seen}

if __name__ == "__main__":
    cells = {"": QUICK, "--slow": SLOW, "--asks": {"asks with": asks}, "--run": RUN}[sys.argv[2] if len(sys.argv) > 2 else ""]
    answers = {}

    def ask(name, cell):
        try:
            answer = cell()
        except OSError as error:
            answer = os.strerror(error.errno) if error.errno else str(error)
        if isinstance(answer, tuple):
            answers.update(zip(name, answer))
        else:
            answers[name] = answer

    threads = [threading.Thread(target=ask, args=one) for one in cells.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, answer in answers.items():
        print(f"{name}\t{answer}")
