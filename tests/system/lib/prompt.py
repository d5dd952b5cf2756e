"""prompt.py KEYS COMMAND... : run a command on a terminal of its own; when it has switched the echo off, type the keys, one by
one, each when the echo is off again. Prints whether the terminal echoes while the command stands still (^Z), and at its end,
and how it ended."""
import fcntl
import os
import pty
import signal
import sys
import termios
import time

master, slave = pty.openpty()


def echo():
    return "echo" if termios.tcgetattr(slave)[3] & termios.ECHO else "no echo"


child = os.fork()
if child == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in range(3):
        os.dup2(slave, fd)
    command = os.fork()
    if command == 0:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(0, os.getpgid(0))
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execvp(sys.argv[2], sys.argv[2:])
    status = os.waitpid(command, os.WUNTRACED)[1]
    while os.WIFSTOPPED(status):
        os.write(int(os.environ["SAYS"]), b"stopped: " + echo().encode() + b"\n")
        os.kill(command, signal.SIGCONT)
        status = os.waitpid(command, os.WUNTRACED)[1]
    os.write(int(os.environ["SAYS"]), b"ended: %s, %d\n" % (echo().encode(), os.waitstatus_to_exitcode(status)))
    os._exit(0)

for key in sys.argv[1].encode().decode("unicode_escape"):
    for _ in range(1000):
        if echo() == "no echo":
            break
        time.sleep(0.01)
    os.write(master, key.encode())
    if key != "\n" and ord(key) < 32:
        for _ in range(1000):
            if echo() == "echo":
                break
            time.sleep(0.01)
os.waitpid(child, 0)
