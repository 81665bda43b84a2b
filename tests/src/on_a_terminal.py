"""on_a_terminal.py MARKER KEYS COMMAND…: runs it on a terminal of its own, waits until it prints
MARKER, then does KEYS, separated by commas: `c` presses Ctrl-C, `d` Ctrl-D, `\\` presses Ctrl-\\, `s` Ctrl-S
and `q` Ctrl-Q, a number waits so many seconds, `@FILE` waits for a file, `-FILE` removes it,
`close` takes the terminal away, `=COLUMNS` is its width from the start. Ends as the command does; 250 when it left the terminal in
another state than it found."""
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import threading
import time

marker, keys, command = sys.argv[1].encode(), sys.argv[2].split(","), sys.argv[3:]
widths = [int(key[1:]) for key in keys if key[0] == "="]
pid, terminal = pty.fork()
if pid == 0:
    if widths:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 200, widths[0], 0, 0))
    os.execvp(command[0], command)
before = termios.tcgetattr(terminal)
printed = bytearray()
closed = threading.Event()


def press():
    while marker not in printed:
        time.sleep(0.02)
    for key in keys:
        if key == "c":
            os.write(terminal, b"\x03")
        elif key == "d":
            os.write(terminal, b"\x04")
        elif key == "\\":
            os.write(terminal, b"\x1c")
        elif key in ("s", "q"):
            os.write(terminal, b"\x13" if key == "s" else b"\x11")
        elif key == "close":
            closed.set()
        elif key[0] == "=":
            pass
        elif key[0] == "@":
            while not os.path.exists(key[1:]):
                time.sleep(0.02)
        elif key[0] == "-":
            os.unlink(key[1:])
        else:
            time.sleep(float(key))


threading.Thread(target=press, daemon=True).start()
while not closed.is_set():
    # A read that waits would keep a terminal open that was closed.
    if not select.select([terminal], [], [], 0.05)[0]:
        continue
    try:
        some = os.read(terminal, 65536)
    except OSError:
        break
    if not some:
        break
    printed += some
    os.write(2, some)
if closed.is_set():
    os.close(terminal)
status = os.waitpid(pid, 0)[1]
code = os.waitstatus_to_exitcode(status)
if not closed.is_set() and termios.tcgetattr(terminal) != before:
    code = 250
# The cursor must be seen again.
if printed.rfind(b"\x1b[?25l") > printed.rfind(b"\x1b[?25h"):
    code = 250
sys.exit(code if code >= 0 else 128 - code)
