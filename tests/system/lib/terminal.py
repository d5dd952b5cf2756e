"""terminal.py PROMPT ANSWER COMMAND... : run a command on a terminal of its own, wait for the prompt, type the answer.
terminal.py --all PROMPT ANSWER... -- COMMAND... : the same with several, each waited for behind the one before.

Prints all that the terminal showed; ends as the command does."""
import os
import pty
import select
import sys

if sys.argv[1] == "--all":
    words, command = sys.argv[2:sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1:]
else:
    words, command = sys.argv[1:3], sys.argv[3:]
steps = list(zip(words[::2], words[1::2]))
pid, terminal = pty.fork()
if pid == 0:
    try:
        os.execvp(command[0], command)
    finally:
        os._exit(127)

shown, behind = b"", 0
while select.select([terminal], [], [], 20)[0]:
    try:
        seen = os.read(terminal, 4096)
    except OSError:
        break
    if not seen:
        break
    shown += seen
    while steps and shown.find(steps[0][0].encode(), behind) >= 0:
        prompt, answer = steps.pop(0)
        behind = shown.find(prompt.encode(), behind) + len(prompt)
        os.write(terminal, answer.encode() + b"\n")
else:
    os.kill(pid, 9)
    print("nothing for 20 seconds")
sys.stdout.write(shown.decode(errors="replace").replace("\r\n", "\n"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) % 256)
