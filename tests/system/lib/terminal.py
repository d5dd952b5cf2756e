"""terminal.py PROMPT ANSWER COMMAND... : run a command on a terminal of its own, wait for the prompt, type the answer.

Prints all that the terminal showed; ends as the command does."""
import os
import pty
import select
import sys

prompt, answer, command = sys.argv[1], sys.argv[2], sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    try:
        os.execvp(command[0], command)
    finally:
        os._exit(127)

shown, typed = b"", False
while select.select([terminal], [], [], 20)[0]:
    try:
        seen = os.read(terminal, 4096)
    except OSError:
        break
    if not seen:
        break
    shown += seen
    if not typed and prompt.encode() in shown:
        typed = True
        os.write(terminal, answer.encode() + b"\n")
else:
    os.kill(pid, 9)
    print("nothing for 20 seconds")
sys.stdout.write(shown.decode(errors="replace").replace("\r\n", "\n"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) % 256)
